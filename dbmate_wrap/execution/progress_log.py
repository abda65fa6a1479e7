"""What is told while one migration runs: who blocks it, how far an index build is, or that time goes by."""

from collections.abc import Callable
from dataclasses import dataclass

from dbmate_wrap.domain.activity import Activity, Progress, blocked_lines, format_duration, progress_line
from dbmate_wrap.domain.masking import printable

# A shorter wait is everyday life: it is looked at once more before a word is said.
_SHORT_WAIT_SECONDS = 0.25
# On a busy table the blockers change all the time.
_NEWS_SECONDS = 2.0
_REPEAT_SECONDS = 10.0


@dataclass
class _Wait:
    """A time in which dbmate is blocked, since `since`; whom we have named, and when."""

    since: float
    named: frozenset[int] = frozenset()
    named_at: float | None = None


class ProgressLog:
    """One migration from its beginning; `say` gets lines, `show` (on a terminal) what stands in place."""

    def __init__(
        self, name: str, since: float, say: Callable[[str], None], show: Callable[[str], None] | None
    ) -> None:
        self.begun = (name, since)
        self.since = since
        self._say_line = say
        self._place = show
        self._shown = ""
        self._spoken = since
        self._wait: _Wait | None = None
        self._progress: Progress | None = None
        self._step: tuple[str, int] | None = None

    def hear(self, found: Activity, now: float) -> bool:
        """Tell what was seen, where that is due; whether to look again soon."""
        before, self._progress = self._progress, None
        if found.blockers:
            return self._tell_blocked(found, now)
        if self._wait is not None and self._wait.named_at is not None and found.pid is not None:
            self._say(f"no longer blocked, after {format_duration(now - self._wait.since)}", now)
        self._wait = None
        self._progress = found.progress
        if found.progress is not None:
            self._tell_progress(found.progress, found.running_for, now)
        elif before is not None:
            self._show("")
        return False

    def tell_time(self, now: float) -> None:
        """Where there is nothing better to tell: for how long it has been running."""
        lasted = now - self.since
        if self._wait is not None or self._progress is not None or lasted < _REPEAT_SECONDS:
            return
        text = f"{printable(self.begun[0])} has been running for {format_duration(lasted, exact=True)}"
        if self._place is not None:
            self._show(text)
        elif now - self._spoken >= _REPEAT_SECONDS:
            # Back to whole tens.
            self._say(text, now - lasted % _REPEAT_SECONDS)

    def forget(self) -> None:
        """Nothing more will be seen."""
        self._wait = self._progress = None

    def _tell_blocked(self, found: Activity, now: float) -> bool:
        wait = self._wait = self._wait or _Wait(now - (found.blocked_for or 0.0))
        pids = frozenset(blocker.pid for blocker in found.blockers)
        if wait.named_at is None and now - wait.since < _SHORT_WAIT_SECONDS:
            return True
        patience = _REPEAT_SECONDS if pids == wait.named else _NEWS_SECONDS
        if wait.named_at is None or now - wait.named_at >= patience:
            for line in blocked_lines(found.blockers, now - wait.since):
                self._say(line, now)
            wait.named, wait.named_at = pids, now
        return False

    def _tell_progress(self, progress: Progress, running_for: float | None, now: float) -> None:
        if self._place is not None:
            self._show(progress_line(progress, running_for, bar=True))
            return
        step = (progress.phase, progress.percent // 10) if progress.percent is not None else self._step
        if step != self._step or now - self._spoken >= _REPEAT_SECONDS:
            self._step = step
            self._say(progress_line(progress, running_for), now)

    def _say(self, line: str, now: float) -> None:
        self._spoken = now
        self._show("")
        self._say_line(line)

    def _show(self, text: str) -> None:
        if self._place is not None and text != self._shown:
            self._shown = text
            self._place(text)
