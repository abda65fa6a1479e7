"""The history of a database, compared with the files: what is applied, what is pending, what disagrees."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbmate_wrap.domain import history
from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.history import MigrationEntry, MigrationState
from dbmate_wrap.domain.history_table import objection_to_rows, objection_to_table
from dbmate_wrap.domain.ledger import AppliedVersion, Ledger
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.migration import ParsedMigration, is_same_version, version_of
from dbmate_wrap.domain.outcome import MigrationRow, Target
from dbmate_wrap.errors import HistoryError, UsageError
from dbmate_wrap.migrations.phase import set_phases
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.settings import Values
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.project_files import ProjectFiles

if TYPE_CHECKING:
    from dbmate_wrap.domain.missing_rows import MissingRows  # Few histories lack rows.

_REMEDY = {
    MigrationState.EDITED: "restore the file as it was sealed or applied, and write a new migration instead",
    MigrationState.UNKNOWN: "get the missing file from version control, or check"
    " that this is the right database",
    MigrationState.OUT_OF_ORDER: "give the file a number after the last applied one, then seal it again",
}
_WORDS = {
    MigrationState.UNKNOWN: "applied, but there is no file",
    MigrationState.OUT_OF_ORDER: "not applied, but older than one that is",
}
_TOLERATED = frozenset({MigrationState.EDITED, MigrationState.UNKNOWN})
_NAMED_AT_MOST = 5


@dataclass(frozen=True)
class History:
    """The applied versions, in text order, one entry per migration, and the ledger (None where it is off).

    `missing` is what the ledger has and the history table has not; None where the two agree. `disposable`:
    the rows of the database may be lost, so that an edited or foreign migration is a warning.
    """

    applied: tuple[str, ...]
    entries: tuple[MigrationEntry, ...]
    ledger: Ledger | LedgerUnavailable | None = None
    missing: "MissingRows | None" = None
    disposable: bool = False

    @property
    def tolerated(self) -> tuple[MigrationEntry, ...]:
        """The entries that end a run with 13 where rows matter: edited since they ran, or without a file."""
        if not self.disposable:
            return ()
        return tuple(each for each in self.entries if each.applied and each.state in _TOLERATED)

    @property
    def pending(self) -> tuple[MigrationEntry, ...]:
        """The entries that an `up` would apply."""
        return history.pending_entries(self.entries)

    @property
    def rows(self) -> list[MigrationRow]:
        """The rows of the result's table."""
        lines = self.ledger.current if isinstance(self.ledger, Ledger) else {}
        return [_row(entry, lines.get(entry.version)) for entry in self.entries]


@dataclass(frozen=True)
class FoundHistory:
    """The history of a database that may not be there yet: `target` is None then.

    `not_baselined` is the error for a database that has objects but no history.
    """

    target: Target | None
    history: History
    not_baselined: HistoryError | None = None


def read_history(db: Database, files: ProjectFiles, values: Values) -> History:
    """Read what the database has been through, and compare it with the files, as the settings want it.

    Raises HistoryError (13) where the history table is not dbmate's or not this project's, PreflightError
    (22) where this role does not see all its rows.
    """
    table = db.server.history
    if error := objection_to_table(table):
        raise error
    recorded = ledger.read(db.session, table.name) if values.ledger else None
    applied = catalog.applied_versions(db.session, db.server)
    known = {file.version for file in files.migrations}
    known |= {version for line in files.sealed if (version := version_of(line.name)) is not None}
    if error := objection_to_rows(table, applied, known):
        raise error
    found = _compare(applied, files, recorded, disposable=values.disposable)
    if isinstance(recorded, Ledger) and not _covers(applied, recorded):
        # The ledger first: a rollback may have ended between the two questions before. And what another run
        # has recorded by now is in a table that the look after this finds.
        lines = ledger.entries(db.session)
        if not table.exists and (again := db.look_again()).server.history.exists:
            return read_history(again, files, values)
        from dbmate_wrap.workspace.missing_rows import find_missing_rows

        return replace(found, missing=find_missing_rows(db, files, recorded, lines))
    return found


def _covers(applied: Sequence[str], recorded: Ledger) -> bool:
    """Return False where rows are missing, or the ledger has never met this history table."""
    if recorded.current:
        return recorded.current.keys() <= set(applied)
    return recorded.format is None


def read_history_if_present(context: Context, files: ProjectFiles, *, wait: float | None) -> FoundHistory:
    """The history of the environment's database, also where `up` would create the database first.

    Raises ConfigError, UnreachableError.
    """
    with database.open_database_if_present(context, wait=wait) as db:
        if db is None:
            return FoundHistory(None, without_database(files))
        found = read_history(db, files, context.environment.values)
        return FoundHistory(db.target, found, not_baselined(db))


def without_database(files: ProjectFiles) -> History:
    """The history of a database that is not there yet: everything is pending."""
    return _compare((), files, None, disposable=True)


def raise_for_disagreement(db: Database, found: History) -> None:
    """Raise HistoryError where files, lockfile and database disagree, or there was no baseline."""
    if error := disagreement(found) or not_baselined(db):
        raise error


def disagreement(found: History) -> HistoryError | None:
    """The error for the first kind of disagreement; None when files, database and ledger agree."""
    if error := ledger_contradiction(found) or _unknown(found):
        return error
    wrong = [each for each in history.disagreements(found.entries) if each not in found.tolerated]
    if not wrong:
        return None
    first = wrong[0]
    names = join_names([f"{entry.file or entry.version} ({_describe(entry.state)})" for entry in wrong])
    return HistoryError(
        f"files and database disagree: {names}",
        hint=_REMEDY[first.state] + _what_ran(found, first),
        migration=first.file or first.version,
    )


def _what_ran(found: History, entry: MigrationEntry) -> str:
    """Return the end of a hint that names the text that ran; empty where the ledger has not kept it."""
    if not isinstance(found.ledger, Ledger) or not found.ledger.ran_here(entry.version):
        return ""
    differs = ", and how the file differs" if entry.state is MigrationState.EDITED else ""
    return f"; what ran here{differs}: `dbmate-wrap history --show {entry.version}`"


def ledger_contradiction(found: History) -> HistoryError | None:
    """The error for versions that the ledger has as applied and the history table has not."""
    if found.missing is None:
        return None
    from dbmate_wrap.domain.missing_rows import contradiction

    return contradiction(found.missing)


def _unknown(found: History) -> HistoryError | None:
    """The error for an empty history where a ledger is there that may know better, and cannot be read."""
    if found.applied or not found.entries or not isinstance(found.ledger, LedgerUnavailable):
        return None
    from dbmate_wrap.domain.missing_rows import unknown

    return unknown(found.ledger)


def not_baselined(db: Database) -> HistoryError | None:
    """The error for a database that has objects but no history: running 001 there would fail half-way."""
    if db.server.history.exists:
        return None
    objects = catalog.foreign_objects(db.session, db.server)
    # Asked once more: another run may have begun between the two questions.
    if not objects or db.look_again().server.history.exists:
        return None
    more = " ..." if len(objects) >= _NAMED_AT_MOST else ""
    return HistoryError(
        f"the database is not empty ({', '.join(objects)}{more}) but has no migration history",
        hint="check that it is the right database; to adopt it: `dbmate-wrap baseline`, where the first"
        " migration makes its schema (`dbmate-wrap explain adopt`)",
    )


def pending(found: History, files: ProjectFiles, to: str | None) -> tuple[ParsedMigration, ...]:
    """The pending migrations, up to and with version `to`. Raises UsageError for an unknown version."""
    last = _last(found.entries, to) if to is not None else None
    wanted = {entry.file for entry in found.pending if last is None or (entry.file or "") <= last}
    return tuple(migration for migration in files.parsed if migration.file.name in wanted)


def is_adoption_due(found: History, files: ProjectFiles) -> bool:
    """Return True where something is applied, and the ledger lacks it or the database has no stamp."""
    return isinstance(found.ledger, Ledger) and found.ledger.lacks(found.applied, files.migrations)


def _last(entries: Sequence[MigrationEntry], to: str) -> str:
    for entry in entries:
        if entry.file is not None and (entry.file == to or is_same_version(entry.version, to)):
            return entry.file
    known = f"{entries[0].version} to {entries[-1].version}" if entries else "none"
    raise UsageError(f"--to {to}: no migration has that version", hint=f"versions here: {known}")


def _compare(
    applied: tuple[str, ...],
    files: ProjectFiles,
    recorded: Ledger | LedgerUnavailable | None,
    *,
    disposable: bool,
) -> History:
    ran = recorded.checksums if isinstance(recorded, Ledger) else {}
    # A version of another branch is no reason to leave one of this branch out.
    counted = {file.version for file in files.migrations} if disposable else set(applied)
    newest = max(counted.intersection(applied), default="")
    entries = history.compare_history(files.migrations, files.sealed, applied, ran, newest)
    entries = set_phases(entries, files.migrations)
    return History(applied, entries, recorded, disposable=disposable)


def _describe(state: MigrationState) -> str:
    return _WORDS.get(state, state.value)


def _row(entry: MigrationEntry, line: AppliedVersion | None) -> MigrationRow:
    applied_at = line.applied_at if line is not None and entry.applied else None
    state = entry.state.value
    return MigrationRow(entry.version, entry.file, state, applied_at, entry.checksum, entry.phase)
