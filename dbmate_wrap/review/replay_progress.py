"""Progress of a replay, shown only where it takes more than a second, and at its end what was done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

from dbmate_wrap.dbmate.client import RunEvents
from dbmate_wrap.domain.activity import format_duration
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.progress_bar import bar, percent_of
from dbmate_wrap.shadow.due_round_trips import has_down
from dbmate_wrap.shadow.replay import ReplayPlan

_QUIET_SECONDS = 1.0
_REDRAW_SECONDS = 0.1


@dataclass
class ReplayProgress:
    """Shows one line about the whole replay and, on a terminal, a count that is updated in place.

    A migration with a round trip counts after it, any other when it is applied. Two threads may call this.
    """

    console: Console
    plan: ReplayPlan
    origin: str
    clock: Callable[[], float] = time.monotonic
    _started_at: float | None = None
    _drawn_at: float | None = None
    _done: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def events(self) -> RunEvents:
        """Return the callbacks for dbmate's runs."""
        return RunEvents(self._on_start, lambda name, seconds: None, self._on_tick)

    def on_judged(self, migration: ParsedMigration) -> None:
        """Count a migration whose round trip has ended."""
        with self._lock:
            self._done.add(migration.file.name)
            self._draw()

    def clear(self) -> None:
        """Remove the count from the terminal."""
        with self._lock:
            if self._drawn_at is not None and self.console.replace_line is not None:
                self.console.replace_line("")

    def _on_start(self, name: str) -> None:
        with self._lock:
            if self._started_at is None:
                self._started_at = self.clock()
                self.console.detail(self._heading())
            if name not in self._due:
                self._done.add(name)

    def _on_tick(self) -> bool:
        with self._lock:
            self._draw()
        return False

    def _draw(self) -> None:
        now = self.clock()
        if self._started_at is None or now - self._started_at < _QUIET_SECONDS:
            return
        if self._drawn_at is None:
            self.console.say(self._heading())
        elif now - self._drawn_at < _REDRAW_SECONDS:
            return
        self._drawn_at = now
        if self.console.replace_line is not None:
            done, total = len(self._done), len(self.plan.remaining)
            time = format_duration(now - self._started_at, exact=True)
            self.console.replace_line(
                f"{bar(percent_of(done, total))}  replaying migrations: {done:,} of {total:,}, {time}"
            )

    def _heading(self) -> str:
        cached = f", on top of {self.plan.start:,} that are cached" if self.plan.start else ""
        number = len(self.plan.remaining)
        return f"replaying {number:,} migration{'' if number == 1 else 's'} on {self.origin}{cached}"

    @cached_property
    def _due(self) -> frozenset[str]:
        return frozenset(self.plan.migrations[index].file.name for index in self.plan.due)


def describe_replay(plan: ReplayPlan, origin: str) -> str:
    """Describe in one line what was replayed."""
    number = len(plan.migrations)
    cached = f" ({plan.start:,} of them from the cache)" if plan.start else ""
    due = sum(has_down(plan.migrations[index]) for index in plan.due)
    trips = f"; {due:,} also undone and done again" if due else ""
    return f"{number:,} migration{' was' if number == 1 else 's were'} replayed on {origin}{cached}{trips}"
