"""Reads a block's SQL into statements with PostgreSQL's grammar, and goes on after unreadable text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import WORD
from dbmate_wrap.sql.grammar import DEEPEST, SAFE_LENGTH, TOO_DEEP, Refused, parse_statements
from dbmate_wrap.sql.nesting import nesting_of
from dbmate_wrap.sql.split import Piece, Span, split_sql
from dbmate_wrap.sql.statement import Statement, statements_of

__all__ = ["Reading", "Statement", "Unreadable", "WorkLimit", "read_sql"]

# After so many the text is no SQL, and further problems are of no use.
_MOST_PROBLEMS = 500
_MOST_VARIABLES = 100
# Some five seconds; 10 MB of rows take 0.01 of it, and a single chain of 30,000 operators a fifth.
_MOST_WORK = 5_000_000_000
_Kind = Literal["syntax", "psql", "too-deep"]
_VARIABLE = re.compile(rf""":(?:{WORD}+|'[^'\n]*'|"[^"\n]*"|\{{\?\w+\}})""")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Characters `offset` to `end` could not be parsed; for syntax `offset` is where the parser stopped."""

    offset: int
    end: int
    kind: _Kind
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The statements of a text and its unreadable parts, each in the order of the text."""

    statements: tuple[Statement, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def is_refused(self) -> bool:
        """True if some of the text is no SQL; what is only too deep may be."""
        return any(place.kind != "too-deep" for place in self.unreadable)


@dataclass
class WorkLimit:
    """The work that may still be spent on long statements: packing a tree takes time by its depth."""

    left: int = _MOST_WORK

    def parse(self, text: str) -> Sequence[pb.RawStmt] | Refused:
        """Return the statements of a long text; too deep is also what would take too much work."""
        nesting = nesting_of(text, DEEPEST) if self.left else None
        if nesting is None or nesting.depth > DEEPEST or nesting.work > self.left:
            return TOO_DEEP
        self.left -= nesting.work
        return parse_statements(text)


def read_sql(sql: str, *, skip_long: bool = False, limit: WorkLimit | None = None) -> Reading:
    """Return the statements of any text; never raises. Several texts may have one `limit`.

    With `skip_long` a long statement counts as too deep, which saves the time to read it.
    """
    whole = parse_statements(sql) if len(sql) <= SAFE_LENGTH else TOO_DEEP
    if not isinstance(whole, Refused):
        return Reading(tuple(statements_of(whole, sql, 0)))
    limit = WorkLimit(0) if skip_long else limit or WorkLimit()
    return _Reader(sql.encode("utf-8", "replace").decode("utf-8"), limit).reading()


class _Reader:
    """Reads piece by piece what could not be read in one go."""

    def __init__(self, sql: str, limit: WorkLimit) -> None:
        self._limit = limit
        self._pieces, self._spans = split_sql(sql)
        self._sql = _blanked(sql, self._spans)
        self._statements: list[Statement] = []
        self._problems = 0
        self._unreadable = [
            Unreadable(span.start, span.end, "psql", f"{span.what}, which only psql understands")
            for span in self._spans[:_MOST_PROBLEMS]
        ]

    def reading(self) -> Reading:
        for batch in _batches(self._pieces):
            if len(batch) == 1 or not self._read(batch[0].start, batch[-1].end):
                for piece in batch:
                    if self._problems < _MOST_PROBLEMS:
                        self._read_piece(piece)
        return Reading(
            tuple(sorted(self._statements, key=lambda one: one.offset)),
            tuple(sorted(self._unreadable, key=lambda one: one.offset)),
        )

    def _read(self, start: int, end: int) -> bool:
        text = self._sql[start:end]
        result = parse_statements(text)
        if isinstance(result, Refused):
            return False
        self._statements += statements_of(result, text, start)
        return True

    def _read_piece(self, piece: Piece) -> None:
        text = self._sql[piece.start : piece.end]
        is_long = piece.code > SAFE_LENGTH
        result = self._limit.parse(text) if is_long else parse_statements(text)
        for _ in range(_MOST_VARIABLES):
            variable = _VARIABLE.match(text, result.position) if isinstance(result, Refused) else None
            if variable is None:
                break
            message = f"psql variable {variable.group()[:60]}, which only psql understands"
            self._note(piece.start + variable.start(), piece.start + variable.end(), "psql", message)
            if is_long:
                return  # Each further attempt would take as long again.
            text = text[: variable.start()] + _stand_in(variable.group()) + text[variable.end() :]
            result = parse_statements(text)
        if not isinstance(result, Refused):
            self._statements += statements_of(result, text, piece.start)
            return
        offset = piece.start + result.position
        kind: _Kind = "too-deep" if result is TOO_DEEP else "syntax"
        self._note(offset, max(piece.end, offset), kind, result.message)
        if piece.unclosed and not is_long:
            self._read_after_parenthesis(piece, offset)

    def _note(self, begin: int, end: int, kind: _Kind, message: str) -> None:
        self._problems += 1
        self._unreadable.append(Unreadable(begin, end, kind, message))

    def _read_after_parenthesis(self, piece: Piece, failed: int) -> None:
        """Read the statements behind a parenthesis that is never closed."""
        ends = [mark for mark in piece.inner if mark >= failed]
        for start, end in pairwise([*ends[:_MOST_PROBLEMS], piece.end]):
            self._read(start + 1, end)


def _batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield pieces to parse in one go: up to SAFE_LENGTH together; a long one is alone."""
    batch: list[Piece] = []
    code = 0
    for piece in pieces:
        if batch and code + piece.code > SAFE_LENGTH:
            yield batch
            batch, code = [], 0
        batch.append(piece)
        code += piece.code
    if batch:
        yield batch


def _blanked(sql: str, spans: Sequence[Span]) -> str:
    parts, at = [], 0
    for span in spans:
        parts += [sql[at : span.start], " " * (span.end - span.start)]
        at = span.end
    return "".join([*parts, sql[at:]])


def _stand_in(variable: str) -> str:
    """Return text of the same length that the grammar accepts in the variable's place."""
    if variable[1] in "'\"":
        return " " + variable[1:]
    return "_" * len(variable)
