"""The server gets in the way: it stops, refuses, runs out of patience or of space; the report is true."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from dbmate_wrap.cluster import binaries, postmaster
from dbmate_wrap.cluster import server as cluster
from dbmate_wrap.cluster.temporary import temporary
from tests.support.cli import (
    TWO,
    CliResult,
    RunCli,
    Running,
    applied,
    assert_refused,
    sessions,
    started,
    tables,
    wait_for,
)
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, Server, TcpServer
from tests.support.standby import run_standby

pytestmark = pytest.mark.faults

NAP = "select pg_sleep(current_setting('test.nap')::float);"
SLEEPS = {**TWO, "002_b.sql": migration(f"create table public.b (i int); {NAP}", "drop table public.b;")}
BLOCKED = {**TWO, "002_b.sql": migration("alter table public.a add column j int;")}
HASTY = {"DBMATE_WRAP_LOCK_TIMEOUT": "300ms", "DBMATE_WRAP_LOCK_RETRIES": "2"}


@dataclass(frozen=True)
class Staging:
    """A project, and a database as its environment `staging`."""

    folder: ProjectFolder
    database: Database
    url: str
    run_cli: RunCli
    clean_environment: Mapping[str, str]

    def up(self, *options: str, env: Mapping[str, str] | None = None, url: str | None = None) -> CliResult:
        environment = {"STAGING_DATABASE_URL": url or self.url, **(env or {})}
        return self.run_cli(["up", "-e", "staging", *options], self.folder.root, environment)

    @contextmanager
    def running(self, env: Mapping[str, str] | None = None) -> Iterator[Running]:
        """`up` in the background."""
        environment = {**self.clean_environment, "STAGING_DATABASE_URL": self.url, **(env or {})}
        args = ["up", "-e", "staging", "--format", "json"]
        with started(args, self.folder.root, environment) as running:
            yield running

    def sleeps(self) -> bool:
        query = "select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()"
        return bool(self.database.execute(query))

    def nap(self, seconds: int) -> None:
        """For how long migrations sleep from now on."""
        self.database.execute(f"alter database {self.database.name} set test.nap = {seconds}")

    def assert_next_run_works(self, url: str | None = None) -> None:
        """The next run applies what is left, nothing twice, and leaves no session."""
        self.nap(0)
        done = self.up(url=url)
        assert done.returncode == 0, done.stderr
        assert applied(self.database) == ["001", "002"]
        wait_for(lambda: not sessions(self.database), "the end of our sessions")


Make = Callable[..., Staging]


@pytest.fixture
def staging(project: MakeProject, run_cli: RunCli, clean_environment: Mapping[str, str]) -> Make:
    """`staging(files, database)`, or with an account that is no superuser `staging(files, database, url)`."""

    def make(files: Mapping[str, str], database: Database, url: str | None = None, **more: str) -> Staging:
        folder = project(files, sealed=True, **more)
        made = Staging(folder, database, url or database.url, run_cli, clean_environment)
        made.nap(30)
        return made

    return make


@pytest.fixture
def own_database(tcp_server: TcpServer) -> Iterator[Database]:
    """A database that belongs to the role `app`, on a server with passwords."""
    with tcp_server.new_database() as made:
        tcp_server.execute(f"alter database {made.name} owner to app")
        yield made


@pytest.fixture(scope="module")
def private() -> Iterator[Server]:
    """A server of this file alone, which it may stop; what is committed there survives that."""
    found = binaries.embedded()
    with temporary(found, durable=True) as endpoint:
        yield Server(endpoint.socket_dir, endpoint.port, endpoint.user, found.major, found.bin_dir)


@pytest.fixture
def private_database(private: Server) -> Iterator[Database]:
    with private.new_database() as made:
        yield made


def home_of(server: Server) -> Path:
    """What `cluster` calls the home of the server."""
    [(data,)] = server.execute("show data_directory")
    return Path(data).parent


MODES = pytest.mark.parametrize("mode", [postmaster.FAST, postmaster.IMMEDIATE], ids=["fast", "immediate"])


def stop(home: Path, mode: int) -> None:
    """What `pg_ctl stop -m` does."""
    state = cluster.state(home)
    assert state.data is not None
    assert state.pid is not None
    assert postmaster.shut_down(state.pid, state.data, mode=mode)


@MODES
def test_the_server_is_restarted_amid_a_migration(
    staging: Make, private: Server, private_database: Database, mode: int
) -> None:
    scene = staging(SLEEPS, private_database)
    home = home_of(private)
    with scene.running() as running:
        wait_for(scene.sleeps, "the migration")
        stop(home, mode)
        cluster.start(home, binaries.embedded())
        done = running.finish()
    assert_refused(done, 21, "1 migration applied, 1 not, beginning with 002_b.sql", "up -e staging` again")
    assert done.json()["applied"] == ["001"]
    assert (applied(private_database), "b" in tables(private_database)) == (["001"], False)
    scene.assert_next_run_works()


@MODES
def test_the_server_is_stopped_amid_a_migration_and_started_later(
    staging: Make, private: Server, private_database: Database, mode: int
) -> None:
    scene = staging(SLEEPS, private_database)
    home = home_of(private)
    try:
        with scene.running({"DBMATE_WRAP_CONNECT_TIMEOUT": "2s"}) as running:
            wait_for(scene.sleeps, "the migration")
            stop(home, mode)
            done = running.finish()
    finally:
        cluster.start(home, binaries.embedded())
    assert_refused(done, 21, "what was applied is not known", "find out with `dbmate-wrap status -e staging`")
    assert (applied(private_database), "b" in tables(private_database)) == (["001"], False)
    scene.assert_next_run_works()


def test_statement_timeout_is_told_with_its_code(staging: Make, embedded_database: Database) -> None:
    scene = staging(SLEEPS, embedded_database)
    done = scene.up("--format", "json", env={"DBMATE_WRAP_STATEMENT_TIMEOUT": "400ms"})
    assert_refused(done, 30, "002_b.sql.*statement timeout.*57014", "rolled back")
    document = done.json()
    error = document["error"]
    assert isinstance(error, dict)
    assert (error["sqlstate"], error["migration"], document["applied"]) == ("57014", "002_b.sql", ["001"])
    assert "b" not in tables(embedded_database)
    scene.assert_next_run_works()


@contextmanager
def blocker(
    database: Database, statement: str = "lock table public.a"
) -> Iterator[psycopg.Connection[object]]:
    """A session that has run the statement in an open transaction."""
    with psycopg.connect(database.url, application_name="the-blocker") as other:
        other.execute(statement.encode())
        yield other


def test_who_blocks_is_named_and_the_migration_is_tried_again_until_the_way_is_free(
    staging: Make, embedded_database: Database
) -> None:
    scene = staging(BLOCKED, embedded_database)
    assert scene.up("--to", "1").returncode == 0
    env = {"DBMATE_WRAP_LOCK_TIMEOUT": "1500ms", "DBMATE_WRAP_LOCK_RETRIES": "8"}
    with blocker(embedded_database) as other, scene.running(env) as running:
        assert running.process.stderr is not None
        said = ""
        while "trying again in" not in said:
            line = running.process.stderr.readline()
            assert line, said
            said += line
        other.rollback()
        done = running.finish()
    assert done.returncode == 0, done.stderr
    assert "blocked by pid " in said
    assert "the-blocker" in said
    assert done.json()["applied"] == ["002"]
    scene.assert_next_run_works()


def test_a_lock_that_is_never_free_is_24_with_who_blocked(staging: Make, embedded_database: Database) -> None:
    scene = staging(BLOCKED, embedded_database)
    assert scene.up("--to", "1").returncode == 0
    with blocker(embedded_database) as other:
        begun = time.monotonic()
        done = scene.up(env=HASTY)
        assert time.monotonic() - begun < 6
        assert_refused(
            done, 24, "002_b.sql.*55P03", rf"blocked by pid {other.info.backend_pid} \(the-blocker"
        )
    assert done.stderr.count("trying again in") == 2
    scene.assert_next_run_works()


def test_without_retries_there_is_one_try(staging: Make, embedded_database: Database) -> None:
    scene = staging(BLOCKED, embedded_database)
    assert scene.up("--to", "1").returncode == 0
    with blocker(embedded_database):
        done = scene.up(env={**HASTY, "DBMATE_WRAP_LOCK_RETRIES": "0"})
    assert_refused(done, 24, "002_b.sql.*55P03", "the-blocker")
    assert "trying again" not in done.stderr
    scene.assert_next_run_works()


DEADLY = {
    **TWO,
    "002_b.sql": migration("lock table public.one; select pg_sleep(0.8); lock table public.two;"),
}
ONE_AND_TWO = "create table public.one (i int); create table public.two (i int);"


@contextmanager
def deadlocks(database: Database, count: int) -> Iterator[None]:
    """So many times, take the locks of `DEADLY` in the other order, and let the migration be the victim."""

    def cross() -> None:
        for _ in range(count):
            with psycopg.connect(database.url) as other:
                # Whoever notices the deadlock first is its victim.
                other.execute("set deadlock_timeout = '1min'")
                wait_for(lambda: locked(database, "one"), "the migration")
                other.execute("lock table public.two")
                other.execute("lock table public.one")

    thread = threading.Thread(target=cross)
    thread.start()
    yield
    thread.join()


def locked(database: Database, table: str) -> bool:
    return bool(
        database.execute(f"select 1 from pg_locks where relation = 'public.{table}'::regclass and granted")
    )


def prepare_deadlock(scene: Staging) -> None:
    assert scene.up("--to", "1").returncode == 0
    scene.database.execute(ONE_AND_TWO)
    scene.database.execute(f"alter database {scene.database.name} set deadlock_timeout = '100ms'")


def test_a_deadlock_is_tried_again_once(staging: Make, embedded_database: Database) -> None:
    scene = staging(DEADLY, embedded_database)
    prepare_deadlock(scene)
    with deadlocks(embedded_database, 1):
        done = scene.up()
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trying again in") == 1
    scene.assert_next_run_works()


def test_a_second_deadlock_is_told(staging: Make, embedded_database: Database) -> None:
    scene = staging(DEADLY, embedded_database)
    prepare_deadlock(scene)
    with deadlocks(embedded_database, 2):
        done = scene.up()
    assert_refused(done, 24, "002_b.sql.*40P01", "nothing of it stayed")
    assert done.stderr.count("trying again in") == 1
    scene.assert_next_run_works()


def test_a_standby_is_refused(staging: Make, private: Server, private_database: Database) -> None:
    scene = staging(TWO, private_database)
    with run_standby(private) as standby:
        done = scene.up(url=standby.url(private_database.name))
    assert_refused(done, 22, "primary: the server is a standby", "name the primary")
    assert tables(private_database) == []
    scene.assert_next_run_works()


def test_a_standby_on_which_nothing_is_pending_is_no_failure(
    staging: Make, private: Server, private_database: Database
) -> None:
    scene = staging({"001_a.sql": migration("create table public.a (i int);")}, database=private_database)
    private_database.execute(
        "create table public.schema_migrations (version varchar primary key);"
        "insert into public.schema_migrations values ('001')"
    )
    with run_standby(private) as standby:
        done = scene.up(url=standby.url(private_database.name))
    assert done.returncode == 0, done.stderr
    assert "notice: the database is not stamped: the server is a standby" in done.stderr
    assert "stamped" not in done.stdout


def test_a_read_only_database_is_refused(staging: Make, embedded_database: Database) -> None:
    scene = staging(TWO, embedded_database)
    change = f"alter database {embedded_database.name}"
    embedded_database.execute(f"{change} set default_transaction_read_only = on")
    done = scene.up()
    assert_refused(
        done, 22, "writable: every transaction here is read-only", "reset default_transaction_read_only"
    )
    embedded_database.server.execute(f"{change} reset default_transaction_read_only")
    assert tables(embedded_database) == []
    scene.assert_next_run_works()


def test_a_wrong_password_and_an_expired_role_are_told(staging: Make, own_database: Database) -> None:
    server = own_database.server
    assert isinstance(server, TcpServer)
    scene = staging(TWO, own_database, server.tcp_url(own_database.name, user="app"))
    wrong = server.tcp_url(own_database.name, user="app", password="quite-wrong")
    assert_refused(scene.up(url=wrong), 21, 'the password for user "app" .* was not accepted', "doctor")
    server.execute("create role temp login password 'temp' valid until '2020-01-01' in role app")
    try:
        expired = server.tcp_url(own_database.name, user="temp", password="temp")
        assert_refused(
            scene.up(url=expired), 21, 'the password for user "temp" .* was not accepted', "expired"
        )
    finally:
        server.execute("drop role temp")
    assert tables(own_database) == []
    scene.assert_next_run_works()


def test_privileges_that_are_missing_are_told_before_anything_is_done(
    staging: Make, tcp_server: TcpServer
) -> None:
    with tcp_server.new_database() as database:
        scene = staging(TWO, database, tcp_server.tcp_url(database.name, user="app"))
        done = scene.up()
        assert_refused(
            done, 22, "privileges: app lacks CREATE .*public", 'grant create, usage on schema "public"'
        )
        database.execute(f"revoke connect on database {database.name} from public")
        done = scene.up()
        assert_refused(done, 21, 'does not let user "app" in: .*permission denied', "CONNECT on the database")
        assert tables(database) == []
        database.execute(
            f"grant connect on database {database.name} to app; grant create on schema public to app"
        )
        scene.assert_next_run_works()


@contextmanager
def tiny_disk(folder: Path) -> Iterator[None]:
    """A file system of 64 KiB in `folder`, where this account may mount one."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a tmpfs")
    try:
        (folder / "ballast").write_bytes(b"x" * 60_000)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_for_the_dump_takes_nothing_back(
    staging: Make, embedded_database: Database, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    toml = f'dump_schema = true\nschema_file = "{disk}/schema.sql"\n'
    files = {**TWO, "002_b.sql": migration(f"create table public.b (i int default {'1 + ' * 3000} 1);")}
    scene = staging(files, embedded_database, toml=toml)
    with tiny_disk(disk):
        done = scene.up("--format", "json")
        assert done.returncode == 10, done
        assert_refused(
            done, done.returncode, "2 migrations applied, but the schema file was not written", "."
        )
        assert done.json()["applied"] == ["001", "002"]
        assert sorted(path.name for path in disk.iterdir()) == ["ballast"]
        assert applied(embedded_database) == ["001", "002"]
        (disk / "ballast").unlink()
        scene.assert_next_run_works()
        dumped = scene.run_cli(
            ["dump", "-e", "staging"], scene.folder.root, {"STAGING_DATABASE_URL": scene.url}
        )
        assert dumped.returncode == 0, dumped.stderr
        assert "CREATE TABLE public.b" in (disk / "schema.sql").read_text()
