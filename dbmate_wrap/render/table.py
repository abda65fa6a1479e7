"""Plain text tables; `rich` would cost 45 ms to import and more to draw a thousand rows."""

from collections.abc import Sequence

from dbmate_wrap.render.escape import visible
from dbmate_wrap.render.paint import PLAIN, Paint

_GAP = "  "


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Paint = PLAIN,
    styles: Sequence[str] = (),
    styled_column: int = -1,
) -> str:
    """Left-aligned columns under a header; `styles` has one style a row for the cell of `styled_column`.

    Empty when there are no rows. Cells are kept whole: a cut name is worth nothing to who has to type it.
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
