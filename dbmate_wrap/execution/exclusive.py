"""Runs one at a time on a database: the advisory lock around what writes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from dbmate_wrap.errors import LockedError
from dbmate_wrap.postgres import advisory_lock
from dbmate_wrap.postgres.advisory_lock import AdvisoryLock
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place

_PROOF_SECONDS = 2.0
_SEE = "see what is applied with `dbmate-wrap status`, then run `dbmate-wrap up` again"


class HeldLock:
    """The time in which this run alone may write; `lost` says that another may have begun."""

    def __init__(self, lock: AdvisoryLock) -> None:
        self._lock = lock
        self._proven_at = time.monotonic()
        self.lost = False

    def tick(self) -> bool:
        """Ask the server now and then; True when the lock is no longer ours."""
        if time.monotonic() - self._proven_at >= _PROOF_SECONDS:
            self._prove()
        return self.lost

    def demand(self) -> None:
        """Ask the server now. Raises LockedError (23) when the lock is no longer ours."""
        self._prove()
        if self.lost:
            raise lost_error()

    def _prove(self) -> None:
        self.lost = self.lost or not self._lock.still_held()
        self._proven_at = time.monotonic()


def lost_error(message: str | None = None, hint: str = _SEE) -> LockedError:
    """The advisory lock went away while we relied on it; `message` is what was done until then."""
    lost = "the advisory lock was lost while this run was going on (its connection was cut)"
    return LockedError(f"{lost}: {message}" if message else lost, hint=hint)


@contextmanager
def exclusive(context: Context, place: Place) -> Iterator[HeldLock]:
    """Hold the database's advisory lock, waited for `advisory_lock_wait` at most. Raises LockedError (23)."""
    values = context.environment.values
    with advisory_lock.hold(
        place.url,
        run_id=context.outcome.run_id,
        timeout=values.connect_timeout,
        wait=values.advisory_lock_wait,
        on_wait=lambda holder: context.say(f"waiting for {holder.description}"),
    ) as lock:
        yield HeldLock(lock)
