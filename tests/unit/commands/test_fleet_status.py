"""`fleet status` tells what every database has, and is no failure where something is pending."""

from pathlib import Path

import pytest

from dbmate_wrap.commands.fleet_status import fleet_status
from dbmate_wrap.domain.fleet import Shard, TargetSelection
from dbmate_wrap.domain.fleet_result import FleetResult, VersionCount
from dbmate_wrap.errors import ExitCode, HistoryError, InterruptedRun, UnreachableError
from dbmate_wrap.fleet.opening import FleetChoice
from tests.support.fleet_databases import Databases
from tests.support.fleet_projects import MIGRATIONS, FleetProject, fleet_project

DOWN = UnreachableError("nobody answers", kind="refused")
ALL, TWO_LEFT = ("001", "002", "003"), ("001",)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FleetProject:
    return fleet_project(tmp_path, monkeypatch)


def status(
    project: FleetProject, *, exit_code: bool = False, selection: TargetSelection | None = None
) -> None:
    context, fleet = project.load()
    choice = FleetChoice(selection or TargetSelection())
    fleet_status(context, project.whole, fleet, choice, project.documents, exit_code=exit_code)


def test_each_database_is_told_and_versions_are_counted(project: FleetProject) -> None:
    project.set_up(Databases({"a": ALL, "b": TWO_LEFT, "d": ()}))
    status(project)
    assert project.told == {"a": ("up to date", 0), "b": ("pending", 0), "d": ("pending", 0)}
    assert (project.whole.exit, project.whole.error) == (ExitCode.OK, None)
    assert project.whole.summary == "3 of 3 databases asked"
    assert isinstance(project.whole.result, FleetResult)
    assert project.whole.result.fleet.versions == (
        VersionCount("003", "003_c.sql", 1),
        VersionCount("001", "001_a.sql", 1),
        VersionCount(None, None, 1),
    )


def test_with_exit_code_what_is_pending_is_32_where_nothing_failed(project: FleetProject) -> None:
    project.set_up(Databases({"a": ALL, "b": TWO_LEFT}))
    status(project, exit_code=True)
    assert project.told == {"a": ("up to date", 0), "b": ("pending", 32)}
    assert (project.whole.exit, project.whole.error) == (ExitCode.PENDING, None)


@pytest.mark.parametrize(
    ("answer", "code", "whole"),
    [
        (DOWN, ExitCode.UNREACHABLE, ExitCode.AGAIN),
        # 002 is too old now.
        (("001", "003"), ExitCode.HISTORY, ExitCode.SOME_FAILED),
    ],
)
def test_a_failure_is_one_also_with_exit_code(
    project: FleetProject, answer: tuple[str, ...] | Exception, code: ExitCode, whole: ExitCode
) -> None:
    project.set_up(Databases({"a": answer, "b": TWO_LEFT}))
    status(project, exit_code=True)
    assert project.told == {"a": ("failed", code), "b": ("pending", 32)}
    assert (project.whole.exit, project.error.message) == (whole, "1 of 2 databases failed")


def test_of_a_shard_only_its_own_are_asked(project: FleetProject) -> None:
    names = [f"tenant-{number}" for number in range(10)]
    databases = Databases(dict.fromkeys(names, ALL))
    project.set_up(databases)
    status(project, selection=TargetSelection(shard=Shard(2, 3)))
    own = [name for name in names if Shard(2, 3).has(name)]
    assert sorted(project.told) == sorted(name for name, _ in databases.opened) == own
    assert project.whole.summary == f"{len(own)} of 10 databases asked"


def test_a_file_that_was_edited_ends_the_run_with_13_after_all_is_told(project: FleetProject) -> None:
    project.set_up(Databases({"a": ALL}))
    (project.root / "db" / "migrations" / "002_b.sql").write_text(MIGRATIONS["003_c.sql"])
    with pytest.raises(HistoryError):
        status(project)
    assert project.told == {"a": ("up to date", 0)}
    assert isinstance(project.whole.result, FleetResult)


def test_a_signal_is_told_with_what_is_known_by_then(project: FleetProject) -> None:
    project.set_up(Databases({"a": ALL, "b": KeyboardInterrupt(), "d": ALL}), "jobs = 1")
    with pytest.raises(InterruptedRun, match="the run was interrupted: no database was changed"):
        status(project)
    assert project.told == {"a": ("up to date", 0), "b": ("not begun", 34), "d": ("not begun", 34)}
