"""Versions that the ledger has as applied and the history table has not: by our rollback, or contradicted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.ledger import LedgerEntry, Origin, Record
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.errors import HistoryError

# A hint with more versions than this is no statement that anybody would copy.
_MOST_IN_A_STATEMENT = 20
_MOST_NAMED = 5


@dataclass(frozen=True)
class Evidence:
    """The facts about the history table of a database; names are quoted for SQL.

    `others` are tables of the same shape, which other projects may use. `has_run`: the ledger has a run about
    this table. `unfinished_rollback`: the last one is a rollback that never ended.
    """

    table: str
    exists: bool
    others: tuple[str, ...]
    has_run: bool
    unfinished_rollback: bool


@dataclass(frozen=True)
class MissingRows:
    """The versions without a row: `contradicted` where nothing explains it, `undone` by our own rollback.

    `recorded_in` is the other history table in which the contradicted lines say that they were applied.
    """

    evidence: Evidence
    contradicted: tuple[LedgerEntry, ...]
    undone: tuple[LedgerEntry, ...]
    recorded_in: str | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """The lines that a rollback could not write any more."""
        return tuple(
            Record(line.version, line.file, line.checksum, Origin.ROLLED_BACK) for line in self.undone
        )


def find_missing_rows(
    applied: Collection[str],
    lines: Sequence[LedgerEntry],
    known: Collection[tuple[str, str]],
    evidence: Evidence,
) -> MissingRows:
    """Compare the ledger's `lines` (oldest first) with the versions in the history table.

    The lines of this history table count. A line of format 1 names none: it counts where the database has
    only one such table, else where this project has its file; `known` has name and checksum of its files and
    sealed lines. A history table that is new to the ledger may be the former one under another name.
    """
    ours = [line for line in lines if _is_about(line, known, evidence)]
    if not ours and not evidence.has_run:
        return _former_history(applied, lines, known, evidence)
    gone = _applied_lines(ours, applied)
    if _explained(gone, applied, evidence):
        return MissingRows(evidence, (), gone)
    return MissingRows(evidence, gone, ())


def _is_about(line: LedgerEntry, known: Collection[tuple[str, str]], evidence: Evidence) -> bool:
    if line.history is not None:
        return line.history == evidence.table
    return not evidence.others or (line.file, line.checksum) in known


def _applied_lines(lines: Sequence[LedgerEntry], rows: Collection[str]) -> tuple[LedgerEntry, ...]:
    """The last line of each version that is applied by the ledger and has no row."""
    last = {line.version: line for line in lines}
    return tuple(
        line
        for version, line in sorted(last.items())
        if version not in rows and line.how != Origin.ROLLED_BACK
    )


def _former_history(
    applied: Collection[str],
    lines: Sequence[LedgerEntry],
    known: Collection[tuple[str, str]],
    evidence: Evidence,
) -> MissingRows:
    """The lines of another history table all of whose files this project has: it looks in the wrong place.

    A second service in the same database has files of its own.
    """
    for history in sorted({line.history for line in lines if line.history is not None}):
        current = _applied_lines([line for line in lines if line.history == history], ())
        if current and all((line.file, line.checksum) in known for line in current):
            gone = tuple(line for line in current if line.version not in applied)
            if gone:
                return MissingRows(evidence, gone, (), history)
    return MissingRows(evidence, (), ())


def _explained(gone: Sequence[LedgerEntry], applied: Collection[str], evidence: Evidence) -> bool:
    # A rollback undoes one version, and the last one.
    last_one = len(gone) == 1 and gone[0].version > max(applied, default="")
    return last_one and evidence.unfinished_rollback


def unknown(ledger: LedgerUnavailable) -> HistoryError:
    """The error for a history without a row, beside a ledger that cannot be read."""
    remedy = f"{ledger.hint}; or, " if ledger.hint else ""
    return HistoryError(
        "the history table has no rows, and the ledger that is there cannot say whether it had some:"
        f" {ledger.reason}",
        hint=f"{remedy}where the ledger is another project's alone, set ledger = false",
    )


def contradiction(missing: MissingRows) -> HistoryError | None:
    """The error that names both views and the remedy; None where nothing is contradicted."""
    lines = missing.contradicted
    if not lines:
        return None
    evidence, first = missing.evidence, lines[0]
    name = first.file or first.version
    rest = [line.file or line.version for line in lines[1:_MOST_NAMED]]
    more = f" and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    also = f"; the same for {', '.join(rest)}{more}" if rest else ""
    place = f" in {missing.recorded_in}" if missing.recorded_in is not None else ""
    lacks = "has no row for it" if evidence.exists else "does not exist"
    return HistoryError(
        f"ledger and history table disagree: the ledger has {name} as {_how(first)}{place},"
        f" {evidence.table} {lacks}{also}",
        hint=_remedy(missing),
        migration=name,
    )


def _how(line: LedgerEntry) -> str:
    who = line.os_user or line.database_user
    at = f"{who}@{line.host}" if line.host else who
    return f"{line.how} ({line.applied_at or line.recorded_at} by {at})"


def _remedy(missing: MissingRows) -> str:
    evidence, table = missing.evidence, missing.evidence.table
    page = "`dbmate-wrap explain ledger-and-history-table-disagree`"
    there = tuple(name for name in evidence.others if missing.recorded_in in (None, name))
    elsewhere = f"if the history is in {', '.join(there)}, set migrations_table; " if there else ""
    if missing.recorded_in in there:
        setting = there[0].replace('"', "")
        return (
            f'look where the history is: migrations_table = "{setting}"; where these files are to run'
            f" a second time on purpose, with a history of their own, see {page}"
        )
    lines = missing.contradicted
    if len(lines) > _MOST_IN_A_STATEMENT:
        return f"{elsewhere}put the rows back, or record that they were rolled back: see {page}"
    values = ", ".join("('{}')".format(line.version.replace("'", "''")) for line in lines)
    create = "" if evidence.exists else f"create table {table} (version varchar primary key); "
    insert = f"insert into {table} (version) values {values}"  # noqa: S608 - shown, never run
    return (
        f"{elsewhere}if the migrations are in place, put the rows back: {create}{insert};"
        f" if they were undone on purpose, record that: see {page}"
    )
