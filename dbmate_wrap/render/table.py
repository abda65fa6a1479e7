"""Plain text tables and colours; `rich` would cost 45 ms to import and more to draw a thousand rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.escape import visible

_GAP = "  "
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


@dataclass(frozen=True)
class Paint:
    """Colours text when `enabled` (a terminal, and NO_COLOR is not set)."""

    enabled: bool

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.enabled and text else text


PLAIN = Paint(False)


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Paint = PLAIN,
    styles: Sequence[str] = (),
    styled_column: int = -1,
) -> str:
    """Left-aligned columns under a header; `styles` has one style a row for the cell of `styled_column`.

    Empty when there are no rows. Names are never truncated: people copy them.
    """
    if not rows:
        return ""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    column = styled_column % len(header)
    lines = [paint("bold", _line(header, widths))]
    for number, row in enumerate(rows):
        style = styles[number] if styles else None
        lines.append(_line(row, widths, column, style, paint))
    return "\n".join(lines)


def _line(
    row: Sequence[str],
    widths: Sequence[int],
    column: int = -1,
    style: str | None = None,
    paint: Paint = PLAIN,
) -> str:
    cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
    cells[-1] = row[-1]
    if style is not None:
        cells[column] = paint(style, row[column]) + " " * (len(cells[column]) - len(row[column]))
    return _GAP.join(cells).rstrip()
