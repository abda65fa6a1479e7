"""Reads what a database has been through and compares it with the files."""

from dataclasses import dataclass, replace

from dbmate_wrap.domain import history, missing_rows
from dbmate_wrap.domain.history import Entry, State
from dbmate_wrap.domain.ledger import AppliedVersion, Ledger
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.missing_rows import MissingRows
from dbmate_wrap.domain.outcome import MigrationRow
from dbmate_wrap.errors import HistoryError, PreflightError
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles

_WAY_OUT = {
    State.EDITED: "restore the file as it was sealed or applied, and write a new migration instead",
    State.UNKNOWN: "get the missing file from version control, or check that this is the right database",
    State.OUT_OF_ORDER: "give the file a number after the last applied one, then seal it again",
}


@dataclass(frozen=True)
class History:
    """The applied versions, in text order, one entry per migration, and the ledger (None where it is off).

    `missing` is what the ledger has and the history table has not; None where the two agree.
    """

    applied: tuple[str, ...]
    entries: tuple[Entry, ...]
    ledger: Ledger | LedgerUnavailable | None = None
    missing: MissingRows | None = None

    @property
    def pending(self) -> tuple[Entry, ...]:
        """Those that an `up` would apply."""
        return history.pending(self.entries)


NOTHING_APPLIED: tuple[str, ...] = ()


def read(context: Context, session: Session, server: Server, files: ProjectFiles) -> History:
    """Read the database's history, compare it, and record the rows in the outcome."""
    book = ledger.read(session) if context.environment.values.ledger else None
    found = compare(context, catalog.applied_versions(session, server), files, book)
    if isinstance(book, Ledger) and not book.current.keys() <= set(found.applied):
        return replace(found, missing=_find_missing(session, server, files))
    return found


def _find_missing(session: Session, server: Server, files: ProjectFiles) -> MissingRows:
    # Both are read again, the ledger first: a rollback may have ended between the two questions before.
    lines = ledger.entries(session)
    if isinstance(lines, LedgerUnavailable):
        raise PreflightError(lines.reason, hint=lines.hint)
    applied = catalog.applied_versions(session, server)
    known = {(file.name, file.checksum) for file in files.migrations}
    known |= {(line.name, line.checksum) for line in files.sealed}
    return missing_rows.find_missing_rows(applied, lines, known, ledger.missing_evidence(session, server))


def compare(
    context: Context,
    applied: tuple[str, ...],
    files: ProjectFiles,
    book: Ledger | LedgerUnavailable | None = None,
) -> History:
    """The history of a database that has `applied`; the rows are recorded in the outcome."""
    current = book.current if isinstance(book, Ledger) else {}
    ran = book.checksums if isinstance(book, Ledger) else {}
    entries = history.compare(files.migrations, files.sealed, applied, ran)
    context.outcome.migrations = [_row(entry, current.get(entry.version)) for entry in entries]
    return History(applied, entries, book)


def disagreement(found: History) -> HistoryError | None:
    """The error for the first kind of disagreement; None when files, database and ledger tell one story."""
    if error := ledger_contradiction(found):
        return error
    wrong = history.disagreements(found.entries)
    if not wrong:
        return None
    first = wrong[0]
    names = ", ".join(f"{entry.file or entry.version} ({_words(entry.state)})" for entry in wrong[:5])
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return HistoryError(
        f"files and database disagree: {names}{more}",
        hint=_WAY_OUT[first.state],
        migration=first.file or first.version,
    )


def ledger_contradiction(found: History) -> HistoryError | None:
    """The error for versions that the ledger has as applied and the history table has not."""
    return missing_rows.contradiction(found.missing) if found.missing is not None else None


def not_baselined(session: Session, server: Server) -> HistoryError | None:
    """The error for a database that has objects but no history: running 001 there would fail half-way."""
    if server.has_history:
        return None
    objects = catalog.foreign_objects(session, server)
    # Asked once more: another run may have begun between the two questions.
    if not objects or catalog.history_exists(session, f"{server.history_schema}.{server.history_table}"):
        return None
    more = " ..." if len(objects) >= 5 else ""
    return HistoryError(
        f"the database is not empty ({', '.join(objects)}{more}) but has no migration history",
        hint="check that it is the right database; to adopt it, follow docs/baseline.md",
    )


def _words(state: State) -> str:
    match state:
        case State.EDITED:
            return "edited"
        case State.UNKNOWN:
            return "applied, but there is no file"
        case State.OUT_OF_ORDER:
            return "not applied, but older than one that is"
        case _:
            return state.value


def _row(entry: Entry, line: AppliedVersion | None) -> MigrationRow:
    applied_at = line.applied_at if line is not None and entry.applied else None
    return MigrationRow(entry.version, entry.file, entry.state.value, applied_at, entry.checksum)
