"""What is made of a version that the ledger has as applied and the history table has not."""

from dataclasses import dataclass, replace

import pytest

from dbmate_wrap.domain.ledger import LedgerEntry, Origin, Record
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.missing_rows import Evidence, contradiction, find_missing_rows, unknown

ALONE = Evidence("public.schema_migrations", True, (), False, False)
CUT_OFF = replace(ALONE, unfinished_rollback=True)
SHARED = replace(ALONE, others=("b.schema_migrations",))


def line(version: str, how: str = "applied", history: str | None = None) -> LedgerEntry:
    """A line of the ledger, written by ada; of format 1 where it names no history table."""
    return LedgerEntry(
        version=version,
        file=f"{version}_x.sql",
        checksum=f"sum-{version}",
        applied_at=None if how == "adopted" else "2024-02-29T12:00:00.000Z",
        recorded_at="2024-02-29T12:00:01.000Z",
        duration_ms=None,
        how=how,
        run_id="r",
        command="up",
        environment="staging",
        database_user="deployer",
        os_user="ada",
        host="laptop",
        git_commit=None,
        git_dirty=None,
        tool_version="1",
        dbmate_version=None,
        history=history,
    )


def mine(*versions: str) -> set[tuple[str, str]]:
    """Name and checksum of the files of these versions."""
    return {(f"{version}_x.sql", f"sum-{version}") for version in versions}


@dataclass(frozen=True)
class Case:
    """`lines` against the versions `applied`, and what is found."""

    name: str
    lines: tuple[LedgerEntry, ...]
    applied: tuple[str, ...]
    evidence: Evidence
    contradicted: tuple[str, ...]
    undone: tuple[str, ...] = ()
    known: frozenset[tuple[str, str]] = frozenset()


ONE_TWO = (line("001"), line("002"))
CASES = [
    Case("both have it", ONE_TWO, ("001", "002"), ALONE, ()),
    Case("the table was emptied", ONE_TWO, (), ALONE, ("001", "002")),
    Case("adopted counts", (line("001", "adopted"),), (), ALONE, ("001",)),
    Case("baseline counts", (line("001", "baseline"),), (), ALONE, ("001",)),
    Case("rolled back by a line", (*ONE_TWO, line("002", "rolled-back")), ("001",), ALONE, ()),
    Case("applied again", (line("001"), line("001", "rolled-back"), line("001")), (), ALONE, ("001",)),
    Case("a rollback that was cut off", ONE_TWO, ("001",), CUT_OFF, (), ("002",)),
    Case("a rollback of the only one that was cut off", (line("001"),), (), CUT_OFF, (), ("001",)),
    Case("a rollback undoes one", ONE_TWO, (), CUT_OFF, ("001", "002")),
    Case("a rollback undoes the last", ONE_TWO, ("002",), CUT_OFF, ("001",)),
    Case("another's line", ONE_TWO, (), SHARED, ()),
    Case("ours beside another's", ONE_TWO, (), SHARED, ("002",), (), frozenset(mine("002"))),
    Case("a second service's line", (line("001", history="b.schema_migrations"),), (), SHARED, ()),
    Case(
        "the history is elsewhere now",
        (line("001", history="b.schema_migrations"),),
        (),
        SHARED,
        ("001",),
        (),
        frozenset(mine("001", "002")),
    ),
    Case(
        "a second history of the same files",
        (line("001", history="b.schema_migrations"),),
        (),
        replace(SHARED, has_run=True),
        (),
        (),
        frozenset(mine("001", "002")),
    ),
    Case(
        "a second service that shares one file",
        (line("001", history="b.schema_migrations"), line("002", history="b.schema_migrations")),
        (),
        SHARED,
        (),
        (),
        frozenset(mine("001")),
    ),
    Case(
        "ours beside the same files elsewhere",
        (line("001", history="b.schema_migrations"), line("001", history="public.schema_migrations")),
        ("001",),
        SHARED,
        (),
        (),
        frozenset(mine("001")),
    ),
    Case("same name, other text", ONE_TWO, (), SHARED, (), (), frozenset({("001_x.sql", "else")})),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_contradicted_and_what_our_own_rollback_explains(case: Case) -> None:
    missing = find_missing_rows(case.applied, case.lines, case.known, case.evidence)
    assert tuple(each.version for each in missing.contradicted) == case.contradicted
    assert tuple(each.version for each in missing.undone) == case.undone
    assert (contradiction(missing) is None) == (not case.contradicted)
    assert missing.records == tuple(
        Record(version, f"{version}_x.sql", f"sum-{version}", Origin.ROLLED_BACK) for version in case.undone
    )


def told(evidence: Evidence, *lines: LedgerEntry) -> tuple[str, str]:
    """Message and hint for an empty history table."""
    error = contradiction(find_missing_rows((), lines, mine(*(line.version for line in lines)), evidence))
    assert error is not None
    assert error.hint is not None
    return error.message, error.hint


def test_the_error_names_both_views_and_both_ways_out() -> None:
    message, hint = told(ALONE, *ONE_TWO)
    assert message == (
        "ledger and history table disagree: the ledger has 001_x.sql as applied (2024-02-29T12:00:00.000Z by"
        " ada@laptop), public.schema_migrations has no row for it; the same for 002_x.sql"
    )
    assert "insert into public.schema_migrations (version) values ('001'), ('002');" in hint
    assert "`dbmate-wrap explain ledger-and-history-table-disagree`" in hint


def test_what_was_adopted_is_told_with_when_it_was_recorded() -> None:
    assert "as adopted (2024-02-29T12:00:01.000Z by ada@laptop)" in told(ALONE, line("001", "adopted"))[0]


def test_a_table_that_is_gone_is_made_anew_by_the_hint() -> None:
    message, hint = told(replace(ALONE, exists=False), line("001"))
    assert "public.schema_migrations does not exist" in message
    assert "create table public.schema_migrations (version varchar primary key); insert into" in hint


def test_another_history_table_is_named() -> None:
    assert told(SHARED, line("001"))[1].startswith("if the history is in b.schema_migrations, set ")
    two = replace(SHARED, others=("b.schema_migrations", "c.done"))
    assert told(two, line("001"))[1].startswith("if the history is in b.schema_migrations, c.done, set ")


def test_many_versions_are_counted_and_a_statement_of_many_is_left_to_the_runbook() -> None:
    message, hint = told(ALONE, *(line(f"{number:03}") for number in range(1, 22)))
    assert message.endswith("002_x.sql, 003_x.sql, 004_x.sql, 005_x.sql and 16 more")
    assert "insert into" not in hint
    assert "`dbmate-wrap explain ledger-and-history-table-disagree`" in hint


def test_a_quote_in_a_version_stays_within_the_statement() -> None:
    assert "values ('0''1');" in told(ALONE, line("0'1"))[1]


def test_one_version_is_told_in_whole() -> None:
    error = contradiction(find_missing_rows((), [replace(line("001"), host=None)], mine("001"), ALONE))
    assert error is not None
    assert error.migration == "001_x.sql"
    assert error.message == (
        "ledger and history table disagree: the ledger has 001_x.sql as applied (2024-02-29T12:00:00.000Z by"
        " ada), public.schema_migrations has no row for it"
    )
    assert error.hint == (
        "if the migrations are in place, put the rows back: insert into public.schema_migrations (version)"
        " values ('001'); if they were undone on purpose, record that: see"
        " `dbmate-wrap explain ledger-and-history-table-disagree`"
    )


def test_five_are_named_and_twenty_are_in_the_statement() -> None:
    assert told(ALONE, *(line(f"{number:03}") for number in range(1, 6)))[0].endswith("004_x.sql, 005_x.sql")
    assert "('020');" in told(ALONE, *(line(f"{number:03}") for number in range(1, 21)))[1]


def test_a_history_that_is_elsewhere_is_named_as_a_setting() -> None:
    lines = (line("001", history='"odd schema".done'),)
    elsewhere = replace(ALONE, others=('"odd schema".done', "c.done"))
    message, hint = told(elsewhere, *lines)
    assert '001_x.sql as applied (2024-02-29T12:00:00.000Z by ada@laptop) in "odd schema".done,' in message
    assert hint.startswith('look where the history is: migrations_table = "odd schema.done"; where')


def test_an_empty_history_beside_a_ledger_that_cannot_be_read_is_told_with_the_grant_if_one_helps() -> None:
    error = unknown(LedgerUnavailable("role app may not read it", None))
    assert error.message == (
        "the history table has no rows, and the ledger that is there cannot say whether it had some:"
        " role app may not read it"
    )
    assert error.hint == "where the ledger is another project's alone, set ledger = false"
    assert unknown(LedgerUnavailable("x", "grant it")).hint == f"grant it; or, {error.hint}"
