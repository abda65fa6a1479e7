"""The last release and this one work on one database and one project, in turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import TWO, CliResult, Document, RunCli, RunJson, applied, staging
from tests.support.former_tool import FormerTool, unpack_former_tool
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

THIRD = migration("create table public.c (i int);", "drop table public.c;")


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> FormerTool:
    return unpack_former_tool(tmp_path_factory.mktemp("former"))


@dataclass(frozen=True)
class Tool:
    """One of the two, in one project, with its environment."""

    run: Callable[..., CliResult]
    read: Callable[..., Document]
    root: Path
    env: Mapping[str, str]

    def ok(self, *args: str) -> CliResult:
        done = self.run(args, self.root, self.env)
        assert done.returncode == 0, (args, done)
        return done

    def states(self) -> dict[str, str]:
        """The state of each migration, by its version."""
        found = self.read(["status", "-e", "staging"], self.root, self.env)["migrations"]
        assert isinstance(found, list)
        return {each["version"]: each["state"] for each in found}

    def ledger(self) -> list[tuple[str, str]]:
        """Version and origin of each line, oldest first."""
        found = self.read(["history", "-e", "staging"], self.root, self.env)["entries"]
        assert isinstance(found, list)
        return [(each["version"], each["how"]) for each in found]


@pytest.fixture(params=["the former first", "the former last"])
def tools(
    request: pytest.FixtureRequest,
    former: FormerTool,
    run_cli: RunCli,
    run_json: RunJson,
    clean_environment: dict[str, str],
    project: MakeProject,
    embedded_database: Database,
) -> tuple[Tool, Tool]:
    """The two tools on a project with two migrations and an empty database, which both may write to."""
    # The databases' own server is the shadow server too: no other has to be started.
    env = {
        **staging(embedded_database),
        "DBMATE_WRAP_SHADOW": "url",
        "DBMATE_WRAP_SHADOW_URL": embedded_database.server.url("postgres"),
    }
    root = project(TWO).root
    old = Tool(former.run, former.json, root, {**clean_environment, **env})
    new = Tool(run_cli, run_json, root, env)
    return (old, new) if request.param == "the former first" else (new, old)


def test_the_code_of_the_former_release_is_what_runs(former: FormerTool, tmp_path: Path) -> None:
    assert former.origin(tmp_path).is_relative_to(former.folder)


def test_what_one_has_written_the_other_reads_goes_on_with_and_undoes(
    tools: tuple[Tool, Tool], embedded_database: Database
) -> None:
    one, other = tools
    one.ok("seal")
    one.ok("up", "-e", "staging")
    assert other.states() == {"001": "applied", "002": "applied"}
    assert other.ledger() == [("001", "applied"), ("002", "applied")]
    other.ok("drift", "-e", "staging")
    other.ok("check")
    # The stamp: another environment's command is refused.
    elsewhere = {**other.env, "PRODUCTION_DATABASE_URL": embedded_database.url}
    del elsewhere["STAGING_DATABASE_URL"]
    assert other.run(["up", "-e", "production", "--yes"], other.root, elsewhere).returncode == 20
    (other.root / "db/migrations/003_c.sql").write_text(THIRD)
    other.ok("seal")
    other.ok("up", "-e", "staging")
    assert applied(embedded_database) == ["001", "002", "003"]
    assert one.states() == {"001": "applied", "002": "applied", "003": "applied"}
    one.ok("rollback", "-e", "staging")
    assert other.states()["003"] == "pending"
    assert other.ledger()[-1] == ("003", "rolled-back")
    embedded_database.execute("delete from public.schema_migrations where version = '002'")
    assert other.run(["up", "-e", "staging"], other.root, other.env).returncode == 13


def test_a_snapshot_of_one_is_a_baseline_for_the_other(
    tools: tuple[Tool, Tool], embedded_database: Database
) -> None:
    one, other = tools
    for file in (one.root / "db/migrations").iterdir():
        file.unlink()
    embedded_database.execute("create table public.a (i int, note text)")
    one.ok("snapshot", "-e", "staging")
    one.ok("seal")
    other.ok("baseline", "-e", "staging")
    assert one.states() == {"001": "applied"}
