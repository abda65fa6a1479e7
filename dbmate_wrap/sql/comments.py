"""Finds the real comments of a block, and the statement that each stands directly before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from postgast import PgQueryError, scan
from postgast import pg_query_pb2 as pb

from dbmate_wrap.domain.sql_lexer import LINE_COMMENT, comment_end
from dbmate_wrap.sql.split import cut

_OPENING = re.compile(rf"{LINE_COMMENT}|/\*")
_BLANK_LINE = re.compile(r"\n[ \t\r\f\v]*\n")


@dataclass(frozen=True)
class Comment:
    """One comment with its dashes; `offset` counts characters from the beginning of the block.

    `statement` is (begin, end) of what it stands directly before, on lines of its own; None where no
    statement begins there.
    """

    offset: int
    text: str
    statement: tuple[int, int] | None = None


def comments(sql: str, wanted: re.Pattern[str]) -> Iterator[Comment]:
    """The comments that `wanted` matches; never what only looks like one in a string or a body."""
    edges = [(0, 0), *_statements(sql), (len(sql), len(sql))]
    for (start, end), (begin, following) in pairwise(edges):
        # At the end of the text comes an empty one.
        statement = (begin, following) if following > begin else None
        yield from _inside(sql[start:end], start, wanted)
        yield from _between(sql, end, begin, statement, wanted)


def _statements(sql: str) -> list[tuple[int, int]]:
    """Where the statements begin and end, and psql's lines between them; a COPY ends with its rows."""
    pieces, commands = cut(sql)
    spans = [(piece.start, piece.end) for piece in pieces]
    spans += [(command.start, command.end) for command in commands]
    result: list[tuple[int, int]] = []
    rows = {command.start for command in commands if command.what.startswith("data lines")}
    for begin, end in sorted(spans):
        if result and (begin < result[-1][1] or begin in rows):
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def _between(
    sql: str, begin: int, end: int, statement: tuple[int, int] | None, wanted: re.Pattern[str]
) -> Iterator[Comment]:
    """The comments from `begin` to `end`, where `statement` begins."""
    places = [(begin, begin), *_places(sql, begin, end), (end, end)]
    found: list[Comment] = []
    for (_, before), (start, stop), (following, _) in zip(
        places[-3::-1], places[-2:0:-1], places[:1:-1], strict=True
    ):
        # Between it and the statement other comments may be, whatever they say.
        after = sql[stop:following]
        if ";" in after or _BLANK_LINE.search(after):
            statement = None
        if wanted.match(sql, start, stop):
            alone = _begins_line(sql, before, start)
            found.append(Comment(start, sql[start:stop], statement if alone else None))
    return reversed(found)


def _begins_line(sql: str, before: int, start: int) -> bool:
    """Whether only white space is in the line before `start`; what stood before it ends at `before`."""
    _, line_end, indent = sql[before:start].rpartition("\n")
    return not indent.strip() and (bool(line_end) or before == 0)


def _places(sql: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    position = begin
    while opening := _OPENING.search(sql, position, end):
        position = opening.end()
        if opening.group() == "/*":
            position = min(comment_end(sql, opening.start()) or end, end)
        yield opening.start(), position


def _inside(text: str, offset: int, wanted: re.Pattern[str]) -> Iterator[Comment]:
    """The comments within one statement; none where the scanner gives up, as it does for an open string."""
    if not any(wanted.match(text, place.start()) for place in _OPENING.finditer(text)):
        return
    try:
        tokens = scan(text).tokens
    except PgQueryError:
        return
    data = text.encode()
    seen = 0
    for token in tokens:
        if token.token in (pb.SQL_COMMENT, pb.C_COMMENT):
            offset += len(data[seen : token.start].decode())
            seen = token.start
            comment = data[token.start : token.end].decode()
            if wanted.match(comment):
                yield Comment(offset, comment)
