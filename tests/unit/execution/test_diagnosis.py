"""Which error a failed dbmate run becomes: its exit code, the place, and what is left behind."""

from dataclasses import replace

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.activity import Blocker
from dbmate_wrap.domain.history_table import HistoryTable
from dbmate_wrap.domain.ledger import UnfinishedRun
from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import ExitCode, PreflightError
from dbmate_wrap.execution.diagnosis import (
    blocked,
    diagnose,
    left_invalid,
    may_be_retried,
    may_leave_something,
    unfinished_run_error,
)
from dbmate_wrap.execution.lost_history import history_gone, history_unreadable
from tests.support.migrations import FOLDER, parsed_migration

NAMES = ProjectNames(FOLDER, "ops.schema_migrations")
PLAIN = parsed_migration("002_a.sql", "create table public.a (id int);")
OUTSIDE = parsed_migration(
    "003_b.sql", "create index concurrently i on public.a (id);", options="transaction:false"
)
COMMITS = parsed_migration("004_c.sql", "create table public.c (id int);\ncommit;\nselect 1;")
UNREADABLE = parsed_migration("005_d.sql", "create tble public.d (id int);\ncommit;")
INDEX = DatabaseObject("index public.i", "drop index concurrently public.i", frozenset(), 10, invalid=True)
BLOCKER = Blocker(
    4711,
    "psql",
    "ann",
    "idle in transaction",
    61.0,
    "public.a",
    None,
    "AccessShareLock",
    True,
    None,
    "select ?",
)


def failed(
    sqlstate: str | None, message: str = "boo", file: str | None = "002_a.sql", line: int | None = None
) -> DbmateError:
    return DbmateError(message, sqlstate, file, line, None if line is None else 3)


@pytest.mark.parametrize(
    ("migration", "sqlstate", "code"),
    [
        (PLAIN, "42601", ExitCode.FAILED),
        (PLAIN, "42P01", ExitCode.FAILED),
        (PLAIN, "55P03", ExitCode.BLOCKED),
        (PLAIN, None, ExitCode.FAILED),
        (OUTSIDE, "42601", ExitCode.PARTIAL),
        (OUTSIDE, "55P03", ExitCode.PARTIAL),
        (OUTSIDE, None, ExitCode.PARTIAL),
        (COMMITS, "22012", ExitCode.PARTIAL),
        # The server parses the whole text before it runs any of it: nothing was committed.
        (UNREADABLE, "42601", ExitCode.FAILED),
        (UNREADABLE, "22012", ExitCode.PARTIAL),
    ],
)
def test_a_migration_that_may_have_left_something_is_31_and_any_other_is_30_or_24(
    migration: ParsedMigration, sqlstate: str | None, code: ExitCode
) -> None:
    error = diagnose(NAMES, failed(sqlstate, file=migration.file.name), migration, migration.sections[0].up)
    assert error.code is code
    assert error.migration == migration.file.name
    assert error.sqlstate == sqlstate


@pytest.mark.parametrize(
    ("message", "sqlstate", "hint"),
    [
        ("syntax error", "42601", "its transaction was rolled back: fix 002_a.sql and run again"),
        ("dbmate ended with signal 9: ", None, "its transaction was rolled back: run again"),
        ("read tcp 127.0.0.1: i/o timeout", None, "its transaction was rolled back: run again"),
        ("terminating connection", "57P01", "its transaction was rolled back: run again"),
    ],
)
def test_a_migration_is_to_be_fixed_only_where_it_is_at_fault(
    message: str, sqlstate: str | None, hint: str
) -> None:
    assert diagnose(NAMES, failed(sqlstate, message), PLAIN, PLAIN.sections[0].up).hint == hint


def test_a_place_is_counted_from_the_file_and_shown_with_its_line() -> None:
    error = diagnose(NAMES, failed("42601", line=2), PLAIN, PLAIN.sections[0].up)
    assert error.message == "db/migrations/002_a.sql:2:3: boo"
    assert error.line == 2
    assert "create table public.a" in (error.frame or "")


def test_no_line_is_given_where_a_file_has_several_sections() -> None:
    section = PLAIN.sections[0]
    several = ParsedMigration(PLAIN.file, (section, section))
    error = diagnose(NAMES, failed("42601", line=2), several, section.up)
    assert (error.code, error.line, error.frame) == (ExitCode.PARTIAL, None, None)
    assert error.message == "db/migrations/002_a.sql: boo"


@pytest.mark.parametrize(
    ("left", "sqlstate", "hint"),
    [
        (None, "42601", "see what it left behind before you run it again"),
        (Leftovers((INDEX,)), "55P03", "drop index concurrently public.i;"),
        (Leftovers(()), "22012", "look whether it changed data"),
        (Leftovers(()), "42P07", "insert into ops.schema_migrations (version) values ('003')"),
        (Leftovers((INDEX,)), "42P07", "drop index concurrently public.i;"),
    ],
)
def test_the_hint_of_31_says_what_is_left_and_how_to_go_on(
    left: Leftovers | None, sqlstate: str, hint: str
) -> None:
    error = diagnose(NAMES, failed(sqlstate, file="003_b.sql"), OUTSIDE, OUTSIDE.sections[0].up, left)
    assert hint in (error.hint or "")
    assert (error.hint or "").startswith("003_b.sql is not one transaction: ")


@pytest.mark.parametrize(
    ("message", "sqlstate", "code"),
    [
        ("relation already exists", "42P07", ExitCode.LOCKED),
        ("duplicate key", "23505", ExitCode.LOCKED),
        ("no more connections", "53300", ExitCode.UNREACHABLE),
        ("password", "28P01", ExitCode.UNREACHABLE),
        ("dial tcp 127.0.0.1:5: refused", None, ExitCode.UNREACHABLE),
        ("unexpected EOF", None, ExitCode.UNREACHABLE),
        ("permission denied", "42501", ExitCode.FAILED),
        ("no such file", None, ExitCode.FAILED),
    ],
)
def test_a_run_that_came_to_no_migration_is_told_by_its_cause(
    message: str, sqlstate: str | None, code: ExitCode
) -> None:
    error = diagnose(NAMES, failed(sqlstate, message, file=None), None, None)
    assert (error.code, error.sqlstate) == (code, sqlstate)
    assert message in error.message


@pytest.mark.parametrize(
    ("migration", "file", "sqlstate", "retried"),
    [
        (PLAIN, "002_a.sql", "55P03", True),
        (PLAIN, "002_a.sql", "40P01", True),
        (PLAIN, "002_a.sql", "42601", False),
        (PLAIN, "002_a.sql", None, False),
        (PLAIN, None, "55P03", False),
        (OUTSIDE, "003_b.sql", "55P03", False),
        (COMMITS, "004_c.sql", "55P03", False),
    ],
)
def test_only_a_lock_that_was_not_to_be_had_is_retried_and_only_where_nothing_stayed(
    migration: ParsedMigration, file: str | None, sqlstate: str | None, retried: bool
) -> None:
    assert may_be_retried(failed(sqlstate, file=file), migration) is retried


def test_only_what_is_not_one_transaction_may_leave_something() -> None:
    assert [may_leave_something(each) for each in (PLAIN, OUTSIDE, COMMITS)] == [False, True, True]
    # What the server will say of a text that our parser cannot read is not known yet.
    assert may_leave_something(UNREADABLE)


def test_a_blocked_migration_names_its_blockers() -> None:
    error = blocked(NAMES, failed("55P03"), PLAIN, (BLOCKER,))
    assert error.code is ExitCode.BLOCKED
    assert "4711" in (error.hint or "")
    assert "psql" in (error.hint or "")
    assert "pg_stat_activity" in (blocked(NAMES, failed("55P03"), PLAIN, ()).hint or "")


def test_a_blocked_migration_offers_to_end_what_waits_for_nobody_itself() -> None:
    waits = replace(BLOCKER, pid=4712, waits_for=(4711,))
    prepared = replace(BLOCKER, pid=0)
    hint = blocked(NAMES, failed("55P03"), PLAIN, (waits, BLOCKER, prepared)).hint or ""
    assert hint.endswith("where nobody misses what blocks it: select pg_terminate_backend(4711)")
    assert "pg_terminate" not in (blocked(NAMES, failed("55P03"), PLAIN, (prepared,)).hint or "")


def test_a_run_that_was_killed_offers_both_statements() -> None:
    error = unfinished_run_error(NAMES, OUTSIDE, UnfinishedRun("abc", "003", "2026-01-01T00:00:00Z"))
    assert error.code is ExitCode.PARTIAL
    assert "insert into ops.schema_migrations (version) values ('003');" in (error.hint or "")
    assert "where run_id = 'abc';" in (error.hint or "")


def test_an_invalid_index_of_a_recorded_migration_is_31_with_its_drop() -> None:
    error = left_invalid(OUTSIDE, Leftovers((INDEX,)))
    assert error.code is ExitCode.PARTIAL
    assert "drop index concurrently public.i;" in (error.hint or "")


@pytest.mark.parametrize(
    ("sqlstate", "message", "words"),
    [
        ("42501", "permission denied for table schema_migrations", "RESET ROLE"),
        ("42P01", 'relation "ops.schema_migrations" does not exist', "drops, renames or moves"),
        ("42501", "permission denied for table orders", "the account lacks a privilege"),
        ("42P01", 'relation "public.a" does not exist', "fix 002_a.sql and run again"),
        ("23505", "duplicate key in schema_migrations", "fix 002_a.sql and run again"),
    ],
)
def test_what_kept_dbmate_from_recording_is_named(sqlstate: str, message: str, words: str) -> None:
    error = diagnose(NAMES, failed(sqlstate, message), PLAIN, PLAIN.sections[0].up)
    assert error.code == ExitCode.FAILED
    assert words in (error.hint or "")


@pytest.mark.parametrize("table", ["schema_migrations", '"schema_migrations"', 'a.b."schema_migrations"'])
def test_the_history_table_is_known_by_its_own_name(table: str) -> None:
    names = replace(NAMES, migrations_table=table)
    for name, found in (("orders", False), ("schema_migrations", True)):
        error = diagnose(names, failed("42501", f"denied for table {name}"), PLAIN, PLAIN.sections[0].up)
        assert ("RESET ROLE" in (error.hint or "")) is found


def test_an_object_of_another_owner_is_named_with_both_ways_out() -> None:
    found = (NotOwned("table app.t", "erp", by_superuser=False),)
    error = diagnose(
        replace(NAMES, account="deployer"),
        replace(failed("42501", "must be owner of table t"), not_owned=found),
        PLAIN,
        PLAIN.sections[0].up,
    )
    assert error.hint == (
        "its transaction was rolled back: deployer lacks a right on table app.t (its owner is erp); have a"
        ' superuser run: alter table app.t owner to "deployer"; or let it act for the owner:'
        ' grant "erp" to "deployer"; and run again'
    )


def test_an_extension_that_is_not_trusted_is_made_once_by_a_superuser() -> None:
    message = 'permission denied to create extension "dblink"'
    hint = diagnose(NAMES, failed("42501", message), PLAIN, PLAIN.sections[0].up).hint or ""
    assert 'once in this database: create extension "dblink"; write CREATE EXTENSION IF NOT EXISTS' in hint


def test_a_history_table_that_is_gone_is_31_with_its_rows_and_where_it_may_be() -> None:
    table = HistoryTable("ops", "schema_migrations", "ops.schema_migrations", exists=True)
    error = history_gone("003_b.sql", table, ("001", "002"), ("app.schema_migrations",))
    assert error.code == ExitCode.PARTIAL
    assert "ops.schema_migrations is gone; of its shape there is now app.schema_migrations" in error.message
    assert "create table ops.schema_migrations (version varchar primary key); insert into" in (
        error.hint or ""
    )
    assert "values ('001'), ('002'); and add '003' if its work is done" in (error.hint or "")
    first = history_gone("001_a.sql", table, (), ())
    assert "insert into" not in (first.hint or "")
    assert first.message.endswith("is gone")


def test_a_history_that_a_migration_hid_is_31() -> None:
    error = history_unreadable("002_a.sql", PreflightError("rows are hidden", hint="create policy"))
    assert (error.code, error.hint) == (ExitCode.PARTIAL, "create policy")
    assert "002_a.sql ran" in error.message


def test_in_a_fleet_the_database_is_mended_first_as_others_may_have_the_file_as_it_is() -> None:
    names = replace(NAMES, sealed=frozenset({PLAIN.file.name}), one_of_many=True)
    hint = diagnose(names, failed("42P07"), PLAIN, PLAIN.sections[0].up).hint or ""
    assert hint.endswith(
        "mend what is in its way here; or, where no other database has 002_a.sql, fix it (edit it, then"
        " `dbmate-wrap amend 002_a.sql --because TEXT`); then run again"
    )
    syntax = diagnose(names, failed("42601"), PLAIN, PLAIN.sections[0].up).hint or ""
    assert "here" not in syntax


def test_a_sealed_migration_is_amended_where_its_text_is_wrong() -> None:
    names = replace(NAMES, sealed=frozenset({PLAIN.file.name}))
    hint = diagnose(names, failed("23502"), PLAIN, PLAIN.sections[0].up).hint or ""
    assert (
        "fix 002_a.sql (edit it, then `dbmate-wrap amend 002_a.sql --because TEXT`), or fix the data" in hint
    )
    syntax = diagnose(names, failed("42601"), PLAIN, PLAIN.sections[0].up).hint or ""
    assert (
        "fix 002_a.sql (edit it, then `dbmate-wrap amend 002_a.sql --because TEXT`) and run again" in syntax
    )
    rows = replace(failed("23502"), rows_query="select 'x'")
    shown = diagnose(names, rows, PLAIN, PLAIN.sections[0].up).hint or ""
    assert "see the rows that are in the way: dbmate-wrap psql -- -c 'select '" in shown
    assert shown.endswith("or fix the data that it met, and run again")
    assert "amend" not in (diagnose(NAMES, failed("23502"), PLAIN, PLAIN.sections[0].up).hint or "")
