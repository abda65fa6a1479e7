"""`db`: the embedded server."""

import pytest

from tests.support.cli import TWO, RunCli, assert_presentable, assert_refused
from tests.support.projects import MakeProject
from tests.support.servers import Database

pytestmark = pytest.mark.e2e


def test_the_life_of_the_embedded_database(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO, sealed=True)

    def run(*args: str) -> str:
        done = run_cli([*args], folder.root)
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout

    assert run("db", "stop") == "it was not running\n"
    url = run("db", "url").strip()
    assert url.startswith("postgres://postgres@/dev?host=")
    assert run("db", "start") == f"running: {url}\n"
    assert "2 migrations applied" in run("up")
    assert "nothing is pending" in run("up")
    assert run("db", "psql", "--", "-XAtc", "select count(*) from public.schema_migrations") == "2\n"
    assert "/test?" in run("db", "url", "-e", "test")
    assert "dropped dev" in run("db", "reset", "--yes")
    assert "2 pending" in run("status")
    assert "2 migrations applied" in run("up")
    assert run("db", "stop") == "stopped\n"
    assert "2 applied" in run("status")
    assert "rolled back 002_b.sql" in run("rollback")


def test_reset_asks_first_and_has_nothing_to_do_on_a_new_machine(
    project: MakeProject, run_cli: RunCli
) -> None:
    folder = project(TWO)
    assert_refused(run_cli(["db", "reset"], folder.root), 20, "not confirmed", "--yes")
    done = run_cli(["db", "reset", "--yes"], folder.root)
    assert (done.returncode, done.stdout) == (0, "there is no embedded database\n")
    assert not (folder.root / ".dbmate-wrap").exists()


@pytest.mark.parametrize("command", ["start", "stop", "url", "psql", "reset"])
def test_the_embedded_server_is_never_staging(project: MakeProject, run_cli: RunCli, command: str) -> None:
    folder = project(TWO)
    done = run_cli(["db", command, "-e", "staging"], folder.root)
    assert_refused(done, 2, "staging is never embedded", "for dev and test")
    assert not (folder.root / ".dbmate-wrap").exists()


def test_an_environment_with_a_url_is_not_embedded(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO)
    for command in (["start"], ["url"], ["psql"], ["reset", "--yes"]):
        done = run_cli(["db", *command], folder.root, {"DEV_DATABASE_URL": embedded_database.url})
        assert_refused(done, 2, "dev is not embedded: its URL comes from DEV_DATABASE_URL", "dev and test")
    assert not (folder.root / ".dbmate-wrap").exists()


def test_psql_that_fails_is_told(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(TWO)
    done = run_cli(["db", "psql", "--", "-Xc", "select 1/0"], folder.root)
    assert done.returncode == 30
    assert_presentable(done)
    assert "division by zero" in done.stderr
    assert "psql ended with 1" in done.stderr
