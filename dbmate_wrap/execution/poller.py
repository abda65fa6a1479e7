"""Reads dbmate's activity again and again, in one thread and one server session per run."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from dbmate_wrap.domain.activity import Activity
from dbmate_wrap.postgres import activity
from dbmate_wrap.postgres.session import Session

# While no look is due, it is asked this often whether one is.
_IDLE_SECONDS = 0.25
# A look that is still under way at the end is left to its thread after this long.
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Watched:
    """The means to look at dbmate's server session: a session to look from, and dbmate's application name."""

    open_session: Callable[[], Session]
    application_name: str
    read: Callable[[Session, str], Activity] = activity.read_activity


@dataclass(frozen=True)
class ActivityLook:
    """One look at the server: when it began, and the activity that it read."""

    at: float
    activity: Activity


class Poller:
    """Looks every `interval` seconds while `is_due`; the first look opens the session, the end closes it.

    Nothing raises: the first failure ends the looking, and is kept in `error`.
    """

    def __init__(
        self,
        watched: Watched,
        is_due: Callable[[], bool],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.error: Exception | None = None
        self._watched = watched
        self._is_due = is_due
        self._interval = interval
        self._clock = clock
        self._session: Session | None = None
        # Not the latest alone: a wait may begin and end between two calls of `take`.
        self._looks: deque[ActivityLook] = deque()
        self._stop = threading.Event()
        # A daemon: a server that does not answer must not hold up the end of the program.
        self._thread = threading.Thread(target=self._run, name="dbmate-wrap-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        try:
            self._thread.start()
        except RuntimeError as error:
            # There can be no more threads.
            self.error = error

    def take(self) -> list[ActivityLook]:
        """Remove and return the looks since the last call, the oldest first."""
        return [self._looks.popleft() for _ in range(len(self._looks))]

    def stop(self) -> None:
        """Begin no more looks. Returns at once."""
        self._stop.set()

    def close(self) -> None:
        """Stop, and wait a moment for the session to be closed; a look that hangs closes it when it ends."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE_SECONDS)

    def poll(self) -> float | None:
        """Look if that is due; returns the seconds to wait until the next call, None after a failure."""
        try:
            if not self._is_due():
                return min(self._interval, _IDLE_SECONDS)
            at = self._clock()
            self._looks.append(
                ActivityLook(at, self._watched.read(self._open(), self._watched.application_name))
            )
        except Exception as error:  # noqa: BLE001 - raised in a thread of its own; the monitor reports it
            self.error = error
            return None
        return self._interval

    def _open(self) -> Session:
        if self._session is None:
            self._session = self._watched.open_session()
            activity.prepare(self._session)
        return self._session

    def _run(self) -> None:
        pause: float | None = 0.0
        while pause is not None and not self._stop.wait(pause):
            pause = self.poll()
        self.close_session()

    def close_session(self) -> None:
        """Close the session, if a look has opened one."""
        if self._session is not None:
            with contextlib.suppress(Exception):
                self._session.close()
