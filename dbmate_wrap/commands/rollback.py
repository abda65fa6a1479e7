"""Undoes the last applied migration, where the environment allows it."""

from contextlib import suppress

from dbmate_wrap.commands.dump import write_schema_where_set
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.dbmate.client import Dbmate, DbmateError, RunEvents
from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers, diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import (
    FailedError,
    HistoryError,
    InterruptedRun,
    LockedError,
    RefusedError,
    UnreachableError,
    WrapError,
)
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.diagnosis import diagnose
from dbmate_wrap.execution.exclusive import HeldLock, exclusive, lost_error
from dbmate_wrap.execution.interruption import read_final_state, stopped
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.run import watched
from dbmate_wrap.migrations.parse import has_statement
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.process import Terminated
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace import dbmate as runner
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place
from dbmate_wrap.workspace.guard import refuse_foreign_stamp, refuse_where_protected
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.pending import read_agreeing_history
from dbmate_wrap.workspace.project_files import ProjectFiles

_SEE = "see the state with `dbmate-wrap status`"


def rollback(context: Context) -> None:
    """Run the way down of the last applied migration. Raises RefusedError where protected, or without one."""
    refuse_where_protected(context, "rollback")
    binary = runner.start_verification(context)
    files = project_files.load_and_lint(context, contents=True)
    project_files.raise_for_findings(context)
    place = database.resolve_url(context)
    with database.open_session(context, place.url) as session:
        found = read_agreeing_history(context, session, place, files)
        last = _last_applied(found, files)
        if last is None:
            context.outcome.summary = "nothing to roll back: no migration is applied"
            return
        refuse_foreign_stamp(context, found)
        texts = [section.down.sql for section in last.sections]
        readiness.require_readiness(context, session, place, texts, rollback=True)
        verified = binary()
        with exclusive(context, place) as tenure:
            # Another run may have been here while we waited for the lock.
            again = read_agreeing_history(context, session, place, files)
            if again.applied != found.applied:
                raise LockedError(
                    "another run changed the history meanwhile: nothing was rolled back",
                    hint="see `dbmate-wrap status`, then decide anew",
                )
            _undo_recorded(context, session, place, files, again, last, tenure, verified)
        context.outcome.summary = f"rolled back {last.file.name}"
        write_schema_where_set(context, session, place)


def _undo_recorded(
    context: Context,
    session: Session,
    place: Place,
    files: ProjectFiles,
    found: History,
    last: ParsedMigration,
    tenure: HeldLock,
    binary: Binary,
) -> None:
    dbmate = runner.bind(context, binary, place.url, session)
    with LedgerWriter(context, session, binary.version) as book, watched(context, dbmate) as watcher:
        book.open(found, files)
        before = _inventory(context, session)
        try:
            failure = _undo(context, dbmate, last, tenure, watcher)
            if tenure.lost:
                # Our own session may be as dead as the lock's: it is not used any more.
                book.abandon()
                raise lost_error(_tale(last, read_final_state(context, dbmate.url, files)), _SEE)
            now = _read_again(context, session, dbmate, files, last, failure)
            if last.file.version in now.applied:
                raise _still_applied(
                    context, failure, last, diff_inventories(before, _inventory(context, session))
                )
            _record(book, tenure, last)
        except (KeyboardInterrupt, Terminated) as signal:
            raise _stopped(context, dbmate, files, last, book, signal) from None


def _read_again(
    context: Context,
    session: Session,
    dbmate: Dbmate,
    files: ProjectFiles,
    last: ParsedMigration,
    failure: DbmateError | None,
) -> History:
    try:
        if failure is not None and failure.sqlstate is None:
            # dbmate is gone without a word from the server: its session may still be at work.
            catalog.end_sessions(session, context.dbmate_name)
        server = database.read_target(context, session, dbmate.url)
        return histories.read(context, session, server, files)
    except UnreachableError as error:
        tale = _tale(last, read_final_state(context, dbmate.url, files))
        raise UnreachableError(f"{error.message}: {tale}", kind=error.kind, hint=_SEE) from None


def _record(book: LedgerWriter, tenure: HeldLock, last: ParsedMigration) -> None:
    try:
        tenure.demand()
    except LockedError:
        # The run stays open in the ledger: that tells the next one why the row is gone.
        book.abandon()
        raise
    book.write([_line(last)])


def _line(last: ParsedMigration) -> Record:
    return Record(last.file.version, last.file.name, last.file.checksum, Origin.ROLLED_BACK)


def _undo(
    context: Context, dbmate: Dbmate, last: ParsedMigration, tenure: HeldLock, watcher: Monitor
) -> DbmateError | None:
    def started(name: str) -> None:
        watcher.started(name)
        context.say(f"rolling back {name}")

    def tick() -> bool:
        watcher.tick()
        return tenure.tick()

    # dbmate undoes the last applied one of those it sees: it is shown this one alone.
    with stage([last.file]) as folder:
        fitted = runner.fit(dbmate, [section.down for section in last.sections])
        return fitted.rollback(folder, RunEvents(started, lambda name, seconds: None, tick))


def _stopped(
    context: Context,
    dbmate: Dbmate,
    files: ProjectFiles,
    last: ParsedMigration,
    book: LedgerWriter,
    signal: BaseException,
) -> InterruptedRun:
    now = read_final_state(context, dbmate.url, files)
    if now is None:
        # The run stays open in the ledger: it may have undone the migration.
        book.abandon()
    elif last.file.version not in now.applied:
        with suppress(WrapError):
            # The ledger's session may have been amid an answer.
            book.write([_line(last)])
    return stopped(signal, _tale(last, now), _SEE)


def _tale(last: ParsedMigration, now: History | None) -> str:
    if now is None:
        return f"whether {last.file.name} was rolled back is not known"
    if last.file.version in now.applied:
        return f"{last.file.name} is still applied"
    return f"{last.file.name} was rolled back"


def _inventory(context: Context, session: Session) -> tuple[DatabaseObject, ...]:
    return catalog.inventory(
        session, catalog.read_server(session, context.environment.values.migrations_table)
    )


def _still_applied(
    context: Context, failure: DbmateError | None, last: ParsedMigration, left: Leftovers
) -> WrapError:
    if failure is not None:
        return diagnose(context, failure, last, last.sections[-1].down, left)
    return FailedError(
        f"dbmate ended without an error, but {last.file.name} is still recorded as applied",
        hint="see what it did: dbmate-wrap status",
        migration=last.file.name,
    )


def _last_applied(found: History, files: ProjectFiles) -> ParsedMigration | None:
    if not found.applied:
        return None
    version = found.applied[-1]
    for migration in files.parsed:
        if migration.file.version == version:
            _demand_way_down(migration)
            return migration
    raise HistoryError(f"version {version} is applied, but there is no file for it")


def _demand_way_down(migration: ParsedMigration) -> None:
    # dbmate would run the empty text, delete the record, and leave everything in place.
    if not any(has_statement(section.down.sql) for section in migration.sections):
        raise RefusedError(
            f"{migration.file.name} has no statement after `-- migrate:down`: there is no way back",
            hint="undo it with a new migration: dbmate-wrap new NAME",
            migration=migration.file.name,
        )
