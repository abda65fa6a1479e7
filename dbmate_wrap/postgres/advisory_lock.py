"""The advisory lock: one run at a time on a database."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import LockedError, WrapError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session, connect, disable_timeouts

# The first eight bytes of SHA-256("dbmate-wrap"), big-endian: no other tool uses it, anybody can compute it.
KEY = 0x4B84B85CF4093B62
# What `dbmate --migration-lock` takes.
DBMATE_KEY = 48372615

# Every try is a query of its own: a session that *waits* in pg_advisory_lock keeps its snapshot. CREATE INDEX
# CONCURRENTLY would wait for it, and it for the run that builds the index.
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE = 0.02, 1.5, 1.0
_REMIND_SECONDS = 10.0
# The server session of a dbmate that has just ended in good order may need this long to be gone.
_GRACE_SECONDS = 0.5
# A query that takes this many times the connect timeout (30 s) will not be answered any more.
_PATIENCE = 3
# How often the server is asked while dbmate runs.
_VERIFY_SECONDS = 2.0
_SEE_AND_REPEAT = "see what is applied with `dbmate-wrap status`, then run `dbmate-wrap up` again"
# The server notices within a minute when this process is gone.
_KEEPALIVES = {"tcp_keepalives_idle": 30, "tcp_keepalives_interval": 10, "tcp_keepalives_count": 3}

What = Literal["lock", "dbmate-lock", "orphan"]
_MESSAGES: dict[What, tuple[str, str]] = {
    "lock": (
        "another run holds the advisory lock of this database",
        "wait for it, longer if need be (advisory_lock_wait); if it is dead, end its session:",
    ),
    "dbmate-lock": (
        "dbmate itself is at work in this database and holds its own migration lock",
        "wait for it; if it is dead, end its session:",
    ),
    "orphan": (
        "the dbmate of another run is still connected to this database",
        "wait for it, or end it, then see with `dbmate-wrap status` what it did:",
    ),
}


@dataclass(frozen=True)
class Holder:
    """The session that keeps a run out; fields that this account may not see are None.

    `host` is an address or ``local socket``; `since`, RFC 3339 in UTC, is when the session began.
    """

    pid: int
    application: str | None
    host: str | None
    since: str | None
    what: What

    @property
    def description(self) -> str:
        """``process 4711 (dbmate-wrap/3f9a/lock, from 10.0.0.5, connected since 2026-01-31T12:00:00Z)``."""
        host = f"from {self.host}" if self.host else None
        since = f"connected since {self.since}" if self.since else None
        known = ", ".join(part for part in (self.application, host, since) if part)
        return f"process {self.pid}" + (f" ({known})" if known else "")


@dataclass
class HeldLock:
    """The advisory lock while this run holds it; `lost` says that another run may have begun.

    `pid` is the server process that holds it.
    """

    pid: int
    _session: Session = field(repr=False)
    lost: bool = False
    _verified_at: float = field(default_factory=time.monotonic, repr=False)

    def is_lost(self) -> bool:
        """Ask the server every two seconds; True when the lock is no longer ours."""
        if time.monotonic() - self._verified_at >= _VERIFY_SECONDS:
            self._ask()
        return self.lost

    def verify(self) -> None:
        """Ask the server now. Raises LockedError (23) when the lock is no longer ours."""
        self._ask()
        self.raise_if_lost()

    def raise_if_lost(self) -> None:
        """Raise LockedError (23) when the lock was seen to be lost."""
        if self.lost:
            raise lost_lock_error()

    def still_held(self) -> bool:
        """Ask the server. Return False also when the session that held the lock is gone."""
        query = queries.load_query("advisory_held")
        try:
            return self._session.rows(query, {"key": KEY, "pid": self.pid}) == [(True,)]
        except WrapError:
            return False

    def _ask(self) -> None:
        self.lost = self.lost or not self.still_held()
        self._verified_at = time.monotonic()


def lost_lock_error(message: str | None = None, hint: str = _SEE_AND_REPEAT) -> LockedError:
    """The error (23) for a lock that went away under us; `message` says what was done until then."""
    lost = "the advisory lock was lost while this run was going on (its connection was cut)"
    return LockedError(f"{lost}: {message}" if message else lost, hint=hint)


@contextmanager
def hold(
    url: DatabaseUrl, *, run_id: str, timeout: float | None, wait: float, on_wait: Callable[[Holder], None]
) -> Iterator[HeldLock]:
    """Hold the lock of this database in a session of its own, while no other run or dbmate works in it.

    Tries for `wait` seconds (0: once). `on_wait` is called when a holder is first seen, when it changes, and
    every ten seconds. Raises LockedError, or UnreachableError without a connection within `timeout` seconds.
    """
    name = f"dbmate-wrap/{run_id}/lock"
    # None of its queries waits for anything.
    patience = None if timeout is None else timeout * _PATIENCE
    with connect(url, application_name=name, timeout=timeout, keepalives=True, patience=patience) as session:
        disable_timeouts(session, also=_KEEPALIVES)
        try:
            yield _acquire(session, run_id, _Waiting(time.monotonic() + wait, on_wait))
        finally:
            # Closing releases it too, but later. A dead session holds nothing any more.
            with suppress(WrapError):
                session.rows("select pg_catalog.pg_advisory_unlock_all()")


def _acquire(session: Session, run_id: str, waiting: "_Waiting") -> HeldLock:
    pid = _try(session)
    while pid is None:
        other = _find_other(session, run_id)
        # Other obstacles are looked at once the lock is ours.
        waiting.pause(other if other is not None and other.what == "lock" else None)
        pid = _try(session)
    taken_at = time.monotonic()
    while (other := _find_other(session, run_id)) is not None:
        if time.monotonic() - taken_at < _GRACE_SECONDS:
            time.sleep(_FIRST_PAUSE)
        else:
            waiting.pause(other)
    return HeldLock(pid, session)


def _try(session: Session) -> int | None:
    """Try once. Return the server process that holds the lock (libpq's differs behind a pooler), or None."""
    query = "select pg_catalog.pg_try_advisory_lock(%(key)s::bigint), pg_catalog.pg_backend_pid()"
    [(taken, pid)] = session.rows(query, {"key": KEY})
    return int(str(pid)) if taken is True else None


def _find_other(session: Session, run_id: str) -> Holder | None:
    """Return the first session that keeps this run from starting."""
    own = f"dbmate-wrap/{run_id}/dbmate"
    parameters: dict[str, Cell] = {"key": KEY, "dbmate_key": DBMATE_KEY, "own": own}
    return next(iter(session.records(Holder, queries.load_query("other_runs"), parameters)), None)


@dataclass
class _Waiting:
    """Pauses between tries: short at first and after every change of holder, then up to a second."""

    deadline: float
    on_wait: Callable[[Holder], None]
    pause_seconds: float = _FIRST_PAUSE
    seen: Holder | None = None
    reported_at: float = 0.0

    def pause(self, holder: Holder | None) -> None:
        """Report the holder (None: none was seen) and pause. Raises LockedError when the time is up."""
        if holder != self.seen:
            self.pause_seconds = _FIRST_PAUSE
        now = time.monotonic()
        if holder is not None and (holder != self.seen or now - self.reported_at >= _REMIND_SECONDS):
            self.seen, self.reported_at = holder, now
            self.on_wait(holder)
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise _locked(self.seen)
        # Random only so that many waiting runs do not try in step.
        time.sleep(min(left, self.pause_seconds * random.uniform(0.5, 1.5)))  # noqa: S311
        self.pause_seconds = min(self.pause_seconds * _GROWTH, _LONGEST_PAUSE)


def _locked(holder: Holder | None) -> LockedError:
    message, hint = _MESSAGES[holder.what if holder is not None else "lock"]
    if holder is None:
        return LockedError(message, hint="run the command again")
    return LockedError(
        f"{message}: {holder.description}", hint=f"{hint} select pg_terminate_backend({holder.pid})"
    )
