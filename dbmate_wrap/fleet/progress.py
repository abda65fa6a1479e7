"""Shows how far a run over a fleet is: in place on a terminal, a line a minute elsewhere."""

from collections.abc import Callable

from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.fleet_progress import FleetProgress

_LINE_SECONDS = 60.0


class ProgressDisplay:
    """Call `show` several times a second, and `clear` before anything else is written in its place.

    `what` stands before the counts.
    """

    def __init__(self, console: Console, clock: Callable[[], float], what: str = "") -> None:
        self._console = console
        self._what = what
        self._clock = clock
        self._said_at = clock()
        self._shown = ""

    def show(self, progress: FleetProgress) -> None:
        """Show the counts where that is due."""
        if (replace_line := self._console.replace_line) is not None:
            line = progress.line_with_bar(self._what)
            if line != self._shown:
                replace_line(line)
                self._shown = line
        elif self._clock() - self._said_at >= _LINE_SECONDS:
            self._console.say(self._what + progress.line_with_names())
            self._said_at = self._clock()

    def clear(self) -> None:
        """Take away what stands in place."""
        if self._shown and (replace_line := self._console.replace_line) is not None:
            replace_line("")
        self._shown = ""
