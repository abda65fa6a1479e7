"""Versions that the ledger has as applied and the history table has not: by our rollback, or contradicted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.ledger import LedgerEntry, Origin, Record
from dbmate_wrap.errors import HistoryError

# A hint with more versions than this is no statement that anybody would copy.
_MOST_IN_A_STATEMENT = 20
_MOST_NAMED = 5


@dataclass(frozen=True)
class Evidence:
    """The facts about the history table of a database; names are quoted for SQL.

    `hidden`: row level security holds for `role` there. `others` names tables of the same shape, which other
    projects may use; empty where there are none. `unfinished_rollback`: the last run that the ledger knows of
    is a rollback that never ended.
    """

    table: str
    exists: bool
    role: str
    hidden: bool
    others: str
    unfinished_rollback: bool


@dataclass(frozen=True)
class MissingRows:
    """The versions without a row: `contradicted` where nothing explains it, `undone` by our own rollback."""

    evidence: Evidence
    contradicted: tuple[LedgerEntry, ...]
    undone: tuple[LedgerEntry, ...]

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

    A line has no name of a history table. Where the database has only one, all lines are about that one.
    Else those count whose file this project has: `known` has name and checksum of its files and sealed lines.
    """
    last = {line.version: line for line in lines}
    gone = tuple(
        line
        for version, line in sorted(last.items())
        if version not in applied
        and line.how != Origin.ROLLED_BACK
        and (not evidence.others or (line.file, line.checksum) in known)
    )
    if _explained(gone, applied, evidence):
        return MissingRows(evidence, (), gone)
    return MissingRows(evidence, gone, ())


def _explained(gone: Sequence[LedgerEntry], applied: Collection[str], evidence: Evidence) -> bool:
    # A rollback undoes one version, and the last one.
    last_one = len(gone) == 1 and gone[0].version > max(applied, default="")
    return last_one and evidence.unfinished_rollback and not evidence.hidden


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
    hides = f", and row level security hides rows of it from {evidence.role}" if evidence.hidden else ""
    lacks = "has no row for it" if evidence.exists else "does not exist"
    return HistoryError(
        f"ledger and history table disagree: the ledger has {name} as {_how(first)},"
        f" {evidence.table} {lacks}{hides}{also}",
        hint=_remedy(evidence, lines),
        migration=name,
    )


def _how(line: LedgerEntry) -> str:
    who = line.os_user or line.database_user
    at = f"{who}@{line.host}" if line.host else who
    return f"{line.how} ({line.applied_at or line.recorded_at} by {at})"


def _remedy(evidence: Evidence, lines: Sequence[LedgerEntry]) -> str:
    table = evidence.table
    if evidence.hidden:
        return (
            f"let the owner of {table} run: create policy dbmate_wrap on {table} to {evidence.role}"
            f" using (true) with check (true); or: alter table {table} disable row level security"
        )
    page = "docs/runbook.md, 'Ledger and history table disagree'"
    elsewhere = f"if the history is in {evidence.others}, set migrations_table; " if evidence.others else ""
    if len(lines) > _MOST_IN_A_STATEMENT:
        return f"{elsewhere}put the rows back, or record that they were rolled back: see {page}"
    values = ", ".join("('{}')".format(line.version.replace("'", "''")) for line in lines)
    create = "" if evidence.exists else f"create table {table} (version varchar primary key); "
    insert = f"insert into {table} (version) values {values}"  # noqa: S608 - shown, never run
    return (
        f"{elsewhere}if the migrations are in place, put the rows back: {create}{insert};"
        f" if they were undone on purpose, record that: see {page}"
    )
