"""Looks at a history again and again, until what is waited for is applied or the time is over."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from dbmate_wrap.domain import backoff
from dbmate_wrap.domain.activity import format_duration, format_elapsed
from dbmate_wrap.domain.history import MigrationEntry
from dbmate_wrap.domain.outcome import MigrationRow, Target
from dbmate_wrap.errors import PreflightError, UnreachableError
from dbmate_wrap.settings.durations import write_duration
from dbmate_wrap.workspace.awaited import Awaited
from dbmate_wrap.workspace.history_look import HistoryLook

# A line of progress comes no more often.
_REPORT_SECONDS = 60.0


@dataclass(frozen=True)
class Clock:
    """The time in seconds, what lets it pass, and numbers from 0 to 1; a test brings its own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True)
class _Sight:
    """Why the wait goes on, in words, and since when that is so; `kind` tells one such reason from others."""

    reason: str
    kind: str
    since: float


class HistoryWait:
    """One wait of at most `timeout` seconds; with 0 it looks once.

    `target` is the database as it was met last; `left` is what was not applied when it could be told last.
    """

    def __init__(
        self,
        awaited: Awaited,
        timeout: float,
        look: Callable[[], HistoryLook],
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self.target: Target | None = None
        self.left: tuple[MigrationEntry, ...] = ()
        self._awaited = awaited
        self._timeout = timeout
        self._look = look
        self._say = say
        self._clock = clock
        self._began = clock.now()
        self._said: float | None = None
        self._sight: _Sight | None = None
        self._is_first_run = False

    def run(self) -> str | None:
        """Return what is applied, in words, as soon as nothing is left; None where the time is over first.

        Raises at once what `look` raises, and PreflightError (22) for a lack of privileges; at the end that
        error, or UnreachableError (21), where the last look could not tell what is applied.
        """
        pauses = backoff.pauses(self._clock.random)
        while True:
            look = self._look()
            if (end := self._judge(look)) is not None:
                return end
            left = self._timeout - self._elapsed()
            if left <= 0:
                if look.error is not None:
                    raise look.error.but(message=self.describe_timeout())
                return None
            self._report()
            self._clock.sleep(min(next(pauses), left))

    @property
    def rows(self) -> list[MigrationRow]:
        """What is left, as rows of the result."""
        return [
            MigrationRow(each.version, each.file, each.state.value, None, each.checksum, each.phase)
            for each in self.left
        ]

    def describe_timeout(self) -> str:
        """Return what was seen last, and for how long."""
        assert self._sight is not None, "it has looked at least once"
        if not self._timeout:
            return self._sight.reason
        limit, lasted = write_duration(self._timeout), format_duration(self._clock.now() - self._sight.since)
        return f"{self._sight.reason} (given up after {limit}; it was so for {lasted})"

    def describe_stop(self) -> str | None:
        """Return what was seen last by a wait that a signal ends; None where nothing was seen yet."""
        if self._sight is None:
            return None
        return f"stopped after {format_elapsed(self._elapsed())}: {self._sight.reason}"

    def _judge(self, look: HistoryLook) -> str | None:
        """Return what is applied where nothing is left; None after keeping why the wait goes on."""
        self.target = look.target or self.target
        self._is_first_run |= look.is_before_first_run
        if look.error is not None:
            # Where the first run begins only now, the privilege may come with it.
            if isinstance(look.error, PreflightError) and not self._is_first_run:
                raise look.error
            kind = look.error.kind if isinstance(look.error, UnreachableError) else "privilege"
            self._keep(look.error.message, kind)
            return None
        self.left = self._awaited.find_left(look.applied)
        if not self.left:
            return self._describe_end(look)
        reason = look.absent or self._awaited.describe_left(self.left, look.applied)
        self._keep(reason, reason)
        return None

    def _keep(self, reason: str, kind: str) -> None:
        before = self._sight
        goes_on = before is not None and before.kind == kind
        self._sight = _Sight(reason, kind, before.since if before and goes_on else self._clock.now())

    def _describe_end(self, look: HistoryLook) -> str:
        end = self._awaited.describe_end(look.applied)
        if self._sight is None:
            return end
        first, newline, rest = end.partition("\n")
        return f"{first}; waited {format_elapsed(self._elapsed())}{newline}{rest}"

    def _report(self) -> None:
        """Say what is waited for, once, and then at most once a minute why that goes on."""
        now, sight = self._clock.now(), self._sight
        assert sight is not None, "it has looked"
        if self._said is None:
            limit = write_duration(self._timeout)
            self._say(f"waiting at most {limit} for {self._awaited.title}: {sight.reason}")
        elif now - self._said < _REPORT_SECONDS:
            return
        else:
            self._say(f"waiting for {format_duration(now - self._began)} now: {sight.reason}")
        self._said = now

    def _elapsed(self) -> float:
        return self._clock.now() - self._began
