"""The two passes of `fleet up`: what is planned, asked, begun, left out and summed up."""

import signal
from functools import partial
from pathlib import Path

import pytest

from dbmate_wrap.commands import fleet_up as module
from dbmate_wrap.commands.fleet_up import FleetUp, fleet_up
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet import TargetSelection
from dbmate_wrap.domain.fleet_result import FleetResult, FleetSummary
from dbmate_wrap.domain.ledger import Provenance
from dbmate_wrap.errors import (
    BinaryError,
    ErrorReport,
    ExitCode,
    HistoryError,
    InterruptedRun,
    PolicyError,
    RefusedError,
    UnreachableError,
    UsageError,
    WrapError,
)
from dbmate_wrap.fleet.opening import FleetChoice
from dbmate_wrap.fleet.run import FleetRun
from dbmate_wrap.process import Terminated
from dbmate_wrap.workspace import dbmate
from dbmate_wrap.workspace.bounds import Bounds, UpRequest
from tests.support.fleet_databases import Databases
from tests.support.fleet_projects import MIGRATIONS, FakeFork, FleetProject, fleet_project
from tests.support.fleet_runs import Script, outcome_of
from tests.support.settings_files import write

BINARY = Binary(Path("/opt/dbmate"), "2.37.0", "0" * 64)
PROVENANCE = Provenance("somebody", "a-host", "abcdef", False)
DOWN = UnreachableError("nobody answers", kind="refused")
ALL, ONE_LEFT, TWO_LEFT = ("001", "002", "003"), ("001", "002"), ("001",)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetProject:
    """A project with a fleet, a dbmate, and no git."""
    monkeypatch.setattr(module, "provenance", lambda root, files, commit: PROVENANCE)
    monkeypatch.setattr(dbmate, "start_verification", lambda context: lambda: BINARY)
    made = fleet_project(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "FleetRun", partial(FleetRun, clock=made.run.clock))
    return made


def up(
    project: FleetProject,
    *,
    wanted: Bounds | None = None,
    jobs: int | None = None,
    max_failures: FailureLimit | None = None,
    deadline: float | None = None,
    yes: bool = False,
) -> FakeFork[UpRequest]:
    """Run `fleet up`, and return what its processes got."""
    fork: FakeFork[UpRequest] = FakeFork(project.run)
    context, fleet = project.load()
    request = FleetUp(FleetChoice(TargetSelection(), jobs), wanted or Bounds(), max_failures, deadline, yes)
    fleet_up(context, project.whole, fleet, request, project.documents, fork)
    return fork


def summary(project: FleetProject) -> FleetSummary:
    assert isinstance(project.whole.result, FleetResult)
    return project.whole.result.fleet


def test_where_nothing_is_pending_no_process_is_prepared_and_no_binary_is_waited_for(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Binary:
        raise BinaryError("missing")

    monkeypatch.setattr(dbmate, "start_verification", lambda context: fail)
    project.set_up(Databases({"a": ALL, "b": ALL}))
    fork = up(project)
    assert (fork.prepared, fork.requests) == (0, [])
    assert project.told == {"a": ("up to date", 0), "b": ("up to date", 0)}
    assert (project.whole.exit, project.whole.summary) == (ExitCode.OK, "nothing was applied")


def test_what_is_pending_is_applied_and_the_plan_is_said_before(project: FleetProject) -> None:
    project.set_up(Databases({"a": ONE_LEFT, "b": ALL, "d": TWO_LEFT, "e": ONE_LEFT, "c": ONE_LEFT}))
    project.run.scripts = {"d": Script(outcome=outcome_of(applied=["002", "003"]))} | {
        name: Script(outcome=outcome_of(applied=["003"])) for name in "ace"
    }
    fork = up(project)
    assert fork.prepared == 1
    assert list(project.run.workers) == ["c", "a", "d", "e"]
    done = ("applied", 0)
    assert project.told == {"b": ("up to date", 0), "c": done, "a": done, "d": done, "e": done}
    assert (project.whole.exit, project.whole.summary) == (ExitCode.OK, "4 of 4 databases migrated")
    said = [line for line in project.console.said if "opening" not in line]
    digest = summary(project).digest[:12]
    assert said == [
        f"fleet tenants: 5 of 5 databases, inventory {digest}",
        "  4 to migrate, 1 with nothing to apply, 0 failed",
        "  3 databases (1 canary first): 003_c.sql",
        "  1 database: 002_b.sql, 003_c.sql",
    ]
    assert [version.targets for version in summary(project).versions] == [5]


UNRECORDED = frozenset({"b", "e"})


def test_what_is_applied_is_recorded_too_where_nothing_is_pending(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Binary:
        raise BinaryError("missing")

    monkeypatch.setattr(dbmate, "start_verification", lambda context: fail)
    project.set_up(Databases({"a": ALL, "b": ALL, "e": ALL}, unrecorded=UNRECORDED))
    fork = up(project)
    assert list(project.run.workers) == ["b", "e"]
    assert [request.binary for request in fork.requests] == [None]
    assert project.told == dict.fromkeys("abe", ("up to date", 0))
    assert (project.whole.exit, project.whole.summary) == (ExitCode.OK, "nothing was applied")
    assert project.console.said[-2:] == [
        "  0 to migrate, 3 with nothing to apply, 0 failed",
        "  2 databases: nothing to apply, ledger and stamp to be written",
    ]


@pytest.mark.parametrize("yes", [True, False])
def test_to_record_and_stamp_alone_needs_consent_as_well_but_is_left_without_it(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch, *, yes: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(project.console, "ask", asked.append)
    found = Databases({"a": ALL, "b": ALL, "e": ALL}, unrecorded=UNRECORDED)
    project.set_up(found, environment="protected = true")
    up(project, yes=yes)
    assert list(project.run.workers) == (["b", "e"] if yes else [])
    assert project.told == dict.fromkeys("abe", ("up to date", 0))
    assert project.whole.exit is ExitCode.OK
    what = "stamp 2 databases of the fleet tenants"
    notice = f"notice: to {what} as of staging: `dbmate-wrap fleet up tenants --yes`"
    assert (notice in project.console.said) == (not yes)
    assert asked == ([] if yes else [f"staging is protected. To {what}, type its name: "])


def test_where_others_are_to_be_migrated_those_are_what_is_asked_for_and_counted(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project.console, "ask", lambda question: None)
    found = Databases({"a": ONE_LEFT, "b": ALL}, unrecorded=UNRECORDED)
    project.set_up(found, environment="protected = true")
    with pytest.raises(RefusedError, match="staging is protected"):
        up(project)
    assert project.run.workers == {}
    project.run.scripts = {"a": Script(outcome=outcome_of(applied=["003"]))}
    up(project, yes=True)
    assert list(project.run.workers) == ["a", "b"]
    assert project.whole.summary == "1 of 1 database migrated"


def test_several_canaries_are_counted_in_the_plan(project: FleetProject) -> None:
    project.set_up(Databases({"c1": ONE_LEFT, "c2": ONE_LEFT}))
    up(project)
    assert "  2 databases (2 canaries first): 003_c.sql" in project.console.said


def test_each_process_gets_the_files_staged_once_the_binary_and_where_they_are_from(
    project: FleetProject,
) -> None:
    staged: list[dict[tuple[str, ...], list[str]]] = []
    project.set_up(Databases({"a": ONE_LEFT, "b": TWO_LEFT, "d": ONE_LEFT}))
    fork: FakeFork[UpRequest] = FakeFork(project.run)

    def look(name: str) -> None:
        (request,) = fork.requests
        folders = request.files.staged
        staged.append({names: sorted(p.name for p in path.iterdir()) for names, path in folders.items()})

    project.run.on_start = look
    context, fleet = project.load()
    request = FleetUp(FleetChoice(TargetSelection()), Bounds("003"), None, None, yes=False)
    fleet_up(context, project.whole, fleet, request, project.documents, fork)
    batches = [("003_c.sql",), ("002_b.sql", "003_c.sql")]
    assert staged == [{names: list(names) for names in batches}] * 3
    (shared,) = fork.requests
    assert (shared.wanted, shared.yes, shared.binary) == (Bounds("003"), True, BINARY)
    # They are gone with the run.
    assert not any(path.exists() for path in shared.files.staged.values())
    assert [each.invocation.provenance for each in fork.contexts] == [PROVENANCE]
    assert fork.contexts[0].invocation.run_id == context.invocation.run_id


def test_one_that_fails_stops_no_other_and_the_run_needs_a_person(project: FleetProject) -> None:
    project.set_up(Databases({"a": ONE_LEFT, "b": DOWN, "d": ONE_LEFT}))
    project.run.scripts = {"a": Script(outcome=outcome_of(ExitCode.FAILED))}
    up(project)
    assert project.told == {"b": ("failed", 21), "a": ("failed", 30), "d": ("up to date", 0)}
    assert project.whole.exit is ExitCode.SOME_FAILED
    assert project.error.message == "2 of 3 databases failed"
    # Another run was faster with one.
    assert project.whole.summary == "0 of 2 databases migrated"
    assert [end.row.name for end in project.whole.ends] == ["b", "a", "d"]


def test_failures_that_may_pass_are_34_also_where_nothing_was_to_be_done(project: FleetProject) -> None:
    project.set_up(Databases({"a": DOWN, "b": ALL}))
    up(project)
    assert (project.whole.exit, project.error.message) == (ExitCode.AGAIN, "1 of 2 databases failed")


def test_a_canary_that_cannot_be_reached_stops_everything_before_anybody_is_asked(
    project: FleetProject,
) -> None:
    project.set_up(Databases({"a": ONE_LEFT, "c": DOWN}), environment="protected = true")
    up(project)
    assert project.run.workers == {}
    assert project.told == {"c": ("failed", 21), "a": ("not begun", 34)}
    assert project.whole.exit is ExitCode.AGAIN
    assert summary(project).stopped == "the canary c failed: nothing was begun after the canaries"
    assert summary(project).not_begun == ("a",)


def test_a_canary_that_fails_leaves_the_rest_alone(project: FleetProject) -> None:
    project.set_up(Databases({"a": ONE_LEFT, "c": ONE_LEFT, "b": ONE_LEFT}))
    project.run.scripts = {"c": Script(outcome=outcome_of(ExitCode.FAILED))}
    up(project)
    assert list(project.run.workers) == ["c"]
    assert project.told == {"c": ("failed", 30), "a": ("not begun", 34), "b": ("not begun", 34)}
    assert project.whole.exit is ExitCode.SOME_FAILED
    error = project.reported[-1].error
    assert error is not None
    assert error.message.startswith("not begun: the canary c failed")


@pytest.mark.parametrize(
    ("given", "in_settings", "begun"),
    [
        (None, "", 4),
        (None, "max_failures = 1", 2),
        (FailureLimit(0, None), "max_failures = 3", 1),
        (FailureLimit(None, 50.0), "", 3),
    ],
)
def test_the_limit_of_failures_is_the_command_lines_then_the_settings(
    project: FleetProject, given: FailureLimit | None, in_settings: str, begun: int
) -> None:
    project.set_up(Databases(dict.fromkeys("abde", ONE_LEFT)), in_settings)
    project.run.scripts = {name: Script(outcome=outcome_of(ExitCode.LOCKED)) for name in "abde"}
    up(project, jobs=1, max_failures=given)
    assert len(project.run.workers) == begun
    assert len(summary(project).not_begun) == 4 - begun


@pytest.mark.parametrize(
    ("given", "in_settings", "seconds"),
    [(None, "", None), (None, 'target_deadline = "20s"', 20), (10.0, 'target_deadline = "20s"', 10)],
)
def test_the_deadline_is_the_command_lines_then_the_settings(
    project: FleetProject, given: float | None, in_settings: str, seconds: int | None
) -> None:
    project.set_up(Databases({"a": ONE_LEFT}), in_settings)
    project.run.scripts = {"a": Script(100.0)}
    up(project, deadline=given)
    assert project.told == {"a": ("up to date", 0) if seconds is None else ("failed", 143)}
    if seconds is not None:
        (failure,) = summary(project).failures
        assert f"--target-deadline, {seconds} s" in failure.message


def test_a_protected_environment_is_confirmed_once_before_anything_begins(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(project.console, "ask", asked.append)
    project.set_up(Databases({"a": ONE_LEFT, "b": ONE_LEFT}), environment="protected = true")
    with pytest.raises(RefusedError) as raised:
        up(project)
    assert project.run.workers == {}
    assert "dbmate-wrap fleet status -e staging" in (raised.value.hint or "")
    assert asked == ["staging is protected. To migrate 2 databases of the fleet tenants, type its name: "]
    up(project, yes=True)
    assert len(asked) == 1
    assert list(project.run.workers) == ["a", "b"]


def test_after_a_signal_the_run_ends_with_its_code_and_tells_what_is_done(project: FleetProject) -> None:
    project.set_up(Databases(dict.fromkeys("abde", ONE_LEFT)))
    project.run.scripts = {
        "a": Script(1.0, outcome_of(applied=["003"])),
        "b": Script(None),
        "d": Script(None),
    }
    project.run.arrive_at(5.0, signal.SIGINT)
    with pytest.raises(InterruptedRun) as raised:
        up(project, jobs=2)
    assert raised.value.message == "the run was interrupted: 1 of 4 databases migrated"
    stopped = ("failed", 130)
    assert project.told == {"a": ("applied", 0), "b": stopped, "d": stopped, "e": ("not begun", 34)}
    assert summary(project).stopped == "the run was interrupted"


@pytest.mark.parametrize(
    ("stop", "code", "word"),
    [
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (Terminated(), ExitCode.TERMINATED, "terminated"),
    ],
)
def test_a_signal_in_the_first_pass_is_told_with_what_is_known_by_then(
    project: FleetProject, stop: BaseException, code: ExitCode, word: str
) -> None:
    project.set_up(Databases({"a": ALL, "b": ONE_LEFT, "d": stop, "e": ALL}))
    with pytest.raises(InterruptedRun) as raised:
        up(project, jobs=1)
    assert (raised.value.code, raised.value.message) == (code, f"the run was {word}: no database was changed")
    left = ("not begun", 34)
    assert project.told == {"a": ("up to date", 0), "b": left, "d": left, "e": left}
    assert summary(project).stopped == f"the run was {word}"
    # What was found already is not lost.
    versions = {version.version: version.targets for version in summary(project).versions}
    assert versions == {"003": 1, "002": 1, None: 2}
    assert project.run.workers == {}


@pytest.mark.parametrize(
    ("wanted", "files", "error"),
    [
        (Bounds("999"), {}, UsageError),
        (Bounds(), {"004_x.sql": "select 1;"}, PolicyError),
        (Bounds(), {"002_b.sql": MIGRATIONS["003_c.sql"]}, HistoryError),
    ],
)
def test_what_is_wrong_with_the_files_or_the_bound_ends_the_run_before_anything_is_applied(
    project: FleetProject, wanted: Bounds, files: dict[str, str], error: type[WrapError]
) -> None:
    project.set_up(Databases({"a": ONE_LEFT}))
    write(project.root / "db" / "migrations", files)
    with pytest.raises(error):
        up(project, wanted=wanted)
    assert project.run.workers == {}


def test_a_binary_that_is_not_the_pinned_one_ends_the_run_before_anything_is_applied(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Binary:
        raise BinaryError("its SHA-256 differs")

    monkeypatch.setattr(dbmate, "start_verification", lambda context: fail)
    project.set_up(Databases({"a": ONE_LEFT}))
    with pytest.raises(BinaryError):
        up(project)
    assert project.run.workers == {}


def test_a_process_that_was_killed_is_one_failure_with_the_place_of_its_database(
    project: FleetProject,
) -> None:
    project.set_up(Databases({"a": ONE_LEFT}))
    project.run.scripts = {"a": Script(outcome=None, code=-9)}
    up(project)
    (outcome,) = project.reported
    assert outcome.target is not None
    assert outcome.target.host == "db.example.com"
    assert project.told == {"a": ("failed", 143)}
    assert project.error == ErrorReport(
        "1 of 1 database failed", "run the same command again: nothing is done twice"
    )
