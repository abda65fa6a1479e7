"""How a batch that dbmate has run is judged by what the database says."""

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.execution.apply import (
    Retries,
    applied_by_another,
    balance,
    error_despite_record,
    error_for,
)
from dbmate_wrap.execution.run import Attempt
from dbmate_wrap.workspace.history import History
from tests.support.migrations import FOLDER, parsed_migration

NAMES = ProjectNames(FOLDER, "schema_migrations")
FIRST = parsed_migration("001_a.sql", "create table public.a (id int);")
SECOND = parsed_migration("002_b.sql", "create table public.b (id int);")
OUTSIDE = parsed_migration(
    "003_c.sql", "create index concurrently i on public.a (id);", options="transaction:false"
)
INVALID = DatabaseObject("index public.i", "drop index concurrently public.i", frozenset(), 10, invalid=True)
TABLE = DatabaseObject("table public.c", "drop table public.c", frozenset(), 11)


def history(*applied: str) -> History:
    return History(applied, ())


def failed(file: str | None, sqlstate: str | None, message: str = "boo") -> DbmateError:
    return DbmateError(message, sqlstate, file, None, None)


def test_a_file_that_failed_here_and_is_recorded_was_applied_by_another_run() -> None:
    error = applied_by_another(failed("001_a.sql", "42P07"), [FIRST, SECOND], [SECOND])
    assert error is not None
    assert (error.code, error.migration) == (ExitCode.LOCKED, "001_a.sql")


@pytest.mark.parametrize(
    "error", [None, failed("002_b.sql", "42P07"), failed(None, "42P07"), failed("009_z.sql", "42P07")]
)
def test_a_file_that_failed_and_is_not_recorded_was_applied_by_nobody(error: DbmateError | None) -> None:
    assert applied_by_another(error, [FIRST, SECOND], [SECOND]) is None


@pytest.mark.parametrize(
    ("attempt", "left", "code"),
    [
        (Attempt(None, history("003")), None, None),
        (Attempt(None, history("003")), Leftovers((TABLE,)), None),
        (Attempt(None, history("003")), Leftovers((TABLE, INVALID)), ExitCode.PARTIAL),
        # dbmate complains, but the record is whole: a warning of the caller, no error.
        (Attempt(failed("003_c.sql", None), history("003")), None, None),
        (Attempt(failed("003_c.sql", None), history("003"), reconnected=True), None, ExitCode.PARTIAL),
    ],
)
def test_a_recorded_batch_is_an_error_only_where_it_was_not_done_right(
    attempt: Attempt, left: Leftovers | None, code: ExitCode | None
) -> None:
    error = error_despite_record(attempt, OUTSIDE, left)
    assert (error.code if error else None) is code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, ExitCode.FAILED),
        (failed("002_b.sql", "42601"), ExitCode.FAILED),
        (failed(None, "28P01"), ExitCode.UNREACHABLE),
        (failed("001_a.sql", "23505"), ExitCode.LOCKED),
    ],
)
def test_the_error_of_a_batch_is_that_of_its_first_migration_without_record(
    error: DbmateError | None, code: ExitCode
) -> None:
    assert error_for(NAMES, error, SECOND, lambda: None).code is code


def test_what_is_left_behind_is_looked_at_only_where_the_migration_itself_failed() -> None:
    looked: list[str] = []

    def look() -> Leftovers:
        looked.append("looked")
        return Leftovers((INVALID,))

    assert error_for(NAMES, failed(None, "28P01"), OUTSIDE, look).code is ExitCode.UNREACHABLE
    assert looked == []
    error = error_for(NAMES, failed("003_c.sql", "23505"), OUTSIDE, look)
    assert (error.code, looked) == (ExitCode.PARTIAL, ["looked"])
    assert "drop index concurrently public.i;" in (error.hint or "")


def test_a_lock_is_tried_for_as_often_as_there_are_waits() -> None:
    retries = Retries(iter([0.5, 1.0]))
    pauses = [retries.pause(failed("001_a.sql", "55P03")) for _ in range(3)]
    assert pauses == [0.5, 1.0, None]


def test_a_deadlock_is_tried_once_more_and_costs_no_wait_of_the_locks() -> None:
    retries = Retries(iter([0.5, 1.0, 1.5]))
    assert retries.pause(failed("001_a.sql", "40P01")) == 0.5
    assert retries.pause(failed("001_a.sql", "40P01")) is None
    assert retries.pause(failed("001_a.sql", "55P03")) == 1.0


@pytest.mark.parametrize(
    ("found", "message", "hint"),
    [
        (None, "what was applied is not known", "find out with `dbmate-wrap status`"),
        (history("001", "003"), "2 migrations applied, 0 not", "nothing is pending any more"),
        (history(), "0 migrations applied, 2 not, beginning with 001_a.sql", "run `dbmate-wrap up` again"),
        (history("001"), "1 migration applied, 1 not, beginning with 003_c.sql", "is not one transaction"),
    ],
)
def test_an_interrupted_run_counts_what_is_applied_and_says_how_to_go_on(
    found: History | None, message: str, hint: str
) -> None:
    said, advice = balance([FIRST, OUTSIDE], found)
    assert said == message
    assert hint in advice
