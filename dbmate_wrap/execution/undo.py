"""Undoes the last applied migration; the result is read from the database."""

from functools import partial

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.domain.leftovers import Leftovers, diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import FailedError, HistoryError, LockedError, RefusedError, WrapError
from dbmate_wrap.execution.diagnosis import ProjectNames, diagnose
from dbmate_wrap.execution.interruption import interruptions_as_errors
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.migrations.parse import has_statement
from dbmate_wrap.workspace.history import History, raise_for_disagreement
from dbmate_wrap.workspace.project_files import ProjectFiles


def last_applied(found: History, files: ProjectFiles) -> ParsedMigration | None:
    """The migration that `rollback` undoes; None where nothing is applied.

    Raises HistoryError where it has no file, RefusedError where it has nothing after `-- migrate:down`.
    """
    if not found.applied:
        return None
    version = found.applied[-1]
    for migration in files.parsed:
        if migration.file.version != version:
            continue
        # dbmate would run the empty text, delete the record, and leave everything in place.
        if not any(has_statement(section.down.sql) for section in migration.sections):
            raise RefusedError(
                f"{migration.file.name} has no statement after `-- migrate:down`: it cannot be rolled back",
                hint="undo it with a new migration: dbmate-wrap new NAME",
                migration=migration.file.name,
            )
        return migration
    raise HistoryError(f"version {version} is applied, but there is no file for it")


def undo(run: AttendedRun, migration: ParsedMigration, seen: History) -> None:
    """Run migrate:down of the last applied migration. `seen` is the history before the lock was held.

    Raises the one error for the end of the run; `run.history` is true then too.
    """
    raise_for_disagreement(run.db, run.history)
    if run.history.applied != seen.applied:
        raise LockedError(
            "another run changed the history meanwhile: nothing was rolled back",
            hint="see `dbmate-wrap status`, then decide anew",
        )
    ledger, monitor = run.open_ledger(), run.open_monitor()
    before = run.inventory()

    def record_rollback() -> None:
        run.lock.verify()
        if migration.file.version not in run.history.applied:
            file = migration.file
            ledger.record([Record(file.version, file.name, file.checksum, Origin.ROLLED_BACK)])

    with interruptions_as_errors(run, ledger, partial(describe_undo, migration), record_rollback):
        attempt = run.attempt("down", [migration], monitor)
        if migration.file.version in attempt.history.applied:
            left = diff_inventories(before, run.inventory())
            raise still_applied(run.names, attempt.error, migration, left)
        record_rollback()


def describe_undo(migration: ParsedMigration, history: History | None) -> tuple[str, str]:
    """Message and hint for an interrupted rollback: rolled back, still applied, or not known."""
    hint = "see the state with `dbmate-wrap status`"
    if history is None:
        return f"whether {migration.file.name} was rolled back is not known", hint
    is_applied = migration.file.version in history.applied
    return f"{migration.file.name} {'is still applied' if is_applied else 'was rolled back'}", hint


def still_applied(
    names: ProjectNames, error: DbmateError | None, migration: ParsedMigration, left: Leftovers
) -> WrapError:
    """The error of a rollback after which the migration is still recorded."""
    if error is not None:
        return diagnose(names, error, migration, migration.sections[-1].down, left)
    return FailedError(
        f"dbmate ended without an error, but {migration.file.name} is still recorded as applied",
        hint="see what it did: dbmate-wrap status",
        migration=migration.file.name,
    )
