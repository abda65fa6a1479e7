"""Formats the place of an error in a migration: the line itself, and a caret under the column."""

from dbmate_wrap.domain.escape import replace_unprintable

_WIDEST = 96
# No more characters of a line are processed: it may have megabytes.
_LONGEST = 1000
_TAB = "    "


def code_frame(text: str, line: int, column: int | None) -> str:
    """Return the line with its number, and a caret under `column`; both count from 1, columns in characters.

    A long line is cut around the column. Empty if the text has no such line.
    """
    lines = text.split("\n")
    return line_frame(lines[line - 1], line, column) if 1 <= line <= len(lines) else ""


def line_frame(source: str, line: int, column: int | None, widest: int = _WIDEST) -> str:
    """Return the frame of the single line `source`; at most `widest` of its characters are shown."""
    source = source.rstrip("\r")
    if len(source) > _LONGEST:
        start = max(min(column or 0, len(source)) - _LONGEST // 2, 0)
        source, column = source[start : start + _LONGEST], None if column is None else column - start
    shown, position = _cut(source, column, widest)
    number = f"{line:>5} | "
    if position is None:
        return f"{number}{shown}"
    return f"{number}{shown}\n{' ' * (len(number) - 2)}| {' ' * _width(shown[:position])}^"


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
