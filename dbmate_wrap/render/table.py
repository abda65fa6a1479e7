"""Plain text tables and colours; `rich` would cost 45 ms to import and more to draw a thousand rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dbmate_wrap.domain.escape import visible

_GAP = "  "
_BELOW = "    "
# Of columns for a cell whose words are wrapped beside the others.
_LEAST_ROOM = 24
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True)
class Paint:
    """Colours text when `enabled` (a terminal, and NO_COLOR is not set)."""

    enabled: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.enabled and text else text


PLAIN = Paint(False)


@dataclass(frozen=True)
class View:
    """How much a person sees: the columns of the terminal (None: no limit), and all of it with `verbose`."""

    columns: int | None = None
    verbose: bool = False


WHOLE_LINES = View()


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Paint = PLAIN,
    styles: Sequence[str] = (),
    styled_column: int = -1,
    columns: int | None = None,
) -> str:
    """Left-aligned columns under a header; `styles` has one style a row for the cell of `styled_column`.

    Empty when there are no rows. What does not fit into `columns` is wrapped between words, or put below the
    rest of its row. Names are never truncated or broken: people copy them.
    """
    if not rows:
        return ""
    rows = [[visible(cell) for cell in row] for row in rows]
    layout = _layout([max(map(len, column)) for column in zip(header, *rows, strict=True)], columns)
    lines = [*layout.lines(header, lambda number, text: paint("bold", text))]
    styled = styled_column % len(header)
    for row, style in zip(rows, styles or [""] * len(rows), strict=True):
        lines += layout.lines(row, partial(_paint_cell, paint, style, styled))
    return "\n".join(lines)


def _paint_cell(paint: Paint, style: str, styled: int, number: int, text: str) -> str:
    return paint(style, text) if style and number == styled else text


def _layout(widths: Sequence[int], columns: int | None) -> "_Layout":
    """Return the columns that stand side by side, and those that go below: the widest first."""
    beside, below = [*range(len(widths))], list[int]()
    while columns is not None and len(beside) > 1 and _width(widths, beside) > columns:
        room = columns - _width(widths, beside[:-1]) - len(_GAP)
        widest = max(beside[1:], key=lambda number: widths[number])
        if widest == beside[-1] and room >= _LEAST_ROOM:
            return _Layout(beside, sorted(below), [*widths[: beside[-1]], room], columns)
        beside.remove(widest)
        below.append(widest)
    return _Layout(beside, sorted(below), widths, columns)


def _width(widths: Sequence[int], numbers: Sequence[int]) -> int:
    return sum(widths[number] for number in numbers) + len(_GAP) * (len(numbers) - 1)


@dataclass(frozen=True)
class _Layout:
    """Where the cells of a row go: `beside` each other in `widths`, the last of them wrapped; and `below`."""

    beside: Sequence[int]
    below: Sequence[int]
    widths: Sequence[int]
    columns: int | None

    def lines(self, row: Sequence[str], painted: Callable[[int, str], str]) -> Iterator[str]:
        """Yield the lines of a row; `painted` gets the number of a column and its text."""
        *first, last = self.beside
        before = "".join(
            painted(number, row[number]) + " " * (self.widths[number] - len(row[number])) + _GAP
            for number in first
        )
        indent = " " * (_width(self.widths, self.beside) - self.widths[last])
        wrapped = self._wrapped(row[last], self.widths[last])
        yield (before + painted(last, wrapped[0])).rstrip()
        yield from (indent + painted(last, line) for line in wrapped[1:])
        for number in self.below:
            room = (self.columns or 0) - len(_BELOW)
            yield from (
                _BELOW + painted(number, line) for line in self._wrapped(row[number].strip(), room) if line
            )

    def _wrapped(self, text: str, room: int) -> list[str]:
        if self.columns is None or len(text) <= room:
            return [text]
        import textwrap

        return textwrap.wrap(text, max(room, 1), break_long_words=False, break_on_hyphens=False)
