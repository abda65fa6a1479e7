"""The advisory lock on real servers: one at a time, told truly, never in the way of a concurrent index."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.errors import LockedError
from dbmate_wrap.postgres import advisory_lock
from dbmate_wrap.postgres.advisory_lock import DBMATE_KEY, KEY, HeldLock, Holder
from tests.support.servers import Database, Server, TcpServer

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).resolve().parents[2]
ORPHAN = "dbmate-wrap/earlier/dbmate"
# A process that takes the lock, says so, and stays; argv: URL, run id, seconds to wait.
PROGRAM = """
import sys, time
from dbmate_wrap import process
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.postgres import advisory_lock
def say(what):
    print(what, flush=True)
with process.terminations_as_exceptions():
    url, run_id, wait = parse(sys.argv[1], os_user=""), sys.argv[2], float(sys.argv[3])
    with advisory_lock.hold(url, run_id=run_id, timeout=5, wait=wait, on_wait=lambda holder: say("waiting")):
        say("held")
        time.sleep(60)
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another dbmate leaves behind is waited for more briefly, so that the tests are quick."""
    monkeypatch.setattr(advisory_lock, "_GRACE_SECONDS", 0.1)


def hold(
    url: str, run_id: str = "mine", wait: float = 5, on_wait: Callable[[Holder], None] = lambda holder: None
) -> AbstractContextManager[HeldLock]:
    """The lock, with short words for what every test says."""
    return advisory_lock.hold(parse(url, os_user=""), run_id=run_id, timeout=5, wait=wait, on_wait=on_wait)


@contextmanager
def program(url: str, run_id: str, wait: float = 5) -> Iterator["subprocess.Popen[str]"]:
    """Another process that wants the lock; killed at the end."""
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, run_id, str(wait)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def said(child: "subprocess.Popen[str]") -> str:
    """The next line that it prints."""
    assert child.stdout is not None
    return child.stdout.readline().strip()


def connect_as(database: Database, application: str) -> psycopg.Connection[TupleRow]:
    """A session in autocommit under that name."""
    return psycopg.connect(database.url, autocommit=True, application_name=application)


def sessions(database: Database, application: str) -> int:
    """How many sessions of that name there are."""
    query = "select count(*) from pg_stat_activity where application_name = %s and datname = %s"
    with database.server.connect() as connection:
        row = connection.execute(query, (application, database.name)).fetchone()
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]


def gone(database: Database, application: str, seconds: float = 3) -> bool:
    """Wait for the last session of that name to end."""
    deadline = time.monotonic() + seconds
    while sessions(database, application):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_ten_threads_that_want_it_three_times_each_are_never_two_inside(database: Database) -> None:
    inside: list[int] = []
    crowds: list[int] = []

    def work(number: int) -> None:
        for _ in range(3):
            with hold(database.url, f"run{number}", wait=20) as lock:
                inside.append(number)
                crowds.append(len(inside))
                time.sleep(0.005)
                crowds.append(len(inside))
                assert lock.still_held()
                inside.remove(number)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    assert crowds == [1] * 60


def test_another_process_keeps_us_out_until_it_is_killed(database: Database) -> None:
    with program(database.url, "other") as child:
        assert said(child) == "held"
        with pytest.raises(LockedError), hold(database.url, wait=0):
            pass
        child.kill()
        with hold(database.url, wait=5) as lock:
            assert lock.still_held()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_while_waiting_or_holding_leaves_no_session(
    embedded_database: Database, number: signal.Signals
) -> None:
    database = embedded_database
    with program(database.url, "first") as first, program(database.url, "second", 30) as second:
        assert sorted([said(first), said(second)]) == ["held", "waiting"]
        for child in (first, second):
            child.send_signal(number)
        for child, run_id in ((first, "first"), (second, "second")):
            assert child.wait(5) != 0
            assert gone(database, f"dbmate-wrap/{run_id}/lock")
    with hold(database.url, wait=0):
        pass


@pytest.mark.both_majors
def test_neither_holder_nor_waiter_is_in_the_way_of_a_concurrent_index(database: Database) -> None:
    database.execute("create table a (b int)")
    waiting = threading.Event()

    def take_a_turn() -> bool:
        with hold(database.url, "waiter", 20, lambda holder: waiting.set()) as lock:
            return lock.still_held()

    with ThreadPoolExecutor(1) as pool:
        with hold(database.url, "holder") as lock, database.connect() as builder:
            turn = pool.submit(take_a_turn)
            assert waiting.wait(5)
            builder.execute("set statement_timeout = '10s'")
            for number in range(3):
                builder.execute(f"create index concurrently i{number} on a (b)".encode())
            assert lock.still_held()
            assert not turn.done()
        assert turn.result(10)


@pytest.mark.both_majors
def test_a_session_that_waits_in_pg_advisory_lock_would_hang_a_concurrent_index(database: Database) -> None:
    """Why the lock is polled."""
    database.execute("create table a (b int)")
    with hold(database.url), ThreadPoolExecutor(1) as pool, database.connect() as blocked:
        waiting = pool.submit(blocked.execute, f"select pg_advisory_lock({KEY})".encode())
        while not database.execute("select 1 from pg_locks where locktype = 'advisory' and not granted"):
            time.sleep(0.01)
        with database.connect() as builder:
            builder.execute("set statement_timeout = '300ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                builder.execute("create index concurrently i on a (b)")
        blocked.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            waiting.result(5)


def test_a_lock_session_that_was_ended_is_noticed_and_no_fault_on_leaving(database: Database) -> None:
    with hold(database.url) as lock:
        assert lock.still_held()
        database.execute(f"select pg_terminate_backend({lock.pid}, 5000)")
        assert not lock.still_held()
        with hold(database.url, "next", wait=0) as following:
            assert following.still_held()
            assert not lock.still_held()
    with pytest.raises(ZeroDivisionError):
        fail_without_the_session(database)


def fail_without_the_session(database: Database) -> None:
    """Raise inside, after the lock session has ended."""
    with hold(database.url) as lock:
        database.execute(f"select pg_terminate_backend({lock.pid}, 5000)")
        raise ZeroDivisionError


def test_a_lock_that_was_unlocked_is_noticed(database: Database) -> None:
    """As a pooler does when it resets a session, or hands out another one."""
    with hold(database.url) as lock:
        assert not replace(lock, pid=lock.pid + 1).still_held()
        lock._session.rows("discard all")
        assert not lock.still_held()


def test_leaving_gives_the_lock_back_at_once_and_ends_the_session(database: Database) -> None:
    for number in range(20):
        with hold(database.url, f"run{number}", wait=0):
            pass
    assert gone(database, "dbmate-wrap/run19/lock")


def test_the_lock_belongs_to_one_database(server: Server) -> None:
    new = server.new_database
    with new() as one, new() as two, hold(one.url, "one"), hold(two.url, "two", wait=0) as lock:
        assert lock.still_held()


@pytest.mark.both_majors
def test_who_holds_it_is_told_and_named_when_the_wait_is_over(database: Database) -> None:
    told: list[Holder] = []
    with hold(database.url, "holder") as lock:
        began = time.monotonic()
        with pytest.raises(LockedError) as caught, hold(database.url, wait=0.4, on_wait=told.append):
            pass
        assert 0.4 <= time.monotonic() - began < 1.4
    [holder] = told
    assert (holder.pid, holder.what) == (lock.pid, "lock")
    assert (holder.application, holder.host) == ("dbmate-wrap/holder/lock", "local socket")
    assert holder.since is not None
    assert holder.since[10] + holder.since[-1] == "TZ"
    assert holder.description in caught.value.message
    assert f"select pg_terminate_backend({lock.pid})" in str(caught.value.hint)


def test_over_tcp_the_holders_address_is_told(tcp_server: TcpServer) -> None:
    with tcp_server.new_database() as database:
        url = tcp_server.tcp_url(database.name)
        with hold(url, "holder"), pytest.raises(LockedError, match=r"from 127\.0\.0\.1,"), hold(url, wait=0):
            pass


@pytest.mark.both_majors
def test_a_role_that_may_see_nothing_of_others_is_told_what_there_is(database: Database) -> None:
    role = f"r_{uuid.uuid4().hex[:8]}"
    url = database.url.replace(f"//{database.server.superuser}@", f"//{role}@")
    database.execute(f"create role {role} login")
    try:
        told: list[Holder] = []
        with hold(url, wait=0) as lock:
            assert lock.still_held()
        with (
            hold(database.url, "holder") as lock,
            pytest.raises(LockedError),
            hold(url, wait=0, on_wait=told.append),
        ):
            pass
        assert told == [Holder(lock.pid, "dbmate-wrap/holder/lock", None, None, "lock")]
        expected = pytest.raises(LockedError, match="the dbmate of another run")
        with connect_as(database, ORPHAN), expected, hold(url, wait=0):
            pass
    finally:
        database.execute(f"drop role {role}")


@pytest.mark.both_majors
def test_dbmates_own_lock_in_other_hands_keeps_us_out(database: Database) -> None:
    with connect_as(database, "raw dbmate") as other:
        other.execute(f"select pg_advisory_lock({DBMATE_KEY})".encode())
        began = time.monotonic()
        with pytest.raises(LockedError, match="its own migration lock") as caught, hold(database.url, wait=0):
            pass
        assert time.monotonic() - began < 1
        assert f"select pg_terminate_backend({other.info.backend_pid})" in str(caught.value.hint)
        # A lock with the same two numbers that is no bigint key is somebody else's.
        other.execute("select pg_advisory_unlock_all()")
        other.execute(f"select pg_advisory_lock(0, {DBMATE_KEY})".encode())
        with hold(database.url, wait=0):
            pass


@pytest.mark.parametrize("state", ["idle", "idle in transaction", "idle in transaction (aborted)", "active"])
def test_an_orphan_in_any_state_is_waited_for_and_then_named(embedded_database: Database, state: str) -> None:
    database = embedded_database
    told: list[Holder] = []
    with orphan(database, state) as other:
        with pytest.raises(LockedError) as caught, hold(database.url, wait=0.2, on_wait=told.append):
            pass
        [holder] = told
        assert (holder.pid, holder.application, holder.what) == (other.info.backend_pid, ORPHAN, "orphan")
        assert holder.description in caught.value.message
        assert f"select pg_terminate_backend({holder.pid})" in str(caught.value.hint)


@contextmanager
def orphan(database: Database, state: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session of an earlier run's dbmate in that state."""
    with ThreadPoolExecutor(1) as pool, closing(connect_as(database, ORPHAN)) as other:
        if state.startswith("idle in transaction"):
            other.execute("begin")
        if "aborted" in state:
            with pytest.raises(psycopg.errors.DivisionByZero):
                other.execute("select 1 / 0")
        if state == "active":
            pool.submit(other.execute, "select pg_sleep(30)")
        query = "select 1 from pg_stat_activity where application_name = %s and state = %s"
        with database.connect() as looking:
            while not looking.execute(query, (ORPHAN, state)).fetchone():
                time.sleep(0.01)
        yield other
        database.execute(f"select pg_terminate_backend({other.info.backend_pid}, 5000)")


def test_an_orphan_that_ends_in_time_lets_us_in(database: Database) -> None:
    other = connect_as(database, ORPHAN)
    timer = threading.Timer(0.4, other.close)
    timer.start()
    began = time.monotonic()
    with hold(database.url, wait=10) as lock:
        assert 0.3 < time.monotonic() - began < 2
        assert lock.still_held()
    timer.join()


@pytest.mark.parametrize(
    "application", ["dbmate-wrap/mine/dbmate", "dbmate-wrap/other", "dbmate-wrap/other/lock", "dbmate"]
)
def test_sessions_that_are_no_orphans_keep_nobody_out(embedded_database: Database, application: str) -> None:
    with connect_as(embedded_database, application), hold(embedded_database.url, wait=0):
        pass


def test_an_orphan_elsewhere_keeps_nobody_out(embedded: Server) -> None:
    new = embedded.new_database
    with new() as one, new() as two, connect_as(one, ORPHAN), hold(two.url, wait=0):
        pass


@pytest.mark.both_majors
def test_timeouts_of_the_role_do_not_end_the_lock_session(database: Database) -> None:
    name = psycopg.sql.Identifier(database.name).as_string()
    for setting in ("statement_timeout", "idle_session_timeout", "lock_timeout"):
        database.execute(f"alter database {name} set {setting} = '150ms'")
    with hold(database.url) as lock:
        time.sleep(0.35)
        assert lock.still_held()


@pytest.mark.both_majors
def test_a_holder_keeps_no_snapshot(database: Database) -> None:
    name = psycopg.sql.Identifier(database.name).as_string()
    database.execute(f"alter database {name} set default_transaction_isolation = 'repeatable read'")
    with hold(database.url) as lock:
        query = f"select state, backend_xmin, xact_start from pg_stat_activity where pid = {lock.pid}"
        assert database.execute(query) == [("idle", None, None)]
