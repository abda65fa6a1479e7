"""An AI agent types: what destroys or protects needs the consent of its person."""

from collections.abc import Sequence

import pytest

from dbmate_wrap.domain.agents import MARKERS, Marker
from tests.support.cli import TWO, RunCli, applied, assert_refused, staging, tables
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

AGENT = {"CLAUDECODE": "1"}
CONSENT = {"DBMATE_WRAP_CONSENT": "yes, please do"}
REFUSED = ("needs the consent of its person", "ask")


@pytest.mark.parametrize("marker", MARKERS, ids=lambda marker: f"{marker.variable}-{marker.agent}")
def test_every_variable_is_heeded(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, marker: Marker
) -> None:
    variable, value = marker.variable, marker.value or "1"
    folder = project(TWO, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url, variable: value}
    done = run_cli(["up", "-e", "production", "--yes"], folder.root, env)
    assert_refused(
        done, 20, rf"apply these 2 migrations .*production.* by the variable {variable}\)", REFUSED[1]
    )
    assert tables(embedded_database) == []


def test_up_asks_where_protected_alone(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url, **AGENT}
    assert_refused(run_cli(["up", "-e", "production", "--yes"], folder.root, env), 20, *REFUSED)
    assert_refused(
        run_cli(["up", "-e", "production"], folder.root, {**env, **CONSENT}), 20, "no terminal", "--yes"
    )
    assert applied(embedded_database) == []
    done = run_cli(["up", "-e", "production", "--yes"], folder.root, {**env, **CONSENT})
    assert (done.returncode, applied(embedded_database)) == (0, ["001", "002"])
    history = run_cli(["history", "-e", "production", "--format", "json"], folder.root, env).json()
    entries = history["entries"]
    assert isinstance(entries, list)
    assert [line["consent"] for line in entries] == ["yes, please do", "yes, please do"]
    # Nothing is pending: nothing is asked.
    assert run_cli(["up", "-e", "production"], folder.root, env).returncode == 0


@pytest.mark.parametrize(
    "args",
    [["rollback"], ["stamp", "--yes"], ["exec", "--yes", "--", "rollback"]],
    ids=" ".join,
)
def test_what_destroys_or_protects_asks_everywhere(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, args: Sequence[str]
) -> None:
    folder = project(TWO, sealed=True)
    env = staging(embedded_database)
    assert run_cli(["up", "-e", "staging"], folder.root, {**env, **AGENT}).returncode == 0
    verb, *rest = args
    typed = [verb, "-e", "staging", *rest]
    assert_refused(run_cli(typed, folder.root, {**env, **AGENT}), 20, *REFUSED)
    assert applied(embedded_database) == ["001", "002"]
    assert run_cli(typed, folder.root, {**env, **AGENT, **CONSENT}).returncode == 0
    # A person is asked nothing.
    assert run_cli(typed, folder.root, env).returncode == 0


def test_reading_asks_nothing(project: MakeProject, run_cli: RunCli, embedded_database: Database) -> None:
    folder = project(TWO, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url, **AGENT}
    for args in (["status"], ["plan", "--no-shadow"], ["history"], ["doctor"], ["envs"]):
        assert run_cli([*args, "-e", "production"], folder.root, env).returncode == 0, args
    assert run_cli(["exec", "-e", "production", "--", "status"], folder.root, env).returncode in (0, 32)


def test_reset_asks_on_a_development_database_too(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO, sealed=True)
    assert run_cli(["up"], folder.root, AGENT).returncode == 0
    assert_refused(run_cli(["db", "reset", "--yes"], folder.root, AGENT), 20, *REFUSED)
    assert "2 applied" in run_cli(["status"], folder.root, AGENT).stdout
    assert_refused(run_cli(["db", "reset"], folder.root, {**AGENT, **CONSENT}), 20, "not confirmed", "--yes")
    assert "dropped dev" in run_cli(["db", "reset", "--yes"], folder.root, {**AGENT, **CONSENT}).stdout
