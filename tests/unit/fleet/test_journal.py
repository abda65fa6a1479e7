"""How each target ended is noted once, handed on, and summed up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.fleet import FleetTarget, Shard, TargetSelection
from dbmate_wrap.domain.fleet_end import FleetVerb
from dbmate_wrap.domain.fleet_result import (
    FleetDriftResult,
    FleetResult,
    FleetTargetResult,
    FleetTargetRow,
    StateCount,
    TargetState,
    VersionCount,
)
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, Target
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.journal import Journal
from dbmate_wrap.fleet.survey import Found
from tests.support.fleet_runs import STARTED, journal_of, outcome_of

ACME = FleetTarget("acme", "db_acme", labels={"wave": "canary", "region": "eu"})
PLACE = Target("db.example.com", 5432, "db_acme", "18.1")


def found_of(
    version: str | None = "001", pending: int = 2, outcome: Outcome | None = None, target: FleetTarget = ACME
) -> Found:
    """What the first pass has found."""
    found = outcome or outcome_of()
    found.target = PLACE
    return Found(target, found, version, pending)


def rows(*states: str) -> list[MigrationRow]:
    """Those of the files 001, 002 and so on that are not simply applied, by their states."""
    return [
        MigrationRow(f"{number:03}", f"{number:03}_x.sql", state, None, None)
        for number, state in enumerate(states, 1)
        if state != "applied"
    ]


def row_of(outcome: Outcome) -> FleetTargetRow:
    assert isinstance(outcome.result, FleetTargetResult | FleetDriftResult)
    return outcome.result.fleet_target


def standing(outcome: Outcome) -> tuple[TargetState, str | None, int]:
    """The state, the version and how many are pending, as the document says."""
    row = row_of(outcome)
    return row.state, row.version, row.pending


def ended(
    outcome: Outcome, *, good: TargetState = "applied", verb: FleetVerb = "up", version: str | None = "001"
) -> Outcome:
    """The document of a target whose process has ended."""
    reported: list[Outcome] = []
    journal = journal_of([ACME], reported.append, verb=verb)
    journal.note_end(found_of(version), outcome, good)
    assert reported == [outcome]
    return outcome


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (found_of("003", 0), ("up to date", "003", 0)),
        (found_of("001", 2), ("pending", "001", 2)),
        (found_of(None, 3), ("pending", None, 3)),
        (found_of(None, 0, outcome_of(ExitCode.UNREACHABLE)), ("failed", None, 0)),
        (found_of("001", 2, outcome_of(ExitCode.HISTORY)), ("failed", "001", 2)),
        # With `fleet status --exit-code`.
        (found_of("001", 2, replace(outcome_of(ExitCode.PENDING), error=None)), ("pending", "001", 2)),
    ],
)
def test_a_target_that_the_first_pass_is_done_with(
    found: Found, expected: tuple[TargetState, str | None, int]
) -> None:
    reported: list[Outcome] = []
    journal_of([ACME], reported.append).note_found(found)
    assert reported == [found.outcome]
    assert standing(found.outcome) == expected


@pytest.mark.parametrize(
    ("applied", "left", "expected"),
    [
        (["002", "003"], rows("applied", "applied", "applied"), ("applied", "003", 0)),
        (["002"], rows("applied", "applied", "pending"), ("applied", "002", 1)),
        # Another run was faster.
        ([], rows("applied", "applied", "applied"), ("up to date", "003", 0)),
        (["003"], rows("applied", "applied", "applied"), ("applied", "003", 0)),
        # It has left something for the time after the rollout.
        ([], rows("applied", "applied", "pending"), ("pending", "002", 1)),
        # Tolerated where the rows may be lost.
        (["003"], rows("edited", "applied", "applied"), ("applied", "003", 0)),
    ],
)
def test_a_target_that_ended_well_has_what_its_process_found_at_its_end(
    applied: Sequence[str], left: list[MigrationRow], expected: tuple[TargetState, str | None, int]
) -> None:
    assert standing(ended(replace(outcome_of(applied=applied), migrations=left))) == expected


def test_a_version_without_a_file_stays_the_newest() -> None:
    assert standing(ended(outcome_of(), version="009")) == ("up to date", "009", 0)


@pytest.mark.parametrize(
    ("code", "applied", "left", "expected"),
    [
        (ExitCode.FAILED, ["002"], rows("applied", "applied", "pending"), ("failed", "002", 1)),
        (ExitCode.FAILED, [], rows("applied", "pending", "pending"), ("failed", "001", 2)),
        (ExitCode.HISTORY, [], rows("applied", "out-of-order", "applied"), ("failed", "003", 1)),
        # It has not come to the history: it is as it was.
        (ExitCode.UNREACHABLE, [], [], ("failed", "001", 2)),
        (ExitCode.TERMINATED, [], [], ("failed", "001", 2)),
    ],
)
def test_a_target_that_failed_has_what_was_applied_before(
    code: ExitCode,
    applied: Sequence[str],
    left: list[MigrationRow],
    expected: tuple[TargetState, str | None, int],
) -> None:
    assert standing(ended(replace(outcome_of(code, applied=applied), migrations=left))) == expected


def test_a_process_that_was_killed_has_the_place_that_the_first_pass_found() -> None:
    assert ended(outcome_of(ExitCode.TERMINATED)).target == PLACE
    other = Target("db.example.com", 5432, "db_acme", "18.2")
    assert ended(replace(outcome_of(), target=other)).target == other


def test_the_document_of_a_comparison_keeps_its_differences() -> None:
    differences = (SchemaDifference("extra", "table", "public.x"),)
    outcome = replace(outcome_of(ExitCode.DRIFT), result=DriftResult(differences))
    ended(outcome, good="same", verb="drift", version=None)
    assert isinstance(outcome.result, FleetDriftResult)
    assert outcome.result.differences == differences
    assert standing(outcome) == ("failed", None, 2)
    same = ended(replace(outcome_of(), result=DriftResult(())), good="same", verb="drift", version=None)
    # Which version it has was not asked.
    assert standing(same) == ("same", None, 2)


def test_a_target_that_was_not_begun_says_why() -> None:
    reported: list[Outcome] = []
    found = found_of()
    journal_of([ACME], reported.append).note_not_begun(found, "the canary bolt failed")
    assert reported == [found.outcome]
    assert found.outcome.error == ErrorReport("not begun: the canary bolt failed")
    assert (found.outcome.exit, standing(found.outcome)) == (ExitCode.AGAIN, ("not begun", "001", 2))


def test_the_row_of_a_target_says_what_it_is_of() -> None:
    reported: list[Outcome] = []
    selection = TargetSelection({"region": "eu"}, Shard(2, 8))
    journal = journal_of([ACME], reported.append, selection=selection)
    journal.note_found(found_of("003", 0))
    digest = journal.scope.digest
    assert row_of(reported[0]) == FleetTargetRow(
        "tenants", "acme", ("region=eu", "wave=canary"), "2/8", digest, "up to date", "003", 0
    )


def test_an_outcome_that_is_begun_is_of_the_environment() -> None:
    assert replace(journal_of([ACME]).begin(), environment=None) == replace(outcome_of(), environment=None)
    assert journal_of([ACME]).begin().environment == "production"


def test_how_long_each_took_is_kept() -> None:
    journal = replace(journal_of([ACME]), now=lambda: STARTED + timedelta(seconds=1.5))
    journal.note_found(found_of("003", 0))
    journal.note_end(found_of(), outcome_of(), "applied")
    journal.note_not_begun(found_of(), "why")
    assert [end.duration_ms for end in journal.ends] == [1500, 1500, 0]
    # A clock that was set back.
    journal = replace(journal, now=lambda: STARTED - timedelta(seconds=1.5), ends=[])
    journal.note_found(found_of("003", 0))
    assert [end.duration_ms for end in journal.ends] == [0]


def summed_up(journal: Journal, stopped: str | None = None) -> Outcome:
    whole = Outcome("fleet up", "production", "0123456789ab", STARTED)
    journal.sum_up(whole, stopped)
    return whole


def test_a_run_that_is_all_fine_is_0_with_states_versions_and_every_end() -> None:
    bolt = FleetTarget("bolt", "db_bolt")
    journal = journal_of([ACME, bolt])
    journal.note_end(found_of(), outcome_of(applied=["002", "003"]), "applied")
    journal.note_found(found_of("003", 0, target=bolt))
    whole = summed_up(journal)
    assert (whole.exit, whole.error) == (ExitCode.OK, None)
    assert isinstance(whole.result, FleetResult)
    summary = whole.result.fleet
    assert summary.states == (StateCount("applied", 1), StateCount("up to date", 1))
    assert summary.versions == (VersionCount("003", "003_c.sql", 2),)
    assert summary.inventory == ("acme", "bolt")
    # For a report with a case for each.
    assert [end.row.name for end in whole.ends] == ["acme", "bolt"]


@pytest.mark.parametrize(
    ("code", "not_begun", "exit", "message"),
    [
        (ExitCode.LOCKED, False, ExitCode.AGAIN, "1 of 2 databases failed"),
        (ExitCode.FAILED, False, ExitCode.SOME_FAILED, "1 of 2 databases failed"),
        (ExitCode.FAILED, True, ExitCode.SOME_FAILED, "1 of 2 databases failed, 1 not begun"),
        (ExitCode.OK, True, ExitCode.AGAIN, "1 of 2 databases not begun"),
        (ExitCode.DRIFT, False, ExitCode.DRIFT, "1 of 2 databases differ"),
    ],
)
def test_a_run_in_which_a_target_failed_has_an_exit_code_and_an_error(
    code: ExitCode, not_begun: bool, exit: ExitCode, message: str
) -> None:
    bolt = FleetTarget("bolt", "db_bolt")
    journal = journal_of([ACME, bolt])
    journal.note_end(found_of(), outcome_of(code), "applied")
    if not_begun:
        journal.note_not_begun(found_of(target=bolt), "a reason")
    else:
        journal.note_found(found_of("003", 0, target=bolt))
    whole = summed_up(journal, "a reason" if not_begun else None)
    assert whole.exit is exit
    assert whole.error is not None
    assert whole.error.message == message
    assert whole.error.hint
    assert isinstance(whole.result, FleetResult)
    assert whole.result.fleet.stopped == ("a reason" if not_begun else None)
    assert whole.result.fleet.not_begun == (("bolt",) if not_begun else ())


def test_a_run_that_only_has_pending_migrations_is_no_failure() -> None:
    journal = journal_of([ACME])
    journal.note_found(found_of("001", 2, replace(outcome_of(ExitCode.PENDING), error=None)))
    whole = summed_up(journal)
    assert (whole.exit, whole.error) == (ExitCode.PENDING, None)


def test_a_run_over_no_target_is_0() -> None:
    whole = summed_up(journal_of([]))
    assert (whole.exit, whole.error, whole.ends) == (ExitCode.OK, None, [])
