"""The progress lines of one running migration: its name, its blockers, its index build, the elapsed time."""

from dataclasses import dataclass

from dbmate_wrap.domain.activity import (
    Activity,
    Progress,
    blocked_lines,
    format_duration,
    format_elapsed,
    progress_line,
)
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.escape import drop_unprintable

# Shorter waits are common: one is reported only when a later look sees it too.
_SHORT_WAIT_SECONDS = 0.25
# On a busy table the blockers change all the time.
_CHANGED_BLOCKERS_SECONDS = 2.0
_REPEAT_SECONDS = 10.0
# What is over sooner gets one line, at its end.
_CLOCK_SECONDS = 1.0


@dataclass(frozen=True)
class Task:
    """One migration that dbmate works on: its file, `applying` and `applied`."""

    name: str
    doing: str
    done: str


@dataclass
class _Wait:
    """A time in which dbmate is blocked, since `since`; the blockers that were reported, and when."""

    since: float
    reported: frozenset[int] = frozenset()
    reported_at: float | None = None


class ProgressLog:
    """Reports on one migration from its beginning: in lines, and on a terminal also in place.

    Its name is shown once: in the line of its end, or, where there is something to say before that, in a
    heading. Without a task it is dbmate itself that runs.
    """

    def __init__(self, task: Task | None, since: float, console: Console) -> None:
        self.since = since
        self._task = task
        self._heading = drop_unprintable(f"{task.doing} {task.name}") if task is not None else ""
        self._has_heading = False
        self._console = console
        self._in_place = ""
        self._last_line_at = since
        self._wait: _Wait | None = None
        self._progress: Progress | None = None
        self._step: tuple[str, int] | None = None

    def report_activity(self, found: Activity, now: float) -> None:
        """Report a reading where a line is due."""
        before, self._progress = self._progress, None
        if found.blockers:
            self._report_blockers(found, now)
            return
        if self._wait is not None and self._wait.reported_at is not None and found.pid is not None:
            self._say(f"no longer blocked, after {format_duration(now - self._wait.since)}", now)
        self._wait = None
        self._progress = found.progress
        if found.progress is not None:
            self._report_progress(found.progress, found.running_for, now)
        elif before is not None:
            self._replace("")

    def report_elapsed_time(self, now: float) -> None:
        """Report how long the migration has been running, where there is nothing better to report."""
        lasted = now - self.since
        if self._wait is not None or self._progress is not None:
            return
        if self._console.replace_line is not None:
            self._replace(self._clock(lasted))
            return
        if lasted >= _CLOCK_SECONDS:
            self._say_heading()
        if lasted >= _REPEAT_SECONDS and now - self._last_line_at >= _REPEAT_SECONDS:
            # Back to whole tens.
            self._say(self._clock(lasted), now - lasted % _REPEAT_SECONDS)

    def report_end(self, seconds: float) -> None:
        """Report that dbmate has finished the migration, and what time it took."""
        assert self._task is not None, "dbmate names what it finishes"
        name = "" if self._has_heading else f" {drop_unprintable(self._task.name)}"
        indent = "  " if self._has_heading else ""
        self._replace("")
        self._console.say(f"{indent}{self._task.done}{name} in {format_elapsed(seconds)}")

    def report_stop(self) -> None:
        """Take away what stands in place, and name the migration that has not come to its end."""
        self._replace("")
        self._say_heading()

    def _clock(self, lasted: float) -> str:
        time = format_duration(lasted, exact=True) if lasted >= _CLOCK_SECONDS else None
        if self._task is None:
            return f"dbmate has been running for {time}" if time else ""
        if self._has_heading:
            return f"  running for {time}" if time else ""
        # The time comes first: what is too long for the terminal is cut at its end.
        return drop_unprintable(f"{self._task.doing} ({time}) {self._task.name}") if time else self._heading

    def _say_heading(self) -> None:
        if not self._has_heading and self._task is not None:
            self._has_heading = True
            self._replace("")
            self._console.say(self._heading)

    def clear_activity(self) -> None:
        """Drop the last reading: no other will follow."""
        self._wait = self._progress = None

    def _report_blockers(self, found: Activity, now: float) -> None:
        wait = self._wait = self._wait or _Wait(now - (found.blocked_for or 0.0))
        pids = frozenset(blocker.pid for blocker in found.blockers)
        if wait.reported_at is None and now - wait.since < _SHORT_WAIT_SECONDS:
            return
        pause = _REPEAT_SECONDS if pids == wait.reported else _CHANGED_BLOCKERS_SECONDS
        if wait.reported_at is None or now - wait.reported_at >= pause:
            for line in blocked_lines(found.blockers, now - wait.since):
                self._say(line, now)
            wait.reported, wait.reported_at = pids, now

    def _report_progress(self, progress: Progress, running_for: float | None, now: float) -> None:
        self._say_heading()
        if self._console.replace_line is not None:
            self._replace(progress_line(progress, running_for, with_bar=True))
            return
        step = (progress.phase, progress.percent // 10) if progress.percent is not None else self._step
        if step != self._step or now - self._last_line_at >= _REPEAT_SECONDS:
            self._step = step
            self._say(progress_line(progress, running_for), now)

    def _say(self, line: str, now: float) -> None:
        self._last_line_at = now
        self._say_heading()
        self._replace("")
        self._console.say(line)

    def _replace(self, text: str) -> None:
        if self._console.replace_line is not None and text != self._in_place:
            self._in_place = text
            self._console.replace_line(text)
