"""Colours for a terminal, and none elsewhere."""

from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True)
class Paint:
    """Paints text when `enabled` (a terminal, and NO_COLOR is not set)."""

    enabled: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.enabled and text else text


PLAIN = Paint(False)
