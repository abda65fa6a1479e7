"""Progress of a replay, shown only where it takes more than a second, and at its end what was done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dbmate_wrap.dbmate.client import RunEvents
from dbmate_wrap.domain.console import Console
from dbmate_wrap.shadow.replay import ReplayPlan
from dbmate_wrap.shadow.round_trip import has_down

_QUIET_SECONDS = 1.0


@dataclass
class ReplayProgress:
    """Shows one line about the whole replay and, on a terminal, a count that is updated in place."""

    console: Console
    plan: ReplayPlan
    origin: str
    clock: Callable[[], float] = time.monotonic
    _started_at: float | None = None
    _is_shown: bool = False
    _started_files: set[str] = field(default_factory=set)

    def events(self) -> RunEvents:
        """Return the callbacks for dbmate's runs."""
        return RunEvents(self._on_start, lambda name, seconds: None, self._on_tick)

    def clear(self) -> None:
        """Remove the count from the terminal."""
        if self._is_shown and self.console.replace_line is not None:
            self.console.replace_line("")

    def _on_start(self, name: str) -> None:
        if self._started_at is None:
            self._started_at = self.clock()
            self.console.detail(self._heading())
        self._started_files.add(name)

    def _on_tick(self) -> bool:
        if self._started_at is not None and self.clock() - self._started_at >= _QUIET_SECONDS:
            if not self._is_shown:
                self._is_shown = True
                self.console.say(self._heading())
            if self.console.replace_line is not None:
                done, all_files = len(self._started_files), len(self.plan.remaining)
                self.console.replace_line(f"{done:,} of {all_files:,} replayed")
        return False

    def _heading(self) -> str:
        cached = f", on top of {self.plan.start:,} that are cached" if self.plan.start else ""
        number = len(self.plan.remaining)
        return f"replaying {number:,} migration{'' if number == 1 else 's'} on {self.origin}{cached}"


def describe_replay(plan: ReplayPlan, origin: str) -> str:
    """Describe in one line what was replayed."""
    number = len(plan.migrations)
    cached = f" ({plan.start:,} of them from the cache)" if plan.start else ""
    due = sum(has_down(plan.migrations[index]) for index in plan.due)
    trips = f"; {due:,} also undone and done again" if due else ""
    return f"{number:,} migration{' was' if number == 1 else 's were'} replayed on {origin}{cached}{trips}"
