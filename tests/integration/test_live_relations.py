"""The sizes, the traffic and the sessions of relations, read from real servers."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from dbmate_wrap.domain.live_relation import LiveFacts
from dbmate_wrap.domain.statement_trace import LockMode
from dbmate_wrap.postgres import live_relations
from dbmate_wrap.postgres.live_relations import read_live_facts, read_sizes
from dbmate_wrap.postgres.queries import load_query
from dbmate_wrap.postgres.session import Session
from tests.support.servers import Database
from tests.support.sessions import open_session

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

ALL = LockMode.ACCESS_EXCLUSIVE
ORDERS = {"public.orders": ALL}


class CountingSession(Session):
    """Counts the queries that go to the server."""

    def __init__(self, opened: Session) -> None:
        super().__init__(opened._connection)
        self.asked = 0

    def _fetch(self, *arguments: object) -> list[object]:  # type: ignore[override]
        self.asked += 1
        return super()._fetch(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    database.execute(
        "create table orders (id int primary key, note text);"
        "insert into orders select n, repeat('x', 100) from generate_series(1, 1000) n; analyze orders"
    )
    with open_session(database, name="dbmate-wrap/test") as opened:
        yield opened


@contextmanager
def transaction(database: Database, statement: str, name: str = "report") -> Iterator[int]:
    """A session of somebody else in a transaction that has run `statement`; yields its pid."""
    with psycopg.connect(database.url, application_name=name) as connection:
        connection.execute(statement.encode())
        yield connection.info.backend_pid
        connection.rollback()


def read(session: Session, *names: str, modes: dict[str, LockMode] | None = None) -> LiveFacts:
    return read_live_facts(session, names, modes or dict.fromkeys(names, ALL), seconds=0)


def test_rows_and_sizes_are_estimated_for_what_exists(database: Database, session: Session) -> None:
    database.execute(
        "create table part (id int) partition by range (id);"
        "create table part_1 partition of part for values from (0) to (100);"
        "create table part_2 partition of part for values from (100) to (200);"
        "create table part_new partition of part for values from (200) to (300);"
        "create index on part (id);"
        "insert into part select generate_series(0, 149); analyze part;"
        "create table fresh (id int); insert into fresh values (1);"
        "create table empty (id int);"
        "create table long (note text); alter table long alter note set storage external;"
        "insert into long values (repeat('x', 100000));"
        "create view v as select 1"
    )
    found = read(
        session, *(f"public.{each}" for each in ("orders", "part", "fresh", "empty", "long", "v", "no"))
    )
    facts = {name.removeprefix("public."): each for name, each in found.relations.items()}
    assert sorted(facts) == ["empty", "fresh", "long", "orders", "part", "v"]
    assert [facts[each].rows for each in ("orders", "part", "fresh", "empty", "v")] == [
        1000,
        150,
        None,
        0,
        None,
    ]
    sizes = database.execute("select pg_table_size('orders'), pg_indexes_size('orders')")[0]
    assert (facts["orders"].heap + facts["orders"].toast, facts["orders"].indexes) == pytest.approx(
        sizes, abs=50_000
    )
    assert facts["part"].heap == 2 * facts["fresh"].heap
    assert facts["part"].indexes > 0
    assert facts["long"].toast > 100_000 > facts["long"].heap
    assert read_sizes(session, ["public.long", "public.no"]) == {"public.long": facts["long"].bytes}


def test_who_holds_a_conflicting_lock_is_named_without_values(database: Database, session: Session) -> None:
    with transaction(database, "select *, 'secret' from orders") as pid:
        [blocker] = read(session, "public.orders").relations["public.orders"].in_way
        assert (blocker.pid, blocker.application, blocker.why) == (pid, "report", "holds AccessShareLock")
        assert blocker.query == "select *, ? from orders"
        assert blocker.age is not None
        weaker = read(session, "public.orders", modes={"public.orders": LockMode.SHARE_UPDATE_EXCLUSIVE})
        assert weaker.relations["public.orders"].in_way == ()


def test_a_locked_table_does_not_let_the_plan_wait(database: Database, session: Session) -> None:
    with transaction(database, "lock table orders in access exclusive mode"):
        found = read(session, "public.orders").relations["public.orders"]
    assert found.rows == 1000
    assert found.heap > 0
    assert [each.why for each in found.in_way] == ["holds AccessExclusiveLock"]


def test_old_snapshots_and_long_transactions_are_there_without_a_relation(
    database: Database, session: Session
) -> None:
    begin = "set transaction isolation level repeatable read; select 'secret'"
    with transaction(database, begin, "dump") as pid:
        found = wait_for(lambda: read(session), lambda found: bool(found.old_snapshots))
    assert [(each.pid, each.application, each.why) for each in found.old_snapshots] == [
        (pid, "dump", "old snapshot")
    ]
    [long] = found.long_transactions
    assert (long.pid, long.why) == (pid, "idle in transaction")
    assert "secret" not in repr(found)


def test_traffic_is_measured_between_two_looks(database: Database, session: Session) -> None:
    def write() -> None:
        time.sleep(0.2)
        # Counters are sent when the session ends.
        database.execute("update orders set note = '' where id <= 500")

    writer = threading.Thread(target=write)
    writer.start()
    found = read_live_facts(session, ["public.orders"], ORDERS, seconds=2.0).relations["public.orders"]
    writer.join()
    assert found.writes == pytest.approx(250, rel=0.2)
    assert found.reads is not None
    assert found.reads > 0


def test_eight_queries_are_asked_at_most_and_settings_stay(session: Session) -> None:
    session.rows("set lock_timeout = '77s'")
    counting = CountingSession(session)
    read(counting, "public.orders", "public.missing")
    assert 0 < counting.asked <= 8
    assert session.rows("show lock_timeout") == [("77s",)]


def test_a_lock_that_somebody_takes_meanwhile_is_not_waited_for_long(
    database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if it had not been there yet when the locks were looked at.
    sized = load_query("live_relations").replace(":locks", live_relations._NO_LOCKS)
    monkeypatch.setattr("dbmate_wrap.postgres.queries.load_query", lambda name: sized)
    with transaction(database, "lock table orders in access exclusive mode"):
        sizes = read_sizes(session, ["public.orders"])
    assert sizes["public.orders"] > 100_000
    assert session.rows("show lock_timeout") == [("0",)]


def test_without_rights_columns_are_empty_and_it_is_said_once(database: Database, session: Session) -> None:
    role = f"r_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {role} login")
    try:
        with transaction(database, "select 'secret' from orders") as pid:
            with open_session(database, role) as narrow:
                hidden = read(narrow, "public.orders")
            database.execute("revoke select on pg_locks, pg_stat_all_tables, pg_stat_user_tables from public")
            with open_session(database, role) as narrow:
                blind = read(narrow, "public.orders")
        [blocker] = hidden.relations["public.orders"].in_way
        assert (blocker.pid, blocker.age, blocker.query) == (pid, None, "")
        assert [f"grant pg_read_all_stats to {role}" in note for note in hidden.notes] == [True]
        assert blind.relations["public.orders"].reads is None
        assert blind.relations["public.orders"].in_way == ()
        assert any("pg_locks" in note for note in blind.notes)
        assert any("pg_stat_user_tables" in note for note in blind.notes)
    finally:
        database.execute(f"drop role {role}")


def wait_for(read: Callable[[], LiveFacts], is_there: Callable[[LiveFacts], bool]) -> LiveFacts:
    deadline = time.monotonic() + 30
    while not is_there(found := read()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found
