"""Converts offsets in a block to lines and columns of its file."""

import re
from bisect import bisect_right
from typing import TypeAlias

from dbmate_wrap.domain.migration import Block

# Line and column, both from 1; columns in characters.
Position: TypeAlias = tuple[int, int]

_LINE_END = re.compile("\n")


class Positions:
    """The lines of one block, looked through once: a file may have a hundred thousand findings.

    A block begins at the beginning of a line. Lines end with LF alone, as dbmate and editors count them.
    """

    def __init__(self, block: Block) -> None:
        self._first = block.line
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(block.sql))]

    def of(self, offset: int) -> Position:
        """Line and column in the file of the character at `offset` of the block's text."""
        line = bisect_right(self._starts, offset) - 1
        return self._first + line, offset - self._starts[line] + 1
