"""Reads a block's SQL into statements with PostgreSQL's grammar, going on after what cannot be read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import WORD
from dbmate_wrap.sql import deep_parse
from dbmate_wrap.sql.grammar import SAFE_LENGTH, TOO_DEEP, Refused, parsed
from dbmate_wrap.sql.split import Piece, Span, cut
from dbmate_wrap.sql.statement import Statement, statements

__all__ = ["Reading", "Statement", "Unreadable", "read", "read_all"]

# After so many the text is no SQL, and looking further tells nobody more.
_MOST_PROBLEMS = 500
_MOST_VARIABLES = 100
_VARIABLE = re.compile(rf""":(?:{WORD}+|'[^'\n]*'|"[^"\n]*"|\{{\?\w+\}})""")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Characters `offset` to `end` could not be parsed; for syntax `offset` is where the parser stopped."""

    offset: int
    end: int
    kind: Literal["syntax", "psql", "too-deep"]
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a text and what could not, each in the order of the text."""

    statements: tuple[Statement, ...]
    unreadable: tuple[Unreadable, ...] = ()


def read(sql: str, *, deep: bool = True) -> Reading:
    """The statements of any text; never raises.

    Long statements are tried in a child process first, because they may end the process that parses them;
    `deep=False` starts none, and such a statement counts as too deep.
    """
    return read_all([sql], deep=deep)[0]


def read_all(texts: Sequence[str], *, deep: bool = True) -> list[Reading]:
    """Each text as `read` reads it, but one child for the long statements of them all."""
    readings = [_at_once(sql) or _Reader(sql.encode("utf-8", "replace").decode("utf-8")) for sql in texts]
    readers = [each for each in readings if isinstance(each, _Reader)]
    long = [text for reader in readers for text in reader.long_statements()]
    verdicts = iter(deep_parse.survives(long) if deep and long else [False] * len(long))
    return [each.reading(verdicts) if isinstance(each, _Reader) else each for each in readings]


def _at_once(sql: str) -> Reading | None:
    whole = parsed(sql) if len(sql) <= SAFE_LENGTH else TOO_DEEP
    return None if isinstance(whole, Refused) else Reading(tuple(statements(whole, sql, 0)))


class _Reader:
    """Reads piece by piece what could not be read in one go."""

    def __init__(self, sql: str) -> None:
        self._pieces, self._spans = cut(sql)
        self._sql = _blanked(sql, self._spans)
        self._statements: list[Statement] = []
        self._problems = 0
        self._unreadable = [
            Unreadable(span.start, span.end, "psql", f"{span.what}, which only psql understands")
            for span in self._spans[:_MOST_PROBLEMS]
        ]

    def long_statements(self) -> list[str]:
        """The statements that may end the process, in order."""
        return [self._text(piece) for piece in self._pieces if piece.code > SAFE_LENGTH]

    def reading(self, harmless: Iterator[bool]) -> Reading:
        """Read all; `harmless` tells of each long statement whether a child survived it."""
        for batch in _batches(self._pieces):
            if batch[0].code > SAFE_LENGTH:
                self._read_long(batch[0], harmless=next(harmless))
            elif len(batch) == 1 or not self._read(batch[0].start, batch[-1].end):
                for piece in batch:
                    if self._problems < _MOST_PROBLEMS:
                        self._read_piece(piece)
        return Reading(
            tuple(sorted(self._statements, key=lambda one: one.offset)),
            tuple(sorted(self._unreadable, key=lambda one: one.offset)),
        )

    def _text(self, piece: Piece) -> str:
        return self._sql[piece.start : piece.end]

    def _read(self, start: int, end: int) -> bool:
        text = self._sql[start:end]
        return self._take(parsed(text), text, start)

    def _take(self, result: Sequence[pb.RawStmt] | Refused, text: str, start: int) -> bool:
        if isinstance(result, Refused):
            return False
        self._statements += statements(result, text, start)
        return True

    def _read_long(self, piece: Piece, *, harmless: bool) -> None:
        # What follows a mistake in it was never tried in the child: nothing is mended or read behind one.
        text = self._text(piece)
        result = deep_parse.parsed_with_room(text) if harmless else TOO_DEEP
        if isinstance(result, Refused):
            variable = _VARIABLE.match(text, result.position)
            if variable is not None:
                self._note_variable(piece.start, variable)
            else:
                self._give_up(piece, result)
        self._take(result, text, piece.start)

    def _read_piece(self, piece: Piece) -> None:
        text = self._text(piece)
        result = parsed(text)
        for _ in range(_MOST_VARIABLES):
            variable = _VARIABLE.match(text, result.position) if isinstance(result, Refused) else None
            if variable is None:
                break
            self._note_variable(piece.start, variable)
            text = text[: variable.start()] + _stand_in(variable.group()) + text[variable.end() :]
            result = parsed(text)
        if isinstance(result, Refused):
            self._give_up(piece, result)
            if piece.unclosed:
                self._go_on_within(piece, piece.start + result.position)
        self._take(result, text, piece.start)

    def _note_variable(self, start: int, variable: re.Match[str]) -> None:
        message = f"psql variable {variable.group()[:60]}, which only psql understands"
        begin, end = start + variable.start(), start + variable.end()
        self._problems += 1
        self._unreadable.append(Unreadable(begin, end, "psql", message))

    def _go_on_within(self, piece: Piece, failed: int) -> None:
        """Read what can be read behind a parenthesis that nobody closed."""
        ends = [mark for mark in piece.inner if mark >= failed]
        for start, end in pairwise([*ends[:_MOST_PROBLEMS], piece.end]):
            self._read(start + 1, end)

    def _give_up(self, piece: Piece, refused: Refused) -> None:
        kind: Literal["syntax", "too-deep"] = "too-deep" if refused.too_deep else "syntax"
        offset = piece.start + refused.position
        self._problems += 1
        self._unreadable.append(Unreadable(offset, max(piece.end, offset), kind, refused.message))


def _batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces that are parsed in one go: as many as are harmless together; a long one is alone."""
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
    """Something of the same length that the grammar takes in the variable's place."""
    if variable[1] in "'\"":
        return " " + variable[1:]
    return "_" * len(variable)
