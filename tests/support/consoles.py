"""Consoles that hand every line to the test, or keep all."""

from collections.abc import Callable
from dataclasses import dataclass, field


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


@dataclass
class FakeConsole:
    """Keeps all lines; `in_place` those of the terminal, where there is one."""

    has_terminal: bool = False
    said: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    in_place: list[str] = field(default_factory=list)

    @property
    def replace_line(self) -> Callable[[str], None] | None:
        return self.in_place.append if self.has_terminal else None

    def say(self, line: str) -> None:
        self.said.append(line)

    def detail(self, line: str) -> None:
        self.details.append(line)

    def show(self, line: str) -> None:
        raise AssertionError(line)

    @property
    def can_ask(self) -> bool:
        return False

    def ask(self, question: str) -> str | None:
        raise AssertionError(question)
