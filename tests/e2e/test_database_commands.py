"""`db`: the embedded server."""

import re
import socket

import psycopg
import pytest

from tests.support.cli import TWO, RunCli, RunJson, assert_presentable, assert_refused
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


def test_a_client_without_sockets_gets_a_url_that_asks_for_a_password(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = project(TWO, sealed=True)

    def run(*args: str) -> str:
        done = run_cli([*args], folder.root)
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    run("up")
    url = run("db", "url", "--tcp")
    found = re.fullmatch(r"postgres://postgres:([0-9a-f]{32})@127\.0\.0\.1:(\d+)/dev\?sslmode=disable", url)
    assert found
    password, port = found.groups()
    query = "select count(*) from public.schema_migrations"
    with psycopg.connect(url) as client:
        assert client.execute(query).fetchone() == (2,)
    for wrong in ("wrong", ""):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, wrong), passfile="/dev/null").close()
    # Nobody else sees it, and everything else works as before.
    for args in (["status"], ["doctor"], ["db", "url"], ["db", "start"]):
        done = run_cli([*args, "--verbose"], folder.root)
        assert done.returncode == 0
        assert password not in done.stdout + done.stderr
    # It stays what it is, also for a server that another command starts.
    assert run_json(["db", "url", "--tcp"], folder.root)["url"] == url
    run("db", "stop")
    assert "nothing is pending" in run("up")
    with psycopg.connect(url) as client:
        assert client.execute(query).fetchone() == (2,)
    # The port of another program is not ours to take.
    run("db", "stop")
    with socket.create_server(("127.0.0.1", int(port))):
        other = run("db", "url", "--tcp")
        assert other != url
        psycopg.connect(other).close()


@pytest.mark.parametrize("chosen", ["markdown", "github"])
def test_a_password_goes_into_no_report(project: MakeProject, run_cli: RunCli, chosen: str) -> None:
    folder = project(TWO)
    done = run_cli(["db", "url", "--tcp", "--format", chosen], folder.root)
    assert_refused(done, 2, "a password, which belongs in no report", "db url --help")
    assert not (folder.root / ".dbmate-wrap").exists()
