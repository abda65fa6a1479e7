"""The output and the questions of a running verb, as a Protocol."""

from collections.abc import Callable
from typing import Protocol


class Console(Protocol):
    """Progress and questions while a verb runs; texts are masked and made printable by the implementation."""

    @property
    def replace_line(self) -> Callable[[str], None] | None:
        """Shows a text where the one before stood, "" takes it away; None without a terminal."""

    def say(self, line: str) -> None:
        """Show a line of progress."""

    def detail(self, line: str) -> None:
        """Show a line of progress for callers that asked for more."""

    def show(self, line: str) -> None:
        """Show a line of the result as it comes."""

    @property
    def can_ask(self) -> bool:
        """True where a person sits at a terminal."""

    def ask(self, question: str) -> str | None:
        """Return what was typed; None where nobody can be asked."""
