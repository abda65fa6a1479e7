"""Statements that are CONCURRENTLY are told from all others, with PostgreSQL's grammar and without it."""

import sys

import pytest

from dbmate_wrap.domain.migration import Block
from dbmate_wrap.policy.concurrent import all_concurrent

OUTSIDE = (("transaction", "false"),)
CONCURRENT = [
    "create index concurrently i on a.t (i)",
    "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON a.t (i) WHERE note <> ';';;",
    "-- why\n/* x; */ create index /* y */ concurrently on a.t (i); -- end;\n",
    "drop index concurrently if exists a.i",
    "reindex index concurrently a.i",
    "reindex (verbose, concurrently) table a.t",
    "reindex schema concurrently a",
    "alter table a.t detach partition a.p concurrently",
]
OTHERS = [
    "",
    "create index i on a.t (i)",
    "create index i on a.t (i) -- not concurrently",
    'create index "concurrently" on a.t (i)',
    "drop index a.i /* concurrently */",
    "reindex table a.t",
    "alter table a.t detach partition a.p",
    "alter table a.t alter note set default 'concurrently'",
    "refresh materialized view concurrently a.v",
    "do $$ begin raise notice 'x'; end $$ -- concurrently",
    # The server refuses these, but not before it has waited for the lock of the first.
    "alter table a.t add column j int; create index concurrently i on a.t (j)",
    "create index concurrently i on a.t (i); select 1",
]


@pytest.fixture(params=["grammar", "words"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The parser, and what is left on a machine without one."""
    if request.param == "words":
        monkeypatch.setitem(sys.modules, "postgast", None)
    return str(request.param)


@pytest.mark.parametrize("sql", CONCURRENT)
@pytest.mark.usefixtures("reader")
def test_what_is_concurrent(sql: str) -> None:
    assert all_concurrent([Block(sql, 1, OUTSIDE)])
    assert not all_concurrent([Block(sql, 1)]), "the server refuses it in a transaction"


@pytest.mark.parametrize("sql", OTHERS)
@pytest.mark.usefixtures("reader")
def test_what_is_not(sql: str) -> None:
    assert not all_concurrent([Block(sql, 1, OUTSIDE)])


@pytest.mark.parametrize(
    "sql", ["reindex (concurrently off) table a.t", "reindex (concurrently false) index i"]
)
def test_the_grammar_knows_what_is_switched_off(sql: str) -> None:
    assert not all_concurrent([Block(sql, 1, OUTSIDE)])


@pytest.mark.parametrize(
    "sql",
    [
        "create index concurrently i on a.t (i) with new syntax",
        "create index concurrently i on a.t (i) where " + "||".join(["'x'"] * 40_000) + " = ''",
    ],
    ids=["newer-than-the-parser", "too-deep"],
)
def test_what_the_parser_cannot_read_is_judged_by_its_words(sql: str) -> None:
    assert all_concurrent([Block(sql, 1, OUTSIDE)])


def test_one_block_that_is_not_concurrent_is_enough() -> None:
    index, table = Block(CONCURRENT[0], 1, OUTSIDE), Block("alter table a.t add column j int;", 5)
    assert all_concurrent([index, Block("-- nothing\n;", 3), index])
    assert not all_concurrent([index, table])
    assert not all_concurrent([])


def test_without_the_word_the_parser_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "dbmate_wrap.sql.effects", raising=False)
    all_concurrent([Block("vacuum a.t", 1, OUTSIDE)])
    assert "dbmate_wrap.sql.effects" not in sys.modules
