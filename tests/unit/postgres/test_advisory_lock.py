"""The advisory lock against a server that plays a part, with a clock that only pauses move."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from zlib import crc32

import pytest

from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.errors import FailedError, LockedError, UnreachableError
from dbmate_wrap.postgres import advisory_lock
from dbmate_wrap.postgres.advisory_lock import DBMATE_KEY, KEY, Holder, What
from dbmate_wrap.postgres.session import Cell

URL = parse("postgres://someone@db.example/orders", os_user="")
HOLDER = Holder(7, "dbmate-wrap/other/lock", "10.0.0.5", "2026-01-31T12:00:00Z", "lock")
LOST = UnreachableError("the connection was lost", kind="other")

Row = tuple[Cell, ...]


@dataclass
class Server:
    """Says who is in the way at second `now`; the lock is free when that is not its holder."""

    in_the_way: Callable[[float], Holder | None] = lambda now: None
    version: int = 180006
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    closed: bool = False
    blind: bool = False
    failing: Mapping[str, Exception] = field(default_factory=dict)
    held: list[Row] = field(default_factory=lambda: [(True,)])

    @property
    def server_version_num(self) -> int:
        return self.version

    def rows(self, query: str, parameters: Mapping[str, Cell] | None = None) -> list[Row]:
        """Answer by what the query is about."""
        self.queries.append(query)
        for part, error in self.failing.items():
            if part in query:
                raise error
        other = self.in_the_way(self.now)
        if "pg_try_advisory_lock" in query:
            return [(other is None or other.what != "lock", 42)]
        return self.held if "select exists" in query else []

    def records(
        self, make: type[Holder], query: str, parameters: Mapping[str, Cell] | None = None
    ) -> list[Holder]:
        """Answer who is in the way."""
        self.rows(query, parameters)
        other = self.in_the_way(self.now)
        return [] if other is None or self.blind else [other]

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """Stands for the server, the connection and the clock."""
    playing = Server()

    @contextmanager
    def connect(
        url: DatabaseUrl, *, application_name: str, timeout: float, keepalives: bool, patience: float
    ) -> Iterator[Server]:
        assert (url, application_name, timeout) == (URL, "dbmate-wrap/mine/lock", 3)
        assert (keepalives, patience) == (True, 9)
        try:
            yield playing
        finally:
            playing.closed = True

    monkeypatch.setattr(advisory_lock, "connect", connect)
    monkeypatch.setattr(time, "monotonic", lambda: playing.now)
    monkeypatch.setattr(time, "sleep", playing.sleep)
    return playing


def hold(server: Server, wait: float = 60) -> list[tuple[float, Holder]]:
    """Take the lock and leave; when `on_wait` was called, and with whom."""
    told: list[tuple[float, Holder]] = []
    with advisory_lock.hold(
        URL, run_id="mine", timeout=3, wait=wait, on_wait=lambda holder: told.append((server.now, holder))
    ) as lock:
        assert lock.pid == 42
    return told


def until(second: float, holder: Holder) -> Callable[[float], Holder | None]:
    """This one is in the way until then."""
    return lambda now: holder if now < second else None


def test_the_key_is_made_as_it_says() -> None:
    assert int.from_bytes(sha256(b"dbmate-wrap").digest()[:8], "big", signed=True) == KEY


def test_the_key_is_no_other_tools_key() -> None:
    flyway = int.from_bytes(b"Flyway", "big")  # Plus a Java hash code.
    assert abs(KEY - flyway) > 2**31
    rails = 2053462845  # Times the CRC-32 of the database's name.
    assert KEY % rails != 0
    assert KEY >> 32 not in (0, 1, rails)  # golang-migrate, Prisma and others use 32 bits.
    assert KEY not in (DBMATE_KEY, 5887940537704921958, crc32(b"dbmate-wrap"))  # goose


def test_a_free_lock_is_taken_at_once_and_given_back(server: Server) -> None:
    assert hold(server) == []
    assert server.pauses == []
    assert server.queries[-1] == "select pg_catalog.pg_advisory_unlock_all()"
    assert server.closed


@pytest.mark.parametrize(("version", "there"), [(130020, False), (140000, True), (180006, True)])
def test_the_idle_timeout_is_lifted_where_there_is_one(server: Server, version: int, there: bool) -> None:
    server.version = version
    hold(server)
    assert ("set idle_session_timeout = 0" in server.queries[0]) is there
    assert "set statement_timeout = 0" in server.queries[0]


def test_pauses_begin_short_and_grow_to_about_a_second(server: Server) -> None:
    server.in_the_way = until(20, HOLDER)
    hold(server)
    assert server.pauses[0] <= 0.03
    assert sum(pause < 0.3 for pause in server.pauses) >= 4
    assert max(server.pauses) <= 1.5
    assert all(0.5 <= pause <= 1.5 for pause in server.pauses[12:])
    assert len(set(server.pauses)) == len(server.pauses)


def test_a_new_holder_makes_the_pauses_short_again(server: Server) -> None:
    second = replace(HOLDER, pid=8)
    server.in_the_way = lambda now: HOLDER if now < 15 else second if now < 20 else None
    hold(server)
    begun = [sum(server.pauses[:index]) for index in range(len(server.pauses))]
    first = next(pause for start, pause in zip(begun, server.pauses, strict=True) if start >= 15)
    assert first <= 0.03


def test_a_holder_is_told_when_seen_when_it_changes_and_every_ten_seconds(server: Server) -> None:
    second = replace(HOLDER, pid=8)
    server.in_the_way = lambda now: HOLDER if now < 25 else second if now < 27 else None
    told = hold(server)
    assert [holder.pid for _, holder in told] == [7, 7, 7, 8]
    assert [when for when, _ in told] == [
        0,
        pytest.approx(10, abs=2),
        pytest.approx(20, abs=4),
        pytest.approx(25, abs=2),
    ]


def test_a_wait_of_zero_tries_once(server: Server) -> None:
    server.in_the_way = until(9, HOLDER)
    with pytest.raises(LockedError):
        hold(server, wait=0)
    assert server.pauses == []
    assert sum("pg_try_advisory_lock" in query for query in server.queries) == 1


def test_a_wait_that_is_over_ends_in_time_with_one_last_try(server: Server) -> None:
    server.in_the_way = until(99, HOLDER)
    with pytest.raises(LockedError):
        hold(server, wait=12.5)
    assert server.now == pytest.approx(12.5)
    server.now, server.in_the_way = 0, until(12.5, HOLDER)
    hold(server, wait=12.5)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("lock", "another run holds the advisory lock"),
        ("dbmate-lock", "dbmate itself"),
        ("orphan", "the dbmate of another run"),
    ],
)
def test_the_error_names_the_holder_and_the_statement_that_ends_it(
    server: Server, what: What, words: str
) -> None:
    server.in_the_way = until(99, replace(HOLDER, what=what))
    with pytest.raises(LockedError, match=words) as caught:
        hold(server, wait=2)
    described = "process 7 (dbmate-wrap/other/lock, from 10.0.0.5, connected since 2026-01-31T12:00:00Z)"
    assert caught.value.message.endswith(f": {described}")
    assert str(caught.value.hint).endswith(" select pg_terminate_backend(7)")
    assert server.queries[-1] == "select pg_catalog.pg_advisory_unlock_all()"


def test_a_holder_of_whom_only_the_process_is_known_is_described_all_the_same() -> None:
    assert Holder(7, None, None, None, "lock").description == "process 7"


def test_a_lock_that_nobody_seems_to_hold_is_still_locked(server: Server) -> None:
    server.in_the_way = until(99, HOLDER)
    server.blind = True
    with pytest.raises(LockedError, match="another run holds"):
        hold(server, wait=1)


def test_a_session_that_dbmate_leaves_for_a_moment_is_no_news(server: Server) -> None:
    server.in_the_way = until(0.3, replace(HOLDER, what="orphan"))
    assert hold(server, wait=0) == []


def test_an_orphan_is_waited_for_and_told(server: Server) -> None:
    orphan = replace(HOLDER, what="orphan")
    server.in_the_way = until(4, orphan)
    told = hold(server, wait=9)
    assert [holder for _, holder in told] == [orphan]


def test_the_time_spent_on_the_lock_counts_for_what_comes_after(server: Server) -> None:
    server.in_the_way = lambda now: HOLDER if now < 3 else replace(HOLDER, what="orphan")
    with pytest.raises(LockedError, match="the dbmate of another run"):
        hold(server, wait=5)
    assert server.now == pytest.approx(5, abs=0.1)


def test_leaving_with_a_dead_session_hides_no_error_and_makes_none(server: Server) -> None:
    server.failing = {"unlock": LOST}
    hold(server)
    with pytest.raises(ZeroDivisionError):
        leave_with(ZeroDivisionError())
    assert server.closed


def leave_with(error: Exception) -> None:
    """Raise inside."""
    with advisory_lock.hold(URL, run_id="mine", timeout=3, wait=0, on_wait=print):
        raise error


@pytest.mark.parametrize(
    ("answer", "error", "still"),
    [
        ([(True,)], None, True),
        ([(False,)], None, False),
        ([], None, False),
        ([(True,)], LOST, False),
        ([(True,)], FailedError("the database said: no"), False),
    ],
)
def test_the_lock_is_held_only_when_the_server_says_so(
    server: Server, answer: list[Row], error: Exception | None, still: bool
) -> None:
    server.held = answer
    if error is not None:
        server.failing = {"select exists": error}
    with advisory_lock.hold(URL, run_id="mine", timeout=3, wait=0, on_wait=print) as lock:
        assert lock.still_held() is still
