"""Watches dbmate's server session while dbmate runs, without ever getting in its way."""

import contextlib
import threading
import time
from collections.abc import Callable

from dbmate_wrap.domain.activity import Activity, Blocker
from dbmate_wrap.errors import WrapError
from dbmate_wrap.execution.progress_log import ProgressLog
from dbmate_wrap.postgres import activity
from dbmate_wrap.postgres.session import Session

_FIRST_LOOK_SECONDS = 0.5
_LOOK_SECONDS = 1.0
# Within a shorter lock_timeout it is looked so many times: a wait may be over before the next look is due.
_LOOKS_IN_A_WAIT = 4
# What is still under way at the end is left to its thread after this long.
_PATIENCE_SECONDS = 1.0


def _in_thread(job: Callable[[], None]) -> None:
    # A daemon: a server that does not answer must not hold up the end of the program.
    threading.Thread(target=job, name="dbmate-wrap-watch", daemon=True).start()


class Monitor:
    """Call `tick` several times a second while dbmate runs, and `started` with each migration it begins.

    Looks at the server once a second, in a thread and a session of its own that the first look opens. Nothing
    here raises: where looking fails it says so once, and goes on with the clock alone. `say_in_place`, for a
    terminal, shows a text where the one before it stood, and takes it away for "". A `lock_timeout` under a
    second makes it look more often.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        application_name: str,
        say: Callable[[str], None],
        say_in_place: Callable[[str], None] | None = None,
        *,
        lock_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        look: Callable[[Session, str], Activity] = activity.read_activity,
        in_background: Callable[[Callable[[], None]], None] = _in_thread,
    ) -> None:
        hurry = lock_timeout / _LOOKS_IN_A_WAIT if lock_timeout and lock_timeout < _LOOK_SECONDS else None
        self._lookout = _Poller(
            open_session, lambda session: look(session, application_name), in_background, hurry
        )
        self._say = say
        self._say_in_place = say_in_place
        self._clock = clock
        self._blockers: dict[int, Blocker] = {}
        self._blind = False
        self._backend: int | None = None
        self._former: int | None = None
        self._begun: tuple[str, float] | None = None
        self._story: ProgressLog | None = None
        self._looked_at = self._next_look = 0.0

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """All who were seen to block dbmate, each as it was seen last."""
        return tuple(self._blockers.values())

    @property
    def former(self) -> int | None:
        """The server process that was at work on this migration before another: dbmate has connected anew."""
        return self._former

    def started(self, name: str) -> None:
        """dbmate has begun with this migration; may be called from any thread."""
        self._begun = (name, self._clock())
        self._lookout.hurry()

    def ended(self) -> None:
        """This dbmate process has ended; another may follow."""
        self._begun = self._story = None
        found = self._lookout.rest()
        if isinstance(found, Activity):
            self._remember(found)
        if self._say_in_place is not None:
            with contextlib.suppress(Exception):
                self._say_in_place("")

    def tick(self) -> None:
        """Look, and say what is due. Returns at once."""
        try:
            self._tick(self._clock())
        except Exception as error:  # noqa: BLE001 - a migration must not fail because watching it does
            self._give_up(error)

    def close(self) -> None:
        """End the session, and take away what stands in place."""
        self.ended()
        self._lookout.close()

    def _tick(self, now: float) -> None:
        story = self._current(now)
        found = self._lookout.take()
        if isinstance(found, Exception):
            self._give_up(found)
        elif found is not None:
            self._remember(found)
            # What was seen before this migration began tells nothing about it.
            if self._looked_at >= story.since:
                self._recognise(found)
                if story.hear(found, now):
                    self._next_look = now + _FIRST_LOOK_SECONDS
        if now >= self._next_look and not self._blind and self._lookout.begin():
            self._looked_at, self._next_look = now, now + _LOOK_SECONDS
        story.tell_time(now)

    def _remember(self, found: Activity) -> None:
        self._blockers.update((blocker.pid, blocker) for blocker in found.blockers)

    def _recognise(self, found: Activity) -> None:
        if found.pid is None or found.running_for is None:
            return
        if self._backend not in (None, found.pid):
            self._former = self._backend
        self._backend = found.pid

    def _current(self, now: float) -> ProgressLog:
        begun = self._begun
        if self._story is None or (begun is not None and begun != self._story.begun):
            name, since = begun or ("dbmate", now)
            self._story = ProgressLog(name, since, self._say, self._say_in_place)
            self._backend = self._former = None
            self._next_look = since + _FIRST_LOOK_SECONDS
        return self._story

    def _give_up(self, error: Exception) -> None:
        if self._blind:
            return
        self._blind = True
        if self._story is not None:
            self._story.forget()
        reason = error.message if isinstance(error, WrapError) else type(error).__name__
        with contextlib.suppress(Exception):
            self._say(f"warning: cannot see what dbmate waits for: {reason}")
            self._lookout.close()


class _Poller:
    """One look at a time, in the background; the session is opened by the first and closed after the last."""

    def __init__(
        self,
        open_session: Callable[[], Session],
        look: Callable[[Session], Activity],
        in_background: Callable[[Callable[[], None]], None],
        pace: float | None,
    ) -> None:
        self._open_session = open_session
        self._look = look
        self._in_background = in_background
        self._pace = pace
        self._session: Session | None = None
        self._found: Activity | Exception | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._idle = threading.Event()
        self._idle.set()
        self._resting = threading.Event()

    def begin(self) -> bool:
        """Begin to look; False while the last look is still under way."""
        with self._lock:
            if not self._idle.is_set() or self._closed:
                return False
            self._idle.clear()
        self._resting.clear()
        try:
            self._in_background(self._run)
        except RuntimeError as error:
            # There can be no more threads.
            self._found = error
            self._idle.set()
        return True

    def take(self) -> Activity | Exception | None:
        """What the last look has found; once."""
        if not self._idle.is_set():
            return None
        found, self._found = self._found, None
        return found

    def hurry(self) -> None:
        """Begin at once, where a wait may be over before the next look is due; from any thread."""
        if self._pace is not None:
            self.begin()

    def rest(self) -> Activity | Exception | None:
        """Look no more until `begin`; what a look has found that nobody has taken yet."""
        self._resting.set()
        if self._pace is not None:
            self._idle.wait(self._pace)
        return self.take()

    def close(self) -> None:
        """Close the session; a look that does not come to an end does so itself when it does."""
        self._idle.wait(_PATIENCE_SECONDS)
        with self._lock:
            self._closed = True
            if self._idle.is_set():
                self._end()

    def _run(self) -> None:
        try:
            if self._session is None:
                self._session = self._open_session()
                activity.prepare(self._session)
            self._found = self._look_on(self._session)
        except Exception as error:  # noqa: BLE001 - of another thread: the watcher tells it
            self._found = error
        with self._lock:
            self._idle.set()
            if self._closed:
                self._end()

    def _look_on(self, session: Session) -> Activity:
        found = self._look(session)
        if self._pace is None:
            return found
        for _ in range(int(_LOOK_SECONDS / self._pace)):
            if found.blockers or self._resting.wait(self._pace):
                break
            found = self._look(session)
        return found

    def _end(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
