"""`fleet drift` compares every database, whatever the others are."""

import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from dbmate_wrap.commands import fleet_drift as module
from dbmate_wrap.commands.fleet_drift import fleet_drift
from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.fleet import TargetSelection
from dbmate_wrap.domain.fleet_result import FleetDriftResult
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import ConfigError, ExitCode, HistoryError, InterruptedRun
from dbmate_wrap.fleet.opening import FleetChoice
from dbmate_wrap.fleet.run import FleetRun
from dbmate_wrap.workspace.drift_request import DriftRequest
from tests.support.fleet_databases import Databases
from tests.support.fleet_projects import FakeFork, FleetProject, fleet_project
from tests.support.fleet_runs import Script, outcome_of

EXTRA = (SchemaDifference("extra", "table", "public.x"),)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetProject:
    made = fleet_project(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "FleetRun", partial(FleetRun, clock=made.run.clock))
    return made


def differs() -> Script:
    return Script(outcome=replace(outcome_of(ExitCode.DRIFT), result=DriftResult(EXTRA)))


def drift(project: FleetProject, *, jobs: int | None = None) -> FakeFork[DriftRequest]:
    """Run `fleet drift`, and return what its processes got."""
    fork: FakeFork[DriftRequest] = FakeFork(project.run)
    context, fleet = project.load()
    choice = FleetChoice(TargetSelection(), jobs)
    fleet_drift(context, project.whole, fleet, choice, project.documents, fork)
    return fork


def test_where_every_schema_is_as_the_migrations_make_it_the_end_is_0(project: FleetProject) -> None:
    project.set_up(Databases({"a": (), "b": ()}))
    fork = drift(project)
    assert project.told == {"a": ("same", 0), "b": ("same", 0)}
    assert (project.whole.exit, project.whole.error) == (ExitCode.OK, None)
    assert project.whole.summary == "2 of 2 databases as the migrations make them"
    assert [file.name for file in fork.requests[0].files.migrations] == [
        "001_a.sql",
        "002_b.sql",
        "003_c.sql",
    ]


def test_a_canary_that_differs_keeps_no_other_from_being_compared(project: FleetProject) -> None:
    project.set_up(Databases(dict.fromkeys(("a", "c1", "b", "c2"), ())))
    project.run.scripts = {"c1": differs(), "c2": differs()}
    drift(project, jobs=1)
    assert list(project.run.workers) == ["a", "c1", "b", "c2"]
    different = ("failed", 33)
    assert project.told == {"a": ("same", 0), "c1": different, "b": ("same", 0), "c2": different}
    assert (project.whole.exit, project.error.message) == (ExitCode.DRIFT, "2 of 4 databases differ")
    result = project.reported[1].result
    assert isinstance(result, FleetDriftResult)
    assert result.differences == EXTRA


def test_a_database_that_cannot_be_compared_is_another_failure(project: FleetProject) -> None:
    project.set_up(Databases({"a": (), "b": ()}))
    project.run.scripts = {"a": differs(), "b": Script(outcome=outcome_of(ExitCode.HISTORY))}
    drift(project)
    assert project.told == {"a": ("failed", 33), "b": ("failed", 13)}
    assert project.whole.exit is ExitCode.SOME_FAILED


def test_a_database_without_a_url_stops_no_other(
    project: FleetProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRODUCTION_DATABASE_URL", "postgres://app@db.example.com/a")
    project.set_up(Databases({"a": (), "b": ()}))
    drift(project)
    assert project.told == {"a": ("failed", 10), "b": ("same", 0)}
    assert list(project.run.workers) == ["b"]


def test_after_a_signal_the_rest_is_not_compared(project: FleetProject) -> None:
    project.set_up(Databases({"a": (), "b": ()}))
    project.run.scripts = {"a": Script(None)}
    project.run.arrive_at(5.0, signal.SIGTERM)
    with pytest.raises(InterruptedRun) as raised:
        drift(project, jobs=1)
    assert raised.value.code is ExitCode.TERMINATED
    assert project.told == {"a": ("failed", 143), "b": ("not begun", 34)}


def test_what_is_wrong_before_anything_is_compared_is_raised(project: FleetProject) -> None:
    project.set_up(Databases({"a": ()}))
    (project.root / "db" / "migrations.lock").write_text("nonsense\n")
    with pytest.raises(HistoryError):
        drift(project)
    (project.root / "db" / "migrations.lock").unlink()
    (project.root / "tenants.csv").unlink()
    with pytest.raises(ConfigError):
        drift(project)
    assert project.run.workers == {}
