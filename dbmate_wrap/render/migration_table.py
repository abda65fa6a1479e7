"""The table of migrations with their states, for people: a long history is folded to what matters now."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.render.table import Paint, table

_STYLES = {"applied": "green", "applied (former text)": "green", "pending": "yellow", "sealed": "green"}
# So many of the last applied ones are always shown; less than so many more are not worth a fold.
_LAST = 10
_FEW = 20


def migration_table(
    rows: Sequence[MigrationRow], paint: Paint, columns: int | None = None, *, folded: bool = False
) -> str:
    """Return the table for a terminal of so many columns.

    `folded` shows most of a long row of applied migrations as their count.
    """
    shown = [*_fold(rows)] if folded else [*map(_cells, rows)]
    styles = [_STYLES.get(state, "red") for _, _, _, state in shown]
    cells = [each[:3] for each in shown]
    return table(("version", "file", "state"), cells, paint, styles, columns=columns)


def _cells(row: MigrationRow) -> tuple[str, str, str, str]:
    """Return the cells, and the state by which the last one is coloured."""
    return row.version, row.file or "(no file)", row.label, row.state


def _fold(rows: Sequence[MigrationRow]) -> Iterator[tuple[str, str, str, str]]:
    applied = [number for number, row in enumerate(rows) if row.state == "applied"]
    hidden = set(applied[:-_LAST]) if len(applied) > _LAST + _FEW else set[int]()
    for is_hidden, group in groupby(enumerate(rows), key=lambda each: each[0] in hidden):
        some = [row for _, row in group]
        if is_hidden and len(some) > 1:
            first, last = some[0].version, some[-1].version
            yield "...", f"{count(len(some), 'migration')}, {first} to {last} (--full)", "applied", "applied"
        else:
            yield from map(_cells, some)
