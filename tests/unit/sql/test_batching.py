"""A migration that may leave something in the server session runs in a dbmate process of its own."""

import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.sql.batching import batches, changes_session, may_be_done_twice, may_commit
from tests.support.cases import Case, cases, migration_file, name_of, text

CHANGING = [text(case, "sql") for case in cases("session_state") if case["alone"]]


def migration(up: str, down: str = "", name: str = "001_a.sql") -> ParsedMigration:
    """A migration with this migrate:up."""
    content = f"-- migrate:up\n{up}\n-- migrate:down\n{down}\n"
    parsed = parse_migration(migration_file(name, content), content)
    assert isinstance(parsed, ParsedMigration)
    return parsed


@pytest.mark.parametrize("case", cases("session_state"), ids=name_of)
def test_the_table_of_statements(case: Case) -> None:
    assert changes_session(migration(text(case, "sql"))) is case["alone"]


@pytest.mark.parametrize("case", cases("session_state"), ids=name_of)
def test_which_of_them_end_their_transaction(case: Case) -> None:
    block = migration(text(case, "sql")).sections[0].up
    ends = case.get("transaction") is True
    if case.get("syntax_error"):
        # The server parses all of a block before it runs any of it: what it refused has done nothing.
        assert not may_commit(block, syntax_error=True)
    else:
        assert may_commit(block, syntax_error=False) is ends


def test_what_cannot_be_parsed_may_have_ended_its_transaction_unless_the_server_refused_it_too() -> None:
    block = migration("SOME NEW SYNTAX; COMMIT;").sections[0].up
    assert may_commit(block, syntax_error=False)
    assert not may_commit(block, syntax_error=True)


@given(st.lists(st.sampled_from(CHANGING), min_size=1, max_size=2), st.randoms(use_true_random=False))
def test_the_quick_look_misses_nothing_in_any_case_and_among_anything(
    statements: list[str], random: Random
) -> None:
    around = ["CREATE TABLE a ();", "", "/* c */", "-- c\n", "SELECT 'x';"]
    sql = "".join(f"{random.choice(around)}\n{statement}\n;" for statement in statements)
    if "'" not in sql and '"' not in sql:
        sql = "".join(random.choice((char.upper(), char.lower())) for char in sql)
    assert changes_session(migration(sql))


def test_only_the_way_up_counts() -> None:
    assert not changes_session(migration("CREATE TABLE a ();", down="SET x.y = 1; DROP TABLE a;"))


def test_a_later_section_counts() -> None:
    content = "-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:up\nSET x.y = 1;\n-- migrate:down\n"
    parsed = parse_migration(migration_file("001_a.sql", content), content)
    assert isinstance(parsed, ParsedMigration)
    assert changes_session(parsed)


def test_without_a_suspicious_word_the_parser_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast", None)
    assert not changes_session(migration("CREATE TABLE a (); CREATE INDEX ON a (b); DROP VIEW v;"))


def test_without_a_parser_a_suspicious_word_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "postgast", None)
    assert changes_session(migration("ALTER TABLE a ALTER b SET NOT NULL;"))
    assert may_commit(migration("SELECT CASE WHEN true THEN 1 END;").sections[0].up, syntax_error=False)


@pytest.mark.parametrize("parts", [60, 200, 6_000])
def test_a_deep_statement_is_read(parts: int) -> None:
    deep = "||".join(["'x'"] * parts)
    assert not changes_session(migration(f"UPDATE a SET b = {deep};"))
    assert changes_session(migration(f"SELECT set_config('x.y', {deep}, false);"))


@pytest.mark.parametrize("parts", [11_000, 40_000])
def test_a_statement_too_deep_for_the_parser_is_taken_to_leave_something_and_ends_nothing(parts: int) -> None:
    # At 40,000 parts libpg_query alone ends the whole process with a segmentation fault.
    deep = "UPDATE a SET b = " + "||".join(["'x'"] * parts) + ";"
    assert changes_session(migration(deep))
    assert not may_commit(
        migration(deep + "\nSELECT CASE WHEN true THEN 1 END;").sections[0].up, syntax_error=False
    )
    assert may_commit(migration(deep + "\nCOMMIT;").sections[0].up, syntax_error=False)


def test_a_long_file_of_short_statements_is_judged_statement_by_statement() -> None:
    quiet = "".join(f"UPDATE a SET b = {number};\n" for number in range(3_000))
    assert not changes_session(migration(quiet))
    assert changes_session(migration(quiet + "SET x.y = 1;"))


def names(migrations: list[ParsedMigration]) -> list[list[str]]:
    """The batches, by name."""
    return [[one.file.name for one in batch] for batch in batches(migrations)]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("", []),
        (".", ["0"]),
        ("....", ["0123"]),
        ("!", ["0"]),
        ("!!", ["0", "1"]),
        ("!...", ["0", "123"]),
        ("...!", ["012", "3"]),
        (".!.", ["0", "1", "2"]),
        ("..!..!!.", ["01", "2", "34", "5", "6", "7"]),
    ],
)
def test_a_migration_that_changes_the_session_is_alone_in_its_batch(kinds: str, expected: list[str]) -> None:
    migrations = [
        migration("SET x.y = 1;" if kind == "!" else "SELECT 1;", name=f"{number}_x.sql")
        for number, kind in enumerate(kinds)
    ]
    assert names(migrations) == [[f"{number}_x.sql" for number in batch] for batch in expected]


def test_the_preamble_of_pg_dump_puts_the_baseline_alone() -> None:
    preamble = "SET lock_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n"
    migrations = [
        migration(preamble),
        migration("SELECT 1;", name="002_b.sql"),
        migration("SELECT 1;", name="003_c.sql"),
    ]
    assert names(migrations) == [["001_a.sql"], ["002_b.sql", "003_c.sql"]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("insert into a.t values (1);", True),
        ("with x as (delete from a.t returning 1) select * from x;", True),
        ("update a.t set i = 1;", True),
        ("do $$ begin perform 1; end $$;", True),
        ("call a.p();", True),
        ("copy a.t from stdin;", True),
        ("this is no SQL;", True),
        ("create index concurrently if not exists i on a.t (i);", False),
        ("create table if not exists a.t (i int);", False),
        ("alter table a.t alter i set default 1;", False),
        ("select a.f();", False),
        ("create function a.f() returns void language sql as 'insert into a.t values (1)';", False),
    ],
)
def test_what_would_be_done_twice_in_silence_is_known(sql: str, expected: bool) -> None:
    content = f"-- migrate:up transaction:false\n{sql}\n-- migrate:down\n"
    outside = parse_migration(migration_file("001_a.sql", content), content)
    assert isinstance(outside, ParsedMigration)
    assert may_be_done_twice(outside) is expected
    assert not may_be_done_twice(migration(sql))
