"""Errors of a run after which the history of migrations is not what it was."""

from collections.abc import Collection, Iterable, Sequence

from dbmate_wrap.domain.history_table import HistoryTable
from dbmate_wrap.domain.migration import MigrationFile, version_of
from dbmate_wrap.errors import PartialError, WrapError


def history_unreadable(file: str, error: WrapError) -> PartialError:
    """The error (31) of a run after which the history cannot be read as before."""
    return PartialError(
        f"{file} ran, and after it the history cannot be read: {error.message}",
        hint=error.hint,
        migration=file,
    )


def history_gone(
    file: str, table: HistoryTable, applied: Sequence[str], moved_to: Sequence[str]
) -> PartialError:
    """The error (31) of a run that took the history table away; `applied` are the rows that it had.

    `moved_to` are the tables of its shape that are there now.
    """
    values = ", ".join(f"('{version}')" for version in applied)
    fill = f" insert into {table.name} (version) values {values};" if values else ""  # noqa: S608 - shown only
    found = (
        f"; of its shape there is now {', '.join(moved_to)}: if that is it, move it back" if moved_to else ""
    )
    return PartialError(
        f"{file} took the history of migrations away: {table.name} is gone{found}",
        hint=f"see what {file} did; then make the table again with its rows:"
        f" create table {table.name} (version varchar primary key);{fill}"
        f" and add '{version_of(file)}' if its work is done",
        migration=file,
    )


def lost_versions(
    files: Iterable[MigrationFile], recorded: Collection[str], applied: Collection[str]
) -> list[str]:
    """Return the versions that were `recorded`, are not `applied` now, and have a file.

    The row of a version whose file is gone may have been taken out on purpose.
    """
    return sorted({file.version for file in files}.intersection(recorded).difference(applied))


def history_thinned(file: str, table: HistoryTable, lost: Sequence[str]) -> PartialError:
    """The error (31) of a run after which rows of the history are missing, or its own did not come."""
    values = ", ".join(f"('{version}')" for version in lost)
    rows = f"insert into {table.name} (version) values {values};"  # noqa: S608 - shown only
    return PartialError(
        f"{file} ran, and after it {table.name} has no row for {', '.join(lost)}",
        hint=f"see what {file} does with that table, also by a trigger or a rule on it; what is done must not"
        f" run again: put the rows back: {rows}",
        migration=file,
    )
