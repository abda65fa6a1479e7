"""Shows the place of an error in a migration: the line itself, and a caret under the column."""

_WIDEST = 96
_TAB = "    "


def code_frame(text: str, line: int, column: int | None) -> str:
    """The line with its number, and a caret under `column`; both count from 1, columns in characters.

    A long line is cut around the column. Empty where the text has no such line.
    """
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return ""
    source = lines[line - 1].rstrip("\r")
    shown, position = _cut(source, column)
    number = f"{line:>5} | "
    if position is None:
        return f"{number}{shown}"
    return f"{number}{shown}\n{' ' * (len(number) - 2)}| {' ' * _width(shown[:position])}^"


def _cut(source: str, column: int | None) -> tuple[str, int | None]:
    position = None if column is None or not 1 <= column <= len(source) + 1 else column - 1
    before = source[:position].replace("\t", _TAB) if position is not None else ""
    shown = _printable(source.replace("\t", _TAB))
    place = len(before) if position is not None else None
    if len(shown) <= _WIDEST:
        return shown, place
    if place is None or place < _WIDEST - 10:
        return shown[: _WIDEST - 3] + "...", place
    start = place - _WIDEST // 2
    end = "..." if start + _WIDEST < len(shown) else ""
    return "..." + shown[start : start + _WIDEST] + end, place - start + 3


def _width(text: str) -> int:
    """How many columns of a terminal it takes: Chinese, Japanese, Korean and emoji are two wide."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width  # A megabyte of tables, which next to no text needs.

    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
