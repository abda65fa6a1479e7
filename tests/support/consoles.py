"""A console that hands every line to the test."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class RecordedConsole:
    """Hands on the lines, and what stands in place; nobody can be asked."""

    say_line: Callable[[str], None]
    replace_line: Callable[[str], None] | None = None

    def say(self, line: str) -> None:
        self.say_line(line)

    def detail(self, line: str) -> None:
        self.say_line(line)

    def show(self, line: str) -> None:
        self.say_line(line)

    @property
    def can_ask(self) -> bool:
        return False

    def ask(self, question: str) -> str | None:
        return None
