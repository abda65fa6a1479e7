"""Says how far a replay is, where it takes long enough to wonder."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from dbmate_wrap.dbmate.client import RunEvents
from dbmate_wrap.shadow.replay import ReplayPlan

_PATIENCE_SECONDS = 1.0


@dataclass
class Progress:
    """`say` a line once, `show_in_place` (on a terminal) the count that goes on."""

    say: Callable[[str], None]
    detail: Callable[[str], None]
    show_in_place: Callable[[str], None] | None
    course: ReplayPlan
    origin: str
    clock: Callable[[], float] = time.monotonic
    _begun: float | None = None
    _told: bool = False
    _seen: set[str] = field(default_factory=set)

    def attendance(self) -> RunEvents:
        """What dbmate's runs are attended by."""
        return RunEvents(self._started, lambda name, seconds: None, self._tick)

    def end(self) -> None:
        """Take away what stands in place."""
        if self._told and self.show_in_place is not None:
            self.show_in_place("")

    def _started(self, name: str) -> None:
        if self._begun is None:
            self._begun = self.clock()
            self.detail(self._heading())
        self._seen.add(name)

    def _tick(self) -> bool:
        if self._begun is not None and self.clock() - self._begun >= _PATIENCE_SECONDS:
            if not self._told:
                self._told = True
                self.say(self._heading())
            if self.show_in_place is not None:
                self.show_in_place(f"{len(self._seen):,} of {len(self.course.ahead):,} replayed")
        return False

    def _heading(self) -> str:
        number, start = len(self.course.ahead), self.course.start
        upon = f", on top of {start:,} that are cached" if start else ""
        return f"replaying {number:,} migration{'' if number == 1 else 's'} on {self.origin}{upon}"
