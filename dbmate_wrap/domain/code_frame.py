"""Formats the place of an error in a migration: the line itself, and a caret under the column."""

import re
from collections.abc import Sequence

from dbmate_wrap.domain.escape import replace_unprintable

_WIDEST = 96
# No more characters of a line are processed: it may have megabytes.
_LONGEST = 1000
_TAB = "    "
# Up to the password: of a role or an option, of a connection string or a comparison, of a URL.
_ANNOUNCED = re.compile(r"passw(?:or)?d['\"]?\s*[,=]?\s*$", re.IGNORECASE)
_STRING = re.compile(r"\s*(?=(?:e|u&)?['$])", re.IGNORECASE)
_PASSWORD = re.compile(
    r"passw(?:or)?d(?:['\"]?\s*:?=>?\s*|['\"]\s*,\s*|\s*(?=(?:e|u&)?['$]))|://[^\s/:@'\"]*+:(?=[^\s@]+@)",
    re.IGNORECASE,
)


def code_frame(text: str, line: int, column: int | None) -> str:
    """Return the line with its number, and a caret under `column`; both count from 1, columns in characters.

    A long line is cut around the column. Empty if the text has no such line.
    """
    return line_frame(text.split("\n"), line, column)


def line_frame(lines: Sequence[str], line: int, column: int | None, widest: int = _WIDEST) -> str:
    """Return the frame of one of the lines; at most `widest` of its characters are shown.

    A password is not, nor what stands behind it: where it ends depends on how it is quoted.
    """
    if not 1 <= line <= len(lines):
        return ""
    source = lines[line - 1].rstrip("\r")
    if len(source) > _LONGEST:
        start = max(min(column or 0, len(source)) - _LONGEST // 2, 0)
        source, column = source[start : start + _LONGEST], None if column is None else column - start
    secret = _password_in(source, lines[line - 2] if line > 1 else "")
    if secret is not None:
        source, column = f"{source[:secret]}***", None if column is None else min(column, secret + 1)
    shown, position = _cut(source, column, widest)
    number = f"{line:>5} | "
    if position is None:
        return f"{number}{shown}"
    return f"{number}{shown}\n{' ' * (len(number) - 2)}| {' ' * _width(shown[:position])}^"


def _password_in(source: str, before: str) -> int | None:
    """Return where a password begins; `before` is the line before, which may announce it."""
    found = _STRING.match(source) if _ANNOUNCED.search(before[-_WIDEST:]) else None
    found = found or _PASSWORD.search(source)
    return found.end() if found else None


def _cut(source: str, column: int | None, widest: int) -> tuple[str, int | None]:
    place = None
    if column is not None and 1 <= column <= len(source) + 1:
        place = len(source[: column - 1].replace("\t", _TAB))
    shown = replace_unprintable(source.replace("\t", _TAB))
    if len(shown) <= widest:
        return shown, place
    if place is None or place < widest - 10:
        return shown[: widest - 3] + "...", place
    start = place - widest // 2
    end = "..." if start + widest < len(shown) else ""
    return "..." + shown[start : start + widest] + end, place - start + 3


def _width(text: str) -> int:
    """Return the width in columns of a terminal: Chinese, Japanese, Korean and emoji are two wide."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # A megabyte of tables, which few texts need.

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
