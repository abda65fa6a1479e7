"""Reads squawk's report and converts its positions to lines and columns of our files."""

import json
import re
from bisect import bisect_right
from dataclasses import dataclass

# squawk counts a lone CR as the end of a line (2.62 and newer); we and every editor do not.
_ITS_LINE_ENDS = re.compile(rb"\r\n?|\n")


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

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._ascii = content.isascii()
        self._its_starts = [0, *(end.end() for end in _ITS_LINE_ENDS.finditer(content))]
        self._starts = [0, *(end.end() for end in re.finditer(rb"\n", content))]

    def of(self, violation: Violation) -> tuple[int, int]:
        """Line and column from 1, columns in characters."""
        its_line = min(violation.line, len(self._its_starts) - 1)
        offset = min(self._its_starts[its_line] + violation.column, len(self._content))
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if self._ascii:
            return line, offset - start + 1
        return line, len(self._content[start:offset].decode("utf-8", "replace")) + 1
