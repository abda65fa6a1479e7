"""How far a run over a fleet is, in one line."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.activity import format_duration
from dbmate_wrap.domain.escape import cut_to_width
from dbmate_wrap.domain.progress_bar import bar, percent_of

# From so many on the average tells something.
_ENOUGH_DONE = 3
_NAMED_AT_MOST = 3
_LONGEST_NAME = 40
_LONGEST_DOING = 100


@dataclass(frozen=True)
class Running:
    """A target that is at work: since so many seconds, and the last line that its run said."""

    name: str
    seconds: float
    doing: str | None = None


@dataclass(frozen=True)
class FleetProgress:
    """The counts of a run: `failed` are among `done`; `running` are those at work, `elapsed` are seconds."""

    done: int
    failed: int
    waiting: int
    running: tuple[Running, ...]
    elapsed: float

    def line(self) -> str:
        """Return the counts, and how long it will take where that can be told."""
        parts = [f"{self.done} done", f"{len(self.running)} running", f"{self.failed} failed"]
        parts += [f"{self.waiting} waiting"]
        if (left := self._seconds_left()) is not None:
            parts.append(f"about {format_duration(left, exact=True)} left")
        return ", ".join(parts)

    def line_with_names(self) -> str:
        """Return the same, with who is at work for the longest time and what on: who hangs is among them."""
        longest = sorted(self.running, key=lambda each: -each.seconds)[:_NAMED_AT_MOST]
        return f"{self.line()}{_named(longest)}"

    def line_with_bar(self, what: str = "") -> str:
        """Return the line with names behind a bar, for a terminal; `what` stands between them."""
        total = self.done + len(self.running) + self.waiting
        return f"{bar(percent_of(self.done, total))}  {what}{self.line_with_names()}"

    def _seconds_left(self) -> float | None:
        # When none waits any more, those are left that take longer than the average.
        if self.done < _ENOUGH_DONE or not self.waiting:
            return None
        return self.elapsed / self.done * (self.waiting + len(self.running))


def _named(running: Sequence[Running]) -> str:
    texts = []
    for each in running:
        doing = f": {cut_to_width(each.doing, _LONGEST_DOING)}" if each.doing else ""
        name = cut_to_width(each.name, _LONGEST_NAME)
        texts.append(f"{name} for {format_duration(each.seconds, exact=True)}{doing}")
    return f"; longest at work: {'; '.join(texts)}" if texts else ""
