"""Chooses the migrations to undo, and for each the text that ran: the file's, or what the ledger kept."""

from collections.abc import Mapping, Sequence

from dbmate_wrap.domain.history import MigrationState
from dbmate_wrap.domain.ledger import KeptText, Ledger
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, checksum
from dbmate_wrap.errors import HistoryError, RefusedError
from dbmate_wrap.migrations.parse import ParseFault, has_statement, parse_migration
from dbmate_wrap.postgres import ledger
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles


def last_applied(found: History) -> tuple[str, ...]:
    """The version that `rollback` undoes; empty where nothing is applied."""
    return found.applied[-1:]


def without_file(found: History) -> tuple[str, ...]:
    """The versions that are applied and have no file, the newest first."""
    unknown = {each.version for each in found.entries if each.state is MigrationState.UNKNOWN}
    return tuple(version for version in reversed(found.applied) if version in unknown)


def since_edited(found: History, *, else_last: bool = True) -> tuple[str, ...]:
    """The versions that `redo` undoes, the newest first: to the oldest with another text.

    Where none has one it is the last alone, or with `else_last` False nothing.
    """
    other = (MigrationState.EDITED, MigrationState.FORMER_TEXT)
    edited = [each.version for each in found.entries if each.state in other and each.applied]
    if not edited and not else_last:
        return ()
    oldest = min(edited, default=max(found.applied, default=""))
    return tuple(version for version in reversed(found.applied) if version >= oldest)


def read_what_ran(
    db: Database, found: History, files: ProjectFiles, versions: Sequence[str], remedy: str
) -> tuple[ParsedMigration, ...]:
    """The migrations of `versions` as they ran; `remedy` is the last way out of a text that is not there.

    Raises HistoryError where one is not known any more, RefusedError where it has nothing to undo it.
    """
    migrations = read_texts(db, found, files, versions, remedy)
    for migration in migrations:
        raise_without_way_back(migration)
    return migrations


def read_texts(
    db: Database, found: History, files: ProjectFiles, versions: Sequence[str], remedy: str
) -> tuple[ParsedMigration, ...]:
    """As `read_what_ran`, also of what has no migrate:down. Raises HistoryError."""
    same = {each.file for each in found.entries if each.state is MigrationState.APPLIED}
    unchanged = {each.file.version: each for each in files.parsed if each.file.name in same}
    missing = [version for version in versions if version not in unchanged]
    recorded = found.ledger
    texts: Mapping[str, KeptText] = {}
    if missing and isinstance(recorded, Ledger):
        kept = ledger.texts(db.session, recorded.access, db.server.history.name, missing)
        texts = {each.version: each for each in kept}
    return tuple(unchanged.get(each) or parse_kept(each, texts.get(each), remedy) for each in versions)


def parse_kept(version: str, kept: KeptText | None, remedy: str) -> ParsedMigration:
    """The migration that the ledger kept. Raises HistoryError where that is not what ran."""
    name = kept.file if kept is not None and kept.file else version
    if kept is None or kept.content is None or kept.checksum is None:
        raise HistoryError(
            f"the text of {name} that ran is not known: the ledger has none (plain dbmate or an older version"
            " of this tool applied it, or it is longer than 1 MB)",
            hint=f"get its file back from version control, then run again; {remedy}",
            migration=name,
        )
    if checksum(kept.content) != kept.checksum:
        raise HistoryError(
            f"the text of {name} in the ledger is not what ran: its checksum differs from the recorded one",
            hint=f"somebody changed dbmate_wrap.ledger: get the file back from version control; {remedy}",
            migration=name,
        )
    file = MigrationFile(name, version, kept.checksum, kept.content)
    parsed = parse_migration(file, kept.content.decode("utf-8", "surrogateescape"))
    assert not isinstance(parsed, ParseFault), "dbmate has run it"
    return parsed


def raise_without_way_back(migration: ParsedMigration) -> None:
    """Raise RefusedError for a migration that has nothing after `-- migrate:down`."""
    # dbmate would run the empty text, delete the record, and leave everything in place.
    if not any(has_statement(section.down.sql) for section in migration.sections):
        raise RefusedError(
            f"{migration.file.name} has no statement after `-- migrate:down`: it cannot be rolled back",
            hint="undo it with a new migration: dbmate-wrap new NAME",
            migration=migration.file.name,
        )
