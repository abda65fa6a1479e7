"""Renders the list of a fleet's targets: cells for the table of a terminal, and for Markdown."""

from dbmate_wrap.domain.fleet_result import ListedFleet, ListedTarget
from dbmate_wrap.render.markdown_text import code
from dbmate_wrap.render.table import Paint, table

_HEADER = ("target", "database", "server", "labels", "shard")


def fleet_list_text(inventory: ListedFleet, paint: Paint, columns: int | None = None) -> str:
    """Return the table of the targets; a column that no target has is left out."""
    header, rows = columns_of(inventory)
    return table(header, rows, paint, columns=columns)


def columns_of(inventory: ListedFleet) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the rows; the first two columns are always there."""
    every = [_cells(each) for each in inventory.targets]
    used = [number for number in range(len(_HEADER)) if number < 2 or any(cells[number] for cells in every)]
    rows = [tuple(cells[number] for number in used) for cells in every]
    return tuple(_HEADER[number] for number in used), rows


def markdown_columns(inventory: ListedFleet) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and the rows, whose cells are Markdown."""
    header, rows = columns_of(inventory)
    return header, [tuple(code(text) if text else "" for text in row) for row in rows]


def _cells(target: ListedTarget) -> tuple[str, ...]:
    labels = " ".join(target.labels)
    return target.name, target.database, _server(target.host, target.port), labels, target.shard or ""


def _server(host: str | None, port: int | None) -> str:
    shown = f"[{host}]" if host and ":" in host else host or ""
    return f"{shown}:{port}" if port is not None else shown
