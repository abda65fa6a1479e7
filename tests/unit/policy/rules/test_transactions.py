"""transaction-control, needs-no-transaction and one-statement-outside-transaction."""

import pytest

from dbmate_wrap.policy.rules import transactions
from dbmate_wrap.policy.rules.hit import BlockContext
from dbmate_wrap.sql.parse import read
from tests.support.transaction_blocks import ALLOWED, ENUM_ALLOWED, ENUM_REFUSED, REFUSED, REFUSED_IN_DO


def hits(sql: str, *, transactional: bool = True) -> list[tuple[str, str]]:
    """Rule and the text at the hit's place, up to its first blank."""
    context = BlockContext(transactional, (None, "schema_migrations"))
    found = transactions.find(read(sql).statements, context)
    return [(hit.rule, (sql[hit.offset :].split() or [""])[0]) for hit in found]


@pytest.mark.parametrize(
    "sql",
    [
        *("begin", "start transaction", "commit", "end", "rollback", "abort", "savepoint x", "release x"),
        *("rollback to x", "prepare transaction 'x'", "commit prepared 'x'", "rollback prepared 'x'"),
        *("commit and chain", "begin isolation level serializable"),
    ],
)
@pytest.mark.parametrize("transactional", [True, False])
def test_every_command_that_controls_the_transaction_is_a_hit(sql: str, transactional: bool) -> None:
    assert hits(sql, transactional=transactional) == [("transaction-control", sql.split()[0])]


@pytest.mark.parametrize(
    "sql",
    [
        "set transaction isolation level serializable",
        "set constraints all deferred",
        "create procedure app.p() language plpgsql as 'begin commit; end'",
        "create function app.f() returns int begin atomic; select 1; end",
        "do $$ begin begin null; exception when others then null; end; end $$",
        "lock table app.t",
    ],
)
def test_what_does_not_end_it_is_none(sql: str) -> None:
    assert hits(sql) == []


def test_a_do_block_may_commit_only_outside_a_transaction() -> None:
    sql = "do $$ begin\n  commit;\n  if x then rollback; end if;\nend $$"
    assert hits(sql) == [("transaction-control", "commit;"), ("transaction-control", "rollback;")]
    assert hits(sql, transactional=False) == []


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_server_refuses_in_a_transaction_is_a_hit(sql: str) -> None:
    found = hits(sql)
    assert [rule for rule, _ in found] == ["needs-no-transaction"]
    last = sql.split(";")[-1].split()[0]
    assert found[0][1] == last


@pytest.mark.parametrize("sql", REFUSED)
def test_outside_a_transaction_it_is_none(sql: str) -> None:
    assert "needs-no-transaction" not in [rule for rule, _ in hits(sql, transactional=False)]


@pytest.mark.parametrize("sql", REFUSED_IN_DO)
@pytest.mark.parametrize("transactional", [True, False])
def test_in_a_do_block_it_is_a_hit_everywhere(sql: str, transactional: bool) -> None:
    assert [rule for rule, _ in hits(sql, transactional=transactional)] == ["needs-no-transaction"]


@pytest.mark.parametrize("sql", [*ALLOWED, *ENUM_ALLOWED])
def test_what_the_server_takes_in_a_transaction_is_none(sql: str) -> None:
    assert hits(sql) == []


@pytest.mark.parametrize("sql", ENUM_REFUSED)
def test_a_use_of_the_new_value_of_an_enum_is_a_hit_where_it_is_used(sql: str) -> None:
    (hit,) = hits(sql)
    assert hit[0] == "needs-no-transaction"
    assert hit[1].startswith(("'new'", "'''new'''", "('new'"))


def test_a_do_block_in_quotes_has_its_hit_in_the_right_place() -> None:
    sql = "alter type app.status add value 'new'; do 'begin update app.t set s = ''new''; end'"
    assert hits(sql) == [("needs-no-transaction", "''new'';")]


def test_a_type_that_the_block_creates_is_left_to_the_server() -> None:
    # PostgreSQL 17 and newer takes it; older ones do not.
    create = "create type app.e as enum ('a'); alter type app.e add value 'new'"
    assert hits(f"{create}; select 'new'::app.e") == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create index concurrently i on app.t (a)", []),
        ("", []),
        ("-- only a comment", []),
        ("analyze app.t; analyze app.u; analyze app.v", ["analyze"]),
        ("/* x */ vacuum; /* y */ reindex schema app", ["reindex"]),
    ],
)
def test_outside_a_transaction_the_second_statement_is_a_hit(sql: str, expected: list[str]) -> None:
    found = hits(sql, transactional=False)
    assert found == [("one-statement-outside-transaction", word) for word in expected]
