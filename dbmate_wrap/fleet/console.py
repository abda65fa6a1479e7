"""The console of one target: each line with its name, and nobody to ask."""

from collections.abc import Callable
from dataclasses import dataclass

from dbmate_wrap.domain.console import Console


@dataclass(frozen=True)
class TargetConsole:
    """Says what is said about one target on the console of the whole run, with its name."""

    console: Console
    name: str

    @property
    def replace_line(self) -> Callable[[str], None] | None:
        """None: the last line belongs to the progress of the whole run."""
        return None

    @property
    def can_ask(self) -> bool:
        """False: who is asked is asked once for all."""
        return False

    def say(self, line: str) -> None:
        """Show a warning; any other line to callers that asked for more, since there may be thousands."""
        show = self.console.say if line.startswith("warning:") else self.console.detail
        show(f"{self.name}: {line}")

    def detail(self, line: str) -> None:
        """Show a line of progress for callers that asked for more."""
        self.console.detail(f"{self.name}: {line}")

    def show(self, line: str) -> None:
        """Show a line of the result as it comes."""
        self.console.show(f"{self.name}: {line}")

    def ask(self, question: str) -> str | None:
        """Return None: nobody is asked."""
        return None
