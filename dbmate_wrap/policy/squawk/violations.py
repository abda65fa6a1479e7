"""Reads squawk's report and converts its positions to lines and columns of our files."""

import json
import re
from dataclasses import dataclass

from dbmate_wrap.policy.positions import Position, Positions

# squawk counts a lone CR as the end of a line (2.62 and newer); we and every editor do not.
_LINE_ENDS = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Violation:
    """One entry of the report; `line` and `column` count from 0, columns in bytes of UTF-8."""

    file: str
    line: int
    column: int
    rule: str
    message: str
    help: str | None


def read_report(text: str) -> tuple[Violation, ...]:
    """The report of `--reporter json`. Raises ValueError for anything else."""
    entries = json.loads(text)
    if not isinstance(entries, list):
        raise ValueError("no list")
    return tuple(_violation(entry) for entry in entries)


def _violation(entry: object) -> Violation:
    match entry:
        case {
            "file": str(file),
            "line": int(line),
            "column": int(column),
            "rule_name": str(rule),
            "message": str(message),
            "help": str() | None as help_,
        }:
            return Violation(file, line, column, rule, message, help_)
    raise ValueError("an entry of another shape")


class SquawkPositions:
    """The lines of one file as squawk counts them and as editors do."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_ENDS.finditer(text))]
        self._positions = Positions(text)

    def of(self, violation: Violation) -> Position:
        """Line and column from 1, columns in characters."""
        start = self._starts[min(violation.line, len(self._starts) - 1)]
        column = violation.column
        if not self._text.isascii():
            before = self._text[start : start + column].encode()[:column]
            column = len(before.decode("utf-8", "replace"))
        return self._positions.of(min(start + column, len(self._text)))
