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
) -> str:
    """Left-aligned columns under a header; `styles` has one style a row for the cell of `styled_column`.

    Empty when there are no rows. Names are never truncated: people copy them.
    """
    if not rows:
        return ""
    rows = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [paint("bold", _GAP.join(_padded(header, widths)).rstrip())]
    for number, row in enumerate(rows):
        cells = _padded(row, widths)
        if styles:
            styled = paint(styles[number], row[styled_column])
            cells[styled_column] = styled + cells[styled_column][len(row[styled_column]) :]
        lines.append(_GAP.join(cells).rstrip())
    return "\n".join(lines)


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
