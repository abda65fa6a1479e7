"""Who blocks a session and how far its index build is, seen from another session, on real servers."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster import server as cluster
from dbmate_wrap.domain.activity import Activity, Blocker, blocked_lines
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.poller import Watched
from dbmate_wrap.postgres import activity
from dbmate_wrap.postgres.session import Session, connect
from tests.support.consoles import RecordedConsole
from tests.support.servers import Database, Server, run_server
from tests.support.sessions import open_session

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

WATCHED = "dbmate-wrap/0123456789ab/dbmate"
WATCHER = "dbmate-wrap/0123456789ab/watch"
SECRET = "hunter2"
HANG_SECONDS = 60.0


def url_of(database: Database, user: str = "postgres") -> DatabaseUrl:
    return replace(parse(database.url, os_user="postgres"), user=user)


def watching(database: Database, user: str = "postgres") -> Session:
    """A session that is prepared to look at others."""
    session = open_session(database, user, WATCHER)
    activity.prepare(session)
    return session


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with watching(database) as opened:
        yield opened


@pytest.fixture
def embedded_session(embedded_database: Database) -> Iterator[Session]:
    with watching(embedded_database) as opened:
        yield opened


@dataclass(frozen=True)
class Other:
    """Somebody else's session: its first statement begins a transaction that stays open."""

    connection: psycopg.Connection[TupleRow]
    pid: int

    def execute(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def rollback(self) -> None:
        self.connection.rollback()


@contextmanager
def other(database: Database, name: str = "psql") -> Iterator[Other]:
    """Such a session while the block lasts."""
    with psycopg.connect(database.url, application_name=name) as connection:
        yield Other(connection, connection.info.backend_pid)
        connection.rollback()


@contextmanager
def running(
    database: Database, statement: str, *, name: str = WATCHED, user: str = "postgres"
) -> Iterator[int]:
    """A session that runs the statement in a thread while the block lasts; its server process's pid."""
    url = database.url.replace("postgres://postgres@", f"postgres://{user}@")
    with psycopg.connect(url, application_name=name, autocommit=True) as connection:

        def work() -> None:
            with contextlib.suppress(psycopg.Error):
                connection.execute(statement.encode())

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield connection.info.backend_pid
        finally:
            database.execute(f"select pg_terminate_backend({connection.info.backend_pid})")
            thread.join(HANG_SECONDS)


def until(look: Callable[[], Activity], wanted: Callable[[Activity], object]) -> Activity:
    deadline = time.monotonic() + HANG_SECONDS
    while not wanted(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def blocked(session: Session, count: int = 1) -> Activity:
    """The first glance that sees so many blockers, and since when the statement runs and waits.

    The server tells its sessions first and their locks then: a statement may begin between the two.
    """
    return until(
        lambda: activity.read_activity(session, WATCHED),
        lambda found: len(found.blockers) == count and None not in (found.running_for, found.blocked_for),
    )


def make_orders(database: Database) -> None:
    database.execute(
        "create table public.orders (id int primary key, note text);insert into public.orders values (1), (2)"
    )


def test_without_dbmate_there_is_nothing_to_see(
    embedded_session: Session, embedded_database: Database
) -> None:
    assert activity.read_activity(embedded_session, WATCHED) == Activity()
    with psycopg.connect(embedded_database.server.url(), application_name=WATCHED):
        assert activity.read_activity(embedded_session, WATCHED) == Activity()


def test_a_statement_that_just_runs_is_timed(embedded_session: Session, embedded_database: Database) -> None:
    with running(embedded_database, "select pg_sleep(60)") as pid:
        found = until(
            lambda: activity.read_activity(embedded_session, WATCHED), lambda seen: seen.running_for
        )
    assert (found.pid, found.blocked_for, found.blockers, found.progress) == (pid, None, (), None)


def test_a_look_is_bounded(session: Session) -> None:
    [row] = session.rows("select current_setting('statement_timeout'), current_setting('lock_timeout')")
    assert row == ("5s", "2s")
    assert session.rows("select current_setting('idle_session_timeout', true)") in ([("0",)], [(None,)])


def test_a_transaction_that_idles_is_named_with_its_locks(session: Session, database: Database) -> None:
    make_orders(database)
    with other(database) as idle:
        idle.execute(f"update public.orders set note = '{SECRET}' where id = 1")
        with running(database, "alter table public.orders add column paid bool") as pid:
            found = blocked(session)
    [blocker] = found.blockers
    assert found.pid == pid
    assert found.running_for is not None
    assert found.blocked_for is not None
    assert blocker.transaction_age is not None
    assert blocker.transaction_age >= found.blocked_for >= 0
    assert replace(blocker, transaction_age=0) == Blocker(
        pid=idle.pid,
        application="psql",
        user="postgres",
        state="idle in transaction",
        transaction_age=0,
        relation="public.orders",
        lock=None,
        mode="RowExclusiveLock",
        holds=True,
        wanted_mode="AccessExclusiveLock",
        query="update public.orders set note = ? where id = ?",
    )
    assert SECRET not in repr(found)


def test_a_row_that_is_locked_names_its_table(session: Session, database: Database) -> None:
    make_orders(database)
    with other(database) as idle:
        idle.execute("delete from public.orders where id = 2")
        with running(database, "update public.orders set note = 'x'"):
            [blocker] = blocked(session).blockers
    assert (blocker.relation, blocker.mode, blocker.wanted_mode) == (
        "public.orders",
        "RowExclusiveLock",
        None,
    )


def test_a_chain_is_followed_to_its_root(session: Session, database: Database) -> None:
    make_orders(database)
    statement = "alter table public.orders add column a int"
    with other(database) as root:
        root.execute("select * from public.orders")
        with running(database, statement, name="queued") as queued:
            until(lambda: activity.read_activity(session, "queued"), lambda seen: seen.blockers)
            with running(database, "select * from public.orders"):
                found = blocked(session, 2)
    first, behind = found.blockers
    assert (first.pid, first.direct, first.waits_for) == (queued, True, (root.pid,))
    # It has nothing yet: it is only ahead of us in the queue.
    assert (first.mode, first.holds, first.wanted_mode) == ("AccessExclusiveLock", False, "AccessShareLock")
    assert (behind.pid, behind.direct, behind.waits_for) == (root.pid, False, ())
    assert (behind.mode, behind.holds, behind.wanted_mode) == ("AccessShareLock", True, "AccessExclusiveLock")
    lines = blocked_lines(found.blockers, 2.0)
    assert lines[0].startswith(f"blocked for 2 s by pid {queued} (queued, user postgres, active")
    assert lines[1].startswith(f"  behind that, pid {queued} is blocked by pid {root.pid} (psql")


def test_all_who_hold_a_lock_are_named_the_oldest_transaction_first(
    embedded_session: Session, embedded_database: Database
) -> None:
    make_orders(embedded_database)
    with other(embedded_database, "first") as first, other(embedded_database, "second") as second:
        first.execute("select * from public.orders")
        second.execute("select * from public.orders")
        with running(embedded_database, "drop table public.orders"):
            found = blocked(embedded_session, 2)
    assert [blocker.application for blocker in found.blockers] == ["first", "second"]


@pytest.mark.parametrize(("key", "name"), [("-7", "advisory lock -7"), ("3, -4", "advisory lock (3, -4)")])
def test_an_advisory_lock_has_a_name_and_no_relation(
    embedded_session: Session, embedded_database: Database, key: str, name: str
) -> None:
    with psycopg.connect(embedded_database.url, application_name="holder", autocommit=True) as holder:
        holder.execute(f"select pg_advisory_lock({key})".encode())
        with running(embedded_database, f"select pg_advisory_lock({key})"):
            [blocker] = blocked(embedded_session).blockers
    assert (blocker.relation, blocker.lock, blocker.mode) == (None, name, "ExclusiveLock")
    assert (blocker.state, blocker.transaction_age) == ("idle", None)


def test_an_object_that_is_no_relation_has_a_name(session: Session, database: Database) -> None:
    database.execute("create schema sales")
    with other(database) as idle:
        idle.execute("drop schema sales")
        with running(database, "create table sales.t (i int)"):
            [blocker] = blocked(session).blockers
    assert (blocker.relation, blocker.lock, blocker.mode) == (None, "schema sales", "AccessExclusiveLock")


def test_a_concurrent_build_waits_for_a_writer_of_its_table(session: Session, database: Database) -> None:
    make_orders(database)
    with other(database) as idle:
        idle.execute("insert into public.orders values (3)")
        with running(database, "create index concurrently i on public.orders (note)"):
            found = blocked(session)
    [blocker] = found.blockers
    assert (blocker.relation, blocker.mode, blocker.wanted_mode) == (
        "public.orders",
        "RowExclusiveLock",
        None,
    )
    assert found.progress is not None
    assert found.progress.command == "CREATE INDEX CONCURRENTLY"
    assert found.progress.phase == "waiting for writers before build"
    assert (found.progress.done, found.progress.total, found.progress.unit) == (0, 1, "sessions")


def test_a_concurrent_build_waits_for_an_old_snapshot_of_anything(
    session: Session, database: Database
) -> None:
    make_orders(database)
    with other(database) as idle:
        idle.execute("set transaction isolation level repeatable read")
        idle.execute("select 1")
        with running(database, "create index concurrently i on public.orders (note)"):
            found = blocked(session)
    [blocker] = found.blockers
    assert (blocker.pid, blocker.mode) == (idle.pid, None)
    assert blocked_lines([blocker], 0)[0].endswith(", whose transaction has to end first: select ?")


def test_the_progress_of_an_index_build_is_counted_in_blocks(session: Session, database: Database) -> None:
    database.execute(
        "create function public.slow(i int) returns int immutable language plpgsql as"
        " $$ begin perform pg_sleep(0.01); return i; end $$;"
        "create table public.wide (i int, filler char(2000));"
        "alter table public.wide alter column filler set storage plain;"
        "insert into public.wide select g, '' from generate_series(1, 1000) g"
    )
    with running(database, "create index on public.wide (public.slow(i))"):
        found = until(
            lambda: activity.read_activity(session, WATCHED),
            # While it is at the first block, PostgreSQL says that all are done.
            lambda seen: seen.progress is not None and seen.progress.done not in (None, 0, 250),
        )
    progress = found.progress
    assert progress is not None
    assert (progress.command, progress.relation, progress.unit) == ("CREATE INDEX", "public.wide", "blocks")
    assert progress.phase == "building index: scanning table"
    assert progress.total == 250


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A role that may log in and owns a table, and nothing more."""
    name = f"r_{uuid.uuid4().hex[:12]}"
    database.execute(
        f"create role {name} login; create schema own authorization {name}; create table own.t (i int);"
        f"alter table own.t owner to {name}"
    )
    yield name
    database.execute(f"drop owned by {name}; drop role {name}")


def test_without_privileges_what_is_hidden_is_none(database: Database, role: str) -> None:
    with watching(database, role) as session, other(database) as idle:
        idle.execute(f"insert into own.t values ({len(SECRET)})")
        with running(database, "alter table own.t add column j int", user=role):
            found = blocked(session)
    assert found.running_for is not None
    assert found.blockers == (
        Blocker(
            pid=idle.pid,
            application="psql",
            user="postgres",
            state=None,
            transaction_age=None,
            relation="own.t",
            lock=None,
            mode="RowExclusiveLock",
            holds=True,
            wanted_mode="AccessExclusiveLock",
            query=None,
        ),
    )


def test_without_privileges_the_own_index_build_is_seen(database: Database, role: str) -> None:
    with watching(database, role) as session, other(database) as idle:
        idle.execute("insert into own.t values (1)")
        with running(database, "create index concurrently i on own.t (i)", user=role):
            found = blocked(session)
    assert found.progress is not None
    assert found.progress.relation == "own.t"


def test_a_query_in_another_database_is_not_shown(session: Session, database: Database, role: str) -> None:
    with psycopg.connect(database.server.url(), application_name="elsewhere") as idle:
        idle.execute(f"alter role {role} connection limit 5".encode())
        with running(database, f"alter role {role} connection limit 6"):
            [blocker] = blocked(session).blockers
        idle.rollback()
    assert (blocker.application, blocker.query) == ("elsewhere", None)


def test_bytes_of_no_encoding_do_no_harm(embedded: Server) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    embedded.execute(f"create database {name} encoding 'SQL_ASCII' locale 'C' template template0")
    database = Database(embedded, name)
    make_orders(database)
    with watching(database) as session, psycopg.connect(database.url, client_encoding="latin1") as idle:
        idle.execute(b'select 1 as "caf\xe9" from public.orders')
        with running(database, "drop table public.orders"):
            [blocker] = blocked(session).blockers
        idle.rollback()
    assert blocker.query == 'select ? as "caf?" from public.orders'
    embedded.execute(f"drop database {name} with (force)")


def test_a_prepared_transaction_is_named() -> None:
    programs = binaries.embedded()
    with run_server(programs) as server:
        server.execute("alter system set max_prepared_transactions = 2")
        [(data,)] = server.execute("show data_directory")
        home = Path(data).parent
        assert cluster.stop(home)
        cluster.start(home, programs, durable=False)
        database = Database(server, "postgres")
        make_orders(database)
        database.execute("begin; update public.orders set note = 'x'; prepare transaction 'left over'")
        with watching(database) as session:
            with running(database, "alter table public.orders add column paid bool"):
                by_table = blocked(session).blockers[0]
            with running(database, "update public.orders set note = 'y'"):
                by_row = blocked(session).blockers[0]
    for blocker in (by_table, by_row):
        assert (blocker.pid, blocker.user, blocker.state) == (0, "postgres", 'prepared as "left over"')
        assert (blocker.relation, blocker.mode, blocker.query) == ("public.orders", "RowExclusiveLock", None)


class Listener:
    """A watcher with a thread and a clock of its own (four times as fast), and what it says."""

    def __init__(self, database: Database) -> None:
        self.lines: list[str] = []
        self.sessions: list[Session] = []
        self._database = database
        self.watcher = Monitor(
            Watched(self._open, WATCHED),
            RecordedConsole(self.lines.append),
            clock=lambda: time.monotonic() * 4,
        )

    def _open(self) -> Session:
        self.sessions.append(connect(url_of(self._database), application_name=WATCHER, timeout=10))
        return self.sessions[-1]

    def hear(self, start: str) -> str:
        """Tick until it says something that begins like this."""
        deadline = time.monotonic() + HANG_SECONDS
        while True:
            for line in self.lines:
                if line.startswith(start):
                    return line
            assert time.monotonic() < deadline, self.lines
            self.watcher.tick()
            time.sleep(0.05)


def sessions_of(database: Database, name: str) -> int:
    [(count,)] = database.execute(f"select count(*) from pg_stat_activity where application_name = '{name}'")
    return int(count)


def test_the_watcher_tells_a_wait_from_its_beginning_to_its_end(database: Database) -> None:
    make_orders(database)
    listener = Listener(database)
    with other(database) as idle:
        idle.execute(f"update public.orders set note = '{SECRET}'")
        listener.watcher.started("002_paid.sql")
        with running(database, "begin; alter table public.orders add column paid bool; select pg_sleep(60)"):
            line = listener.hear("blocked")
            idle.rollback()
            listener.hear("no longer blocked, after ")
    assert f"by pid {idle.pid} (psql, user postgres, idle in transaction for " in line
    assert line.endswith(
        "holding RowExclusiveLock on public.orders (AccessExclusiveLock is wanted):"
        " update public.orders set note = ?"
    )
    assert [blocker.pid for blocker in listener.watcher.blockers] == [idle.pid]
    assert SECRET not in repr(listener.watcher.blockers)
    listener.watcher.close()
    deadline = time.monotonic() + HANG_SECONDS
    while sessions_of(database, WATCHER):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len(listener.sessions) == 1


def test_a_watcher_whose_session_is_ended_says_so_once(embedded_database: Database) -> None:
    listener = Listener(embedded_database)
    while sessions_of(embedded_database, WATCHER) == 0:
        listener.watcher.tick()
        time.sleep(0.05)
    embedded_database.execute(
        f"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{WATCHER}'"
    )
    assert "cannot see what dbmate waits for" in listener.hear("warning: ")
    for _ in range(30):
        listener.watcher.tick()
        time.sleep(0.02)
    assert len(listener.lines) == 1
    assert len(listener.sessions) == 1
    listener.watcher.close()


def test_a_watcher_that_cannot_connect_says_so_once(embedded_database: Database) -> None:
    missing = Database(embedded_database.server, "no_such_database")
    listener = Listener(missing)
    assert "no_such_database" in listener.hear("warning: cannot see what dbmate waits for: ")
    listener.watcher.close()
    assert len(listener.lines) == 1
