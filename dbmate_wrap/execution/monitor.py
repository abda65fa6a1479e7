"""Watches dbmate's server session while dbmate runs, without ever getting in its way."""

import contextlib
import time
from collections import deque
from collections.abc import Callable

from dbmate_wrap.domain.activity import Activity, Blocker
from dbmate_wrap.domain.console import Console
from dbmate_wrap.errors import WrapError
from dbmate_wrap.execution.poller import ActivityLook, Poller, Watched
from dbmate_wrap.execution.progress_log import ProgressLog, Task

_FIRST_LOOK_SECONDS = 0.5
_LOOK_SECONDS = 1.0
# Within a short lock_timeout it looks so many times: a wait may be over before the next look is due.
_LOOKS_IN_A_WAIT = 4


class Monitor:
    """Call `tick` several times a second while dbmate runs, `started` and `finished` with each migration.

    Looks at the server once a second, more often where `lock_timeout` is short, in a thread and a session of
    its own. A run that is over at once opens no session. Nothing here raises: where looking fails it
    warns once, and goes on with the clock alone.
    """

    def __init__(
        self,
        watched: Watched,
        console: Console,
        lock_timeout: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        make_poller: Callable[[Watched, Callable[[], bool], float, Callable[[], float]], Poller] = Poller,
    ) -> None:
        self._console = console
        self._clock = clock
        wait = lock_timeout or _LOOK_SECONDS * _LOOKS_IN_A_WAIT
        self._first_look = _FIRST_LOOK_SECONDS if wait >= _LOOK_SECONDS else 0.0
        self._blockers: dict[int, Blocker] = {}
        self._disabled = False
        self._backend: int | None = None
        # The server process that was at work on this migration before another: dbmate has connected again.
        self.former: int | None = None
        self._begun: float | None = None
        self._log: ProgressLog | None = None
        # Beginnings and ends, in their order; only `tick` and `ended` write, in the thread that calls them.
        self._events: deque[tuple[Task, float] | float] = deque()
        self._poller = make_poller(watched, self._is_due, min(_LOOK_SECONDS, wait / _LOOKS_IN_A_WAIT), clock)
        self._poller.start()

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """All sessions that were seen to block dbmate, each as it was seen last."""
        self._take()
        return tuple(self._blockers.values())

    def started(self, name: str, *, doing: str = "applying", done: str = "applied") -> None:
        """Note that dbmate has begun with this migration; may be called from any thread."""
        self._begun = self._clock()
        self._events.append((Task(name, doing, done), self._begun))

    def finished(self, seconds: float) -> None:
        """Note that dbmate has finished the migration, and what time that took; from any thread."""
        self._events.append(seconds)

    def ended(self) -> None:
        """Note that this dbmate process has ended; another may follow."""
        with contextlib.suppress(Exception):
            self._report_events()
            if self._log is not None:
                self._log.report_stop()
        self._begun = self._log = None
        self._take()

    def tick(self) -> None:
        """Take the new looks, and report what is due. Returns at once."""
        try:
            self._tick(self._clock())
        except Exception as error:  # noqa: BLE001 - a migration must not fail because watching it does
            self._disable(error)

    def close(self) -> None:
        """End the session, and take away what stands in place."""
        self.ended()
        self._poller.close()

    def _is_due(self) -> bool:
        # Called in the thread of the poller.
        begun, log = self._begun, self._log
        since = begun if begun is not None else log.since if log is not None else None
        return since is not None and self._clock() - since >= self._first_look

    def _tick(self, now: float) -> None:
        self._report_events()
        log = self._log = self._log or ProgressLog(None, now, self._console)
        for look in self._take():
            # A look from before this migration shows nothing about it.
            if look.at >= log.since and not self._disabled:
                self._compare_backend(look.activity)
                log.report_activity(look.activity, now)
        if self._poller.error is not None:
            self._disable(self._poller.error)
        log.report_elapsed_time(now)

    def _take(self) -> list[ActivityLook]:
        """The new looks; their blockers are kept."""
        looks = self._poller.take()
        self._blockers.update((blocker.pid, blocker) for look in looks for blocker in look.activity.blockers)
        return looks

    def _compare_backend(self, found: Activity) -> None:
        if found.pid is None or found.running_for is None:
            return
        if self._backend not in (None, found.pid):
            self.former = self._backend
        self._backend = found.pid

    def _report_events(self) -> None:
        while self._events:
            event = self._events.popleft()
            if isinstance(event, float):
                log, self._log = self._log, None
                if log is not None:
                    log.report_end(event)
            else:
                if self._log is not None:
                    self._log.report_stop()
                self._log = ProgressLog(*event, self._console)
                self._backend = self.former = None

    def _disable(self, error: Exception) -> None:
        if self._disabled:
            return
        self._disabled = True
        self._poller.stop()
        if self._log is not None:
            self._log.clear_activity()
        reason = error.message if isinstance(error, WrapError) else type(error).__name__
        with contextlib.suppress(Exception):
            self._console.say(f"warning: cannot see what dbmate waits for: {reason}")
