"""Finds the real comments of a block, and the statement that each stands directly before."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from dbmate_wrap.domain.sql_lexer import LINE_COMMENT, comment_end, tokens
from dbmate_wrap.sql.split import split_sql

_OPENING = re.compile(rf"{LINE_COMMENT}|/\*")
_BLANK_LINE = re.compile(r"\n[ \t\r\f\v]*\n")


@dataclass(frozen=True)
class Comment:
    """One comment with its dashes; `offset` counts characters from the beginning of the block.

    `statement` is (begin, end) of the statement that it stands directly before, on lines of its own; None if
    there is none.
    """

    offset: int
    text: str
    statement: tuple[int, int] | None = None


def comments(sql: str, pattern: re.Pattern[str]) -> Iterator[Comment]:
    """Yield the comments that `pattern` matches; never text in a string or a body that looks like one."""
    edges = [(0, 0), *_statement_spans(sql), (len(sql), len(sql))]
    for (start, end), (begin, following) in pairwise(edges):
        # At the end of the text comes an empty one.
        statement = (begin, following) if following > begin else None
        yield from _comments_within(sql[start:end], start, pattern)
        yield from _comments_between(sql, end, begin, statement, pattern)


def _statement_spans(sql: str) -> list[tuple[int, int]]:
    """Return the begin and end of statements, and of psql's lines between them; a COPY ends with its rows."""
    pieces, commands = split_sql(sql)
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


def _comments_between(
    sql: str, begin: int, end: int, statement: tuple[int, int] | None, pattern: re.Pattern[str]
) -> Iterator[Comment]:
    """Yield the comments from `begin` to `end`, where `statement` begins."""
    found: list[Comment] = []
    after = end
    for start, stop in reversed(list(_comment_spans(sql, begin, end))):
        # Other comments may stand between it and the statement.
        if ";" in sql[stop:after] or _BLANK_LINE.search(sql, stop, after):
            statement = None
        if pattern.match(sql, start, stop):
            begins_line = not sql[sql.rfind("\n", 0, start) + 1 : start].strip()
            found.append(Comment(start, sql[start:stop], statement if begins_line else None))
        after = start
    return reversed(found)


def _comments_within(text: str, offset: int, pattern: re.Pattern[str]) -> Iterator[Comment]:
    """Yield the comments within one statement."""
    if not any(pattern.match(text, place.start()) for place in _OPENING.finditer(text)):
        return
    code = [(token.start, token.end) for token in tokens(text)]
    for (_, before), (after, _) in pairwise([(0, 0), *code, (len(text), len(text))]):
        for start, stop in _comment_spans(text, before, after):
            if pattern.match(text, start, stop):
                yield Comment(offset + start, text[start:stop])


def _comment_spans(sql: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    position = begin
    while opening := _OPENING.search(sql, position, end):
        position = opening.end()
        if opening.group() == "/*":
            position = min(comment_end(sql, opening.start()) or end, end)
        yield opening.start(), position
