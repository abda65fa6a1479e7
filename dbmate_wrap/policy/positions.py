"""Converts offsets in a text to lines and columns of its file."""

import re
from bisect import bisect_right
from typing import TypeAlias

# Line and column, both from 1; columns in characters.
Position: TypeAlias = tuple[int, int]

_LINE_END = re.compile("\n")


class Positions:
    """The lines of a file or a block, looked through once: a file may have a hundred thousand findings.

    `text` begins with the line `first`. Lines end with LF alone, as dbmate and editors count them.
    """

    def __init__(self, text: str, first: int = 1) -> None:
        self._first = first
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def of(self, offset: int) -> Position:
        """Line and column in the file of the character at `offset` of the text."""
        line = bisect_right(self._starts, offset) - 1
        return self._first + line, offset - self._starts[line] + 1
