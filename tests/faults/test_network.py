"""What is between us and the server breaks: poolers, cut connections, and hosts that never answer."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbmate_wrap.postgres.advisory_lock import KEY
from tests.support.cli import (
    PATIENCE,
    TWO,
    CliResult,
    RunCli,
    applied,
    assert_refused,
    sessions,
    started,
    tables,
    wait_for,
)
from tests.support.network import Proxy, black_hole, run_proxy
from tests.support.poolers import find_pgbouncer, run_pooler
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.faults

NAP = "select pg_sleep(current_setting('test.nap')::float);"
SLEEPS = {**TWO, "002_b.sql": migration(f"create table public.b (i int); {NAP}", "drop table public.b;")}
QUICK = {"DBMATE_WRAP_CONNECT_TIMEOUT": "2s"}
SHORT = {"DBMATE_WRAP_LOCK_TIMEOUT": "300ms", "DBMATE_WRAP_LOCK_RETRIES": "1"}


@pytest.fixture
def database(tcp_server: TcpServer) -> Iterator[Database]:
    """A database that belongs to the role `app`."""
    with tcp_server.new_database() as made:
        tcp_server.execute(f"alter database {made.name} owner to app")
        tcp_server.execute(f"alter database {made.name} set test.nap = 30")
        yield made


@pytest.fixture
def direct(tcp_server: TcpServer, database: Database) -> dict[str, str]:
    """`staging` with nothing in between."""
    return {"STAGING_DATABASE_URL": tcp_server.tcp_url(database.name, user="app")}


@pytest.fixture(scope="module")
def pgbouncer() -> Path:
    """PgBouncer's program."""
    found = find_pgbouncer()
    if found is None:
        pytest.skip("no pgbouncer on this machine (Debian: apt-get install pgbouncer)")
    return found


@pytest.fixture
def proxy(tcp_server: TcpServer) -> Iterator[Proxy]:
    with run_proxy(tcp_server) as running:
        yield running


def up(run_cli: RunCli, folder: ProjectFolder, env: Mapping[str, str]) -> CliResult:
    return run_cli(["up", "-e", "staging"], folder.root, env, timeout=PATIENCE)


def assert_next_run_works(
    run_cli: RunCli, folder: ProjectFolder, env: Mapping[str, str], database: Database
) -> None:
    """The next run applies what is left, nothing twice, and leaves no session."""
    database.execute(f"alter database {database.name} set test.nap = 0")
    done = up(run_cli, folder, env)
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002"]
    wait_for(lambda: not sessions(database), "the end of our sessions")


def test_a_pooler_in_transaction_mode_is_refused_before_any_lock(
    pgbouncer: Path,
    tcp_server: TcpServer,
    project: MakeProject,
    run_cli: RunCli,
    database: Database,
    direct: Mapping[str, str],
) -> None:
    folder = project(TWO, sealed=True)
    with run_pooler(pgbouncer, tcp_server, "transaction") as pooler, database.connect() as other:
        # Whoever came to ask for the lock would end with 23.
        other.execute(f"select pg_advisory_lock({KEY})".encode())
        env = {"STAGING_DATABASE_URL": pooler.url(database.name), "DBMATE_WRAP_ADVISORY_LOCK_WAIT": "1s"}
        done = up(run_cli, folder, env)
    assert_refused(done, 22, "pooler: a pooler in transaction or statement mode", "direct URL")
    assert tables(database) == []
    assert_next_run_works(run_cli, folder, direct, database)


def test_up_works_through_a_pooler_in_session_mode_and_says_what_is_lost(
    pgbouncer: Path, tcp_server: TcpServer, project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(TWO, sealed=True)
    with run_pooler(pgbouncer, tcp_server, "session") as pooler:
        env = {"STAGING_DATABASE_URL": pooler.url(database.name), "DBMATE_WRAP_STATEMENT_TIMEOUT": "7s"}
        done = up(run_cli, folder, env)
        assert done.returncode == 0, done.stderr
        [warning] = [line for line in done.stderr.splitlines() if "pooler" in line]
        assert warning.startswith("warning: lock_timeout and statement_timeout cannot be handed on")
        assert "use a direct URL" in warning
        role = f'alter role "app" in database "{database.name}" set'
        assert f"{role} lock_timeout = '5000ms'; {role} statement_timeout = '7000ms'" in warning
        assert_next_run_works(run_cli, folder, env, database)


def test_a_default_of_the_role_gives_a_run_through_a_pooler_its_lock_timeout(
    pgbouncer: Path, tcp_server: TcpServer, project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project({**TWO, "002_b.sql": migration("alter table public.a add column j int;")}, sealed=True)
    database.execute(f"alter role app in database {database.name} set lock_timeout = '300ms'")
    with run_pooler(pgbouncer, tcp_server, "session") as pooler:
        env = {"STAGING_DATABASE_URL": pooler.url(database.name), **SHORT}
        assert run_cli(["up", "-e", "staging", "--to", "1"], folder.root, env).returncode == 0
        with database.connect() as other, other.transaction():
            other.execute("lock table public.a")
            done = up(run_cli, folder, env)
        assert_refused(done, 24, "lock timeout", r"blocked by pid \d+")
        assert "cannot be handed on" not in done.stderr
        assert_next_run_works(run_cli, folder, env, database)


def test_a_run_through_a_pooler_that_is_stopped_leaves_no_session(
    pgbouncer: Path,
    tcp_server: TcpServer,
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: Mapping[str, str],
    database: Database,
) -> None:
    folder = project(SLEEPS, sealed=True)
    # A connection that PgBouncer keeps would not hear of the shorter nap.
    with run_pooler(pgbouncer, tcp_server, "session", {"server_lifetime": "0"}) as pooler:
        env = {"STAGING_DATABASE_URL": pooler.url(database.name)}
        with started(["up", "-e", "staging"], folder.root, {**clean_environment, **env}) as running:
            wait_for(lambda: sleeping(database), "the migration")
            running.signal(signal.SIGTERM)
            done = running.finish()
        assert_refused(
            done, 143, "stopped: 1 migration applied, 1 not, beginning with 002_b.sql", "up -e staging` again"
        )
        # PgBouncer's own connections may stay, without our names.
        wait_for(lambda: not sessions(database), "the end of our sessions")
        assert not sleeping(database)
        assert applied(database) == ["001"]
        assert_next_run_works(run_cli, folder, env, database)


def sleeping(database: Database) -> bool:
    """Whether a migration is at its pg_sleep."""
    query = f"select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = '{database.name}'"
    return bool(database.execute(query))


Breaks = Callable[[Proxy, Database], object]


@dataclass(frozen=True)
class Scene:
    """A run of two migrations through the proxy, of which the second sleeps."""

    folder: ProjectFolder
    proxy: Proxy
    database: Database
    clean_environment: Mapping[str, str]
    run_cli: RunCli
    direct: Mapping[str, str]

    def broken(
        self, breaks: Breaks, *args: str, env: Mapping[str, str] | None = None
    ) -> tuple[CliResult, float]:
        """Start it, break something while the migration sleeps; the answer, and the seconds until it came."""
        through = {"STAGING_DATABASE_URL": self.proxy.url(self.database.name), **(env or {})}
        command = [*(args or ("up",)), "-e", "staging", "--format", "json"]
        with started(command, self.folder.root, {**self.clean_environment, **through}) as running:
            wait_for(lambda: sleeping(self.database) or running.process.poll() is not None, "the migration")
            assert breaks(self.proxy, self.database)
            begun = time.monotonic()
            done = running.finish()
        return done, time.monotonic() - begun

    def told(self, done: CliResult, code: int, cause: str, remedy: str) -> None:
        """The code and the report are true: 001 is applied and no more; nothing is left on the server."""
        assert_refused(done, code, cause, remedy)
        assert done.json()["applied"] == ["001"]
        assert applied(self.database) == ["001"]
        wait_for(lambda: not sessions(self.database), "the end of our sessions")
        assert "b" not in tables(self.database)

    def assert_next_run_works(self) -> None:
        assert_next_run_works(self.run_cli, self.folder, self.direct, self.database)


@pytest.fixture
def scene(
    project: MakeProject,
    proxy: Proxy,
    database: Database,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    direct: Mapping[str, str],
) -> Scene:
    return Scene(project(SLEEPS, sealed=True), proxy, database, clean_environment, run_cli, direct)


def end_lock(proxy: Proxy, database: Database) -> object:
    """As an administrator does who looks for the holder of the lock."""
    return database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        rf" where application_name like 'dbmate-wrap/%/lock' and datname = '{database.name}'"
    )


def test_every_connection_is_cut_amid_a_statement(scene: Scene) -> None:
    done, seconds = scene.broken(lambda proxy, _: proxy.cut())
    scene.told(
        done, 21, "the connection was lost.*: 1 migration applied, 1 not, .* 002_b", "up -e staging` again"
    )
    assert seconds < 4
    scene.assert_next_run_works()


def test_only_dbmates_connection_is_cut(scene: Scene) -> None:
    done, seconds = scene.broken(lambda proxy, _: proxy.cut("/dbmate"))
    scene.told(
        done, 30, "002_b.sql: .*(bad connection|reset by peer)", "its transaction was rolled back: run again"
    )
    assert seconds < 4
    scene.assert_next_run_works()


@pytest.mark.parametrize("breaks", [end_lock, lambda proxy, _: proxy.cut("/lock")], ids=["ended", "cut"])
def test_only_the_lock_is_lost(scene: Scene, breaks: Breaks) -> None:
    done, seconds = scene.broken(breaks)
    scene.told(done, 23, "the advisory lock was lost .*: 1 migration applied, 1 not", "up -e staging` again")
    assert seconds < 5
    scene.assert_next_run_works()


def test_only_our_own_connection_is_cut(scene: Scene) -> None:
    def breaks(proxy: Proxy, database: Database) -> object:
        [own] = [name for name in proxy.names() if name.count("/") == 1]
        # dbmate goes on: it is asked to end only when it has.
        database.execute("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")
        return proxy.cut(own)

    done, seconds = scene.broken(breaks)
    scene.told(
        done, 21, "the connection was lost.*: 1 migration applied, 1 not, .* 002_b", "up -e staging` again"
    )
    assert seconds < 4
    scene.assert_next_run_works()


@pytest.mark.parametrize("ending", ["", "/lock"], ids=["all", "lock"])
def test_connections_through_which_nothing_comes_any_more_are_given_up(scene: Scene, ending: str) -> None:
    def breaks(proxy: Proxy, _: Database) -> object:
        if not ending:
            proxy.stalls_new = ""
        return proxy.stall(ending)

    # A query may take three times as long.
    done, seconds = scene.broken(breaks, env={"DBMATE_WRAP_CONNECT_TIMEOUT": "500ms"})
    told = "what was applied is not known" if not ending else "1 migration applied, 1 not"
    assert_refused(done, 23, f"the advisory lock was lost .*: {told}", "up -e staging` again")
    assert done.json()["applied"] == ([] if not ending else ["001"])
    assert seconds < 10
    scene.proxy.cut()
    scene.assert_next_run_works()


def test_a_rollback_that_loses_its_lock_is_stopped_and_told(
    scene: Scene, run_cli: RunCli, direct: Mapping[str, str], database: Database
) -> None:
    scene.folder.add("002_b.sql", migration("create table public.b (i int);", f"drop table public.b; {NAP}"))
    scene.folder.seal()
    assert up(run_cli, scene.folder, direct).returncode == 0
    done, seconds = scene.broken(end_lock, "rollback")
    assert_refused(done, 23, "the advisory lock was lost .*: 002_b.sql is still applied", "status")
    assert seconds < 5
    assert (applied(database), tables(database)[:2]) == (["001", "002"], ["a", "b"])
    wait_for(lambda: not sessions(database), "the end of our sessions")
    database.execute(f"alter database {database.name} set test.nap = 0")
    again = run_cli(["rollback", "-e", "staging"], scene.folder.root, direct)
    assert again.returncode == 0, again.stderr
    assert applied(database) == ["001"]


def test_a_rollback_whose_connections_are_cut_tells_the_truth(
    scene: Scene, run_cli: RunCli, direct: Mapping[str, str], database: Database
) -> None:
    scene.folder.add("002_b.sql", migration("create table public.b (i int);", f"drop table public.b; {NAP}"))
    scene.folder.seal()
    assert up(run_cli, scene.folder, direct).returncode == 0
    done, seconds = scene.broken(lambda proxy, _: proxy.cut(), "rollback")
    assert_refused(done, 21, "the connection was lost.*: 002_b.sql is still applied", "status")
    assert seconds < 4
    assert (applied(database), tables(database)[:2]) == (["001", "002"], ["a", "b"])
    scene.assert_next_run_works()


def test_a_cut_migration_outside_a_transaction_does_not_go_on_in_secret(
    scene: Scene, database: Database
) -> None:
    scene.folder.add("002_b.sql", migration(NAP, options="transaction:false"))
    scene.folder.seal()
    done, seconds = scene.broken(lambda proxy, _: proxy.cut("/dbmate"))
    scene.told(done, 31, "002_b.sql: ", "002_b.sql is not one transaction")
    assert not sleeping(database)
    assert seconds < 4
    scene.assert_next_run_works()


def test_dbmate_is_stopped_when_it_begins_a_migration_outside_a_transaction_anew(
    scene: Scene, database: Database
) -> None:
    def breaks(proxy: Proxy, database: Database) -> object:
        wait_for(lambda: any(name.endswith("/watch") for name in proxy.names()), "the first look")
        time.sleep(1)
        return proxy.hang_up("/dbmate")

    scene.folder.add("002_b.sql", migration(NAP, options="transaction:false"))
    scene.folder.seal()
    done, seconds = scene.broken(breaks)
    scene.told(done, 31, "002_b.sql: its connection was lost, dbmate began it again, and was stopped", ".")
    assert not sleeping(database)
    assert seconds < 6
    scene.assert_next_run_works()


def within(limit: float, run: Callable[[], CliResult]) -> CliResult:
    """Its answer, which must not take longer than that (and what a busy machine may need).

    Without a limit of ours the system gives up after two minutes or more.
    """
    begun = time.monotonic()
    done = run()
    assert time.monotonic() - begun < limit + 30
    return done


def test_a_host_that_drops_our_packets_is_given_up_in_time(
    project: MakeProject, run_cli: RunCli, direct: Mapping[str, str], database: Database
) -> None:
    folder = project(TWO, sealed=True)
    with black_hole() as port:
        env = {"STAGING_DATABASE_URL": f"postgres://app@127.0.0.1:{port}/d?sslmode=disable", **QUICK}
        done = within(3, lambda: up(run_cli, folder, env))
    assert_refused(done, 21, f"127.0.0.1:{port} did not answer in time", "connect_timeout")
    assert_next_run_works(run_cli, folder, direct, database)


@pytest.mark.parametrize("ending", ["", "/lock"], ids=["all", "lock"])
def test_a_server_that_accepts_and_never_answers_is_given_up_in_time(scene: Scene, ending: str) -> None:
    scene.proxy.stalls_new = ending
    env = {"STAGING_DATABASE_URL": scene.proxy.url(scene.database.name), **QUICK}
    done = within(3, lambda: up(scene.run_cli, scene.folder, env))
    assert_refused(done, 21, f"127.0.0.1:{scene.proxy.port} did not answer in time", "connect_timeout")
    assert "schema_migrations" not in tables(scene.database)
    scene.assert_next_run_works()


def test_dbmate_is_given_up_in_time_where_it_alone_gets_no_answer(scene: Scene) -> None:
    scene.proxy.stalls_new = "/dbmate"
    env = {"STAGING_DATABASE_URL": scene.proxy.url(scene.database.name), **QUICK}
    done = within(9, lambda: up(scene.run_cli, scene.folder, env))
    assert_refused(done, 21, "dbmate got no connection: .*i/o timeout", "up -e staging` again")
    assert "schema_migrations" not in tables(scene.database)
    scene.assert_next_run_works()
