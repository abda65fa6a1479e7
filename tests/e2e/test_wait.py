"""`wait`: reads only, with the least rights, until somebody else has applied the migrations."""

import signal
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster import server as cluster
from tests.support.cli import (
    TWO,
    CliResult,
    Document,
    RunCli,
    RunJson,
    Running,
    assert_refused,
    sessions,
    staging,
    started,
    wait_for,
)
from tests.support.projects import MakeProject
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.e2e

WAIT = ["wait", "-e", "staging"]
LOOK = [*WAIT, "--timeout", "0"]
UP = ["up", "-e", "staging"]
READ = "grant usage on schema public to {role}; grant select on public.schema_migrations to {role}"


@pytest.fixture
def reader(database: Database) -> Iterator[str]:
    """A role that may connect, and nothing else."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {name} login; revoke usage on schema public from public")
    yield name
    database.execute(f"drop owned by {name} cascade; drop role {name}")


def as_reader(database: Database, reader: str) -> dict[str, str]:
    """The database as staging, as that role sees it, where no dbmate is."""
    url = database.url.replace(f"{database.server.superuser}@", f"{reader}@")
    return {"STAGING_DATABASE_URL": url, "DBMATE_WRAP_DBMATE_PATH": "/nowhere/dbmate"}


def first_line(running: Running) -> str:
    assert running.process.stderr is not None
    return running.process.stderr.readline()


@pytest.mark.both_majors
def test_a_role_that_may_only_read_the_history_waits_for_the_first_run(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: Mapping[str, str],
    database: Database,
    reader: str,
) -> None:
    folder = project(TWO, sealed=True, toml='[environments.staging]\nrole = "owner_of_all"\n')
    before = database.execute("select count(*) from pg_class")
    with started(WAIT, folder.root, {**clean_environment, **as_reader(database, reader)}) as running:
        assert first_line(running) == (
            "waiting at most 10m for the migrations in db/migrations:"
            " there is no table public.schema_migrations yet\n"
        )
        assert database.execute("select count(*) from pg_class") == before
        up = run_cli(UP, folder.root, {**staging(database), "DBMATE_WRAP_ROLE": "postgres"})
        assert up.returncode == 0, up.stderr
        # The table is there, and the role may not read it: that may come.
        database.execute(READ.format(role=reader))
        done = running.finish()
    assert done.returncode == 0, done.stderr
    assert "002_b.sql is applied; waited " in done.stdout
    wait_for(lambda: not sessions(database), "the end of our sessions")


def test_the_time_is_over_while_something_is_pending(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    assert run_cli([*UP, "--to", "001"], folder.root, env).returncode == 0
    done = run_cli([*WAIT, "--timeout", "600ms"], folder.root, env)
    assert done.returncode == 32
    assert done.stderr == (
        "waiting at most 600ms for the migrations in db/migrations: 002_b.sql is pending\n"
    )
    assert "\n\n002_b.sql is pending (given up after 600ms; it was so for " in done.stdout
    quiet = run_cli([*LOOK, "-q"], folder.root, env)
    assert (quiet.returncode, quiet.stderr) == (32, "")
    document = run_json(LOOK, folder.root, env)
    assert document["exit"] == {"code": 32, "name": "pending"}
    assert document["applied"] == []
    rows = document["migrations"]
    assert isinstance(rows, list)
    assert [(row["version"], row["state"], row["phase"]) for row in rows] == [("002", "pending", "before")]


def test_a_version_is_waited_for_where_there_is_nothing_but_the_command(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database, tmp_path: Path
) -> None:
    env, image = staging(embedded_database), tmp_path / "image"
    image.mkdir()
    assert run_cli(UP, project(TWO, sealed=True).root, env).returncode == 0
    done = run_cli([*LOOK, "--for", "2"], image, env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n\n002 is applied\n")
    document = run_json([*LOOK, "--for", "003_c.sql"], image, env)
    assert document["exit"] == {"code": 32, "name": "pending"}
    assert_refused(run_cli(LOOK, image, env), 10, "migrations folder .* does not exist", "--for 012")
    assert list(image.iterdir()) == []


def test_a_server_that_is_not_there_yet_is_waited_for(
    project: MakeProject, clean_environment: Mapping[str, str], run_cli: RunCli, tmp_path: Path
) -> None:
    home = tmp_path / "server"
    endpoint = cluster.start(home, binaries.embedded(), durable=False)
    try:
        url = f"postgres://{endpoint.user}@/postgres?host={endpoint.socket_dir}&port={endpoint.port}"
        env, folder = {"STAGING_DATABASE_URL": url}, project(TWO, sealed=True)
        assert run_cli(UP, folder.root, env).returncode == 0
        cluster.stop(home)
        with started(WAIT, folder.root, {**clean_environment, **env}) as running:
            assert "in db/migrations: nothing answers on " in first_line(running)
            cluster.start(home, binaries.embedded(), durable=False)
            done = running.finish()
        cluster.stop(home)
        gone = run_cli(LOOK, folder.root, env)
    finally:
        cluster.destroy(home)
    assert done.returncode == 0, done.stderr
    cause = "^error: staging, URL from STAGING_DATABASE_URL in the process environment: nothing answers on"
    assert_refused(gone, 21, cause, "start the server")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_signal_ends_it_with_what_was_seen(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    embedded_database: Database,
    judged: Callable[[CliResult], Document],
    number: int,
    code: int,
) -> None:
    env = {**clean_environment, **staging(embedded_database)}
    with started([*WAIT, "--format", "json"], project(TWO, sealed=True).root, env) as running:
        assert "there is no table" in first_line(running)
        running.signal(number)
        done = running.finish()
    assert done.returncode == code
    document = judged(done)
    assert document["target"] is not None
    assert "there is no table public.schema_migrations yet" in str(document["error"])
    assert embedded_database.execute("select to_regclass('public.schema_migrations')") == [(None,)]


def test_a_wrong_password_and_a_wrong_role_end_it_at_once(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    root = project(TWO, sealed=True).root
    for user, words in (("app", "was not accepted"), ("nobody_at_all", "was not accepted|does not let")):
        url = tcp_server.tcp_url("postgres", user=user, password="wrong-one")
        done = run_cli(WAIT, root, {"STAGING_DATABASE_URL": url})
        assert_refused(done, 21, words, ".")
        assert "wrong-one" not in done.stderr + done.stdout
