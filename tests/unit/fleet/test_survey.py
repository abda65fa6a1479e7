"""The first pass: what each database says, and that none stops another."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.history import Phase
from dbmate_wrap.errors import (
    ConfigError,
    ExitCode,
    HistoryError,
    PolicyError,
    RefusedError,
    UnreachableError,
    UsageError,
    WrapError,
)
from dbmate_wrap.fleet.survey import Found, Located, Survey
from dbmate_wrap.fleet.turns import Limits
from dbmate_wrap.settings.fleet_urls import FleetUrls
from dbmate_wrap.workspace.bounds import Bounds
from tests.support.consoles import FakeConsole
from tests.support.fleet_databases import TARGET, Databases
from tests.support.fleet_runs import context_of, journal_of, url_of
from tests.support.migrations import parsed_migration, project_files
from tests.support.settings_files import empty_project, write

FILES = project_files(
    parsed_migration("001_a.sql", "create table public.a (id int);"),
    parsed_migration("002_b.sql", "create table public.b (id int);"),
    parsed_migration("003_c.sql", "create table public.c (id int);"),
)
MISSING = UnreachableError("it does not exist", kind="database_missing")


Ask = Callable[..., dict[str, Found]]


@pytest.fixture
def console() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: FakeConsole) -> Ask:
    """Asks databases of these answers, whose targets have their names."""
    write(empty_project(tmp_path, monkeypatch), {"dbmate-wrap.toml": "[environments.staging]\n"})
    context = context_of(settings.load(environment="staging"), console)

    def ask(
        databases: Databases,
        wanted: Bounds | None = None,
        unknown: dict[str, WrapError] | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> dict[str, Found]:
        databases.install(monkeypatch)
        names = [*databases.answers, *(unknown or {})]
        targets = {name: FleetTarget(name, name) for name in names}
        journal = journal_of(targets.values())
        urls = FleetUrls(context.environment)
        made = Survey(context, FILES, wanted or Bounds(), journal.begin, journal.scope.place_of, urls, clock)
        located = [Located(targets[name], url_of(targets[name])) for name in databases.answers]
        located += [Located(targets[name], error) for name, error in (unknown or {}).items()]
        found = list(made.read_all(located, Limits(4, 4)))
        assert len(found) == len(located)
        return {each.target.name: each for each in found}

    return ask


def test_how_far_it_is_stands_in_place_until_the_end(survey: Ask, console: FakeConsole) -> None:
    console.has_terminal = True
    survey(Databases({"a": MISSING, "b": ["001"]}), clock=map(float, count()).__next__)
    first, *_, last = console.in_place
    assert first.startswith("[....................] 0 %  reading: 0 done, 2 running, 0 failed, 0 waiting; ")
    assert last == ""


def seen(found: Found) -> tuple[str | None, int, tuple[str, ...]]:
    return found.version, found.pending, found.todo


def test_each_database_says_what_it_has_and_what_is_to_be_done(survey: Ask) -> None:
    found = survey(Databases({"a": ["001", "002", "003"], "b": ["001"], "c": []}))
    assert seen(found["a"]) == ("003", 0, ())
    assert seen(found["b"]) == ("001", 2, ("002_b.sql", "003_c.sql"))
    assert seen(found["c"]) == (None, 3, ("001_a.sql", "002_b.sql", "003_c.sql"))
    for each in found.values():
        assert (each.outcome.exit, each.outcome.error, each.outcome.target) == (ExitCode.OK, None, TARGET)
    # Thousands of rows that say that all is well are not kept.
    assert [row.version for row in found["b"].outcome.migrations] == ["002", "003"]


@pytest.mark.parametrize(("to", "todo"), [("2", ("002_b.sql",)), ("001", ())])
def test_what_is_to_be_done_ends_at_the_bound_and_all_is_counted_as_pending(
    survey: Ask, to: str, todo: tuple[str, ...]
) -> None:
    assert seen(survey(Databases({"b": ["001"]}), Bounds(to))["b"]) == ("001", 2, todo)


def test_a_database_that_up_would_create_has_everything_to_do(survey: Ask) -> None:
    (found,) = survey(Databases({"new": None})).values()
    assert seen(found) == (None, 3, ("001_a.sql", "002_b.sql", "003_c.sql"))
    assert (found.outcome.exit, found.outcome.target) == (ExitCode.OK, None)


def test_no_database_stops_another(survey: Ask) -> None:
    down = UnreachableError("nobody answers", kind="refused", hint="try `dbmate-wrap status`")
    found = survey(Databases({"a": down, "b": ["001"], "c": MISSING}), unknown={"d": ConfigError("no URL")})
    codes = {name: each.outcome.exit for name, each in found.items()}
    assert codes == {
        "a": ExitCode.UNREACHABLE,
        "b": ExitCode.OK,
        "c": ExitCode.UNREACHABLE,
        "d": ExitCode.CONFIG,
    }
    assert {seen(found[name]) for name in "acd"} == {(None, 0, ())}
    # The hint can be typed: it names the target.
    error = found["a"].outcome.error
    assert error is not None
    assert error.hint == "try `dbmate-wrap status -e production --target a`"


def test_a_history_that_disagrees_is_13_and_still_has_a_version(survey: Ask) -> None:
    (found,) = survey(Databases({"a": ["001", "003", "009"]})).values()
    assert found.outcome.exit is ExitCode.HISTORY
    assert seen(found) == ("009", 1, ())
    states = {row.version: row.state for row in found.outcome.migrations}
    assert states == {"002": "out-of-order", "009": "unknown"}
    assert found.outcome.target == TARGET


def test_a_database_without_a_baseline_is_13(survey: Ask) -> None:
    error = HistoryError("the database is not empty but has no migration history")
    (found,) = survey(Databases({"a": []}, not_baselined=error)).values()
    assert (found.outcome.exit, found.todo) == (ExitCode.HISTORY, ())


def test_another_environments_stamp_is_20_and_comes_after_what_disagrees(survey: Ask) -> None:
    foreign = RefusedError("it is stamped as staging")
    found = survey(Databases({"a": ["001"], "b": ["002"]}, foreign_stamp=foreign))
    codes = {name: each.outcome.exit for name, each in found.items()}
    assert codes == {"a": ExitCode.REFUSED, "b": ExitCode.HISTORY}
    assert (found["a"].pending, found["a"].todo) == (2, ())


@pytest.mark.parametrize(
    ("wanted", "error"), [(Bounds("999"), UsageError), (Bounds(phase=Phase.BEFORE), PolicyError)]
)
def test_what_is_wrong_for_every_target_ends_the_run(
    survey: Ask, monkeypatch: pytest.MonkeyPatch, wanted: Bounds, error: type[WrapError]
) -> None:
    """A thousand failures that are alike would be 35."""

    def find_faults(*given: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(message="is no comment for a phase", hint="write it so", line=1)]

    monkeypatch.setattr("dbmate_wrap.policy.phase_comment.find_phase_faults", find_faults)
    with pytest.raises(error):
        survey(Databases({"a": ["001"]}), wanted)


def test_a_bug_is_no_failure_of_a_target(survey: Ask) -> None:
    with pytest.raises(ZeroDivisionError):
        survey(Databases({"a": ZeroDivisionError()}))


def test_each_is_opened_by_its_url_in_an_environment_that_knows_the_target(survey: Ask) -> None:
    databases = Databases({"a": ["001"], "b": ["001"]})
    survey(databases)
    assert sorted(databases.opened) == [("a", "a"), ("b", "b")]


def test_what_is_said_about_a_target_has_its_name(survey: Ask, console: FakeConsole) -> None:
    survey(Databases({"acme": ["001"]}))
    assert console.said == ["acme: warning: opening acme"]
