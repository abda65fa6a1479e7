"""Undoes the last applied migration, where the environment allows it."""

from contextlib import suppress

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import readiness, runner, target
from dbmate_wrap.commands.alone import Tenure, alone, lost_error
from dbmate_wrap.commands.book import Book
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.dump import write_schema_where_set
from dbmate_wrap.commands.failure import explain
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.ground import watched
from dbmate_wrap.commands.guard import demand_stamp, refuse_where_protected
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.pending import examine
from dbmate_wrap.commands.stopped import settle, stopped
from dbmate_wrap.commands.target import Place
from dbmate_wrap.commands.watching import Watcher
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.dbmate.client import Attendance, Dbmate, Failure
from dbmate_wrap.domain.ledger import How, Record
from dbmate_wrap.domain.leftovers import Leftovers, Thing, between
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
from dbmate_wrap.migrations.parse import has_statement
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.process import Terminated

_SEE = "see the state with `dbmate-wrap status`"


def rollback(call: Call) -> None:
    """Run the way down of the last applied migration. Raises RefusedError where protected, or without one."""
    refuse_where_protected(call, "rollback")
    binary = runner.verify_in_background(call)
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    place = target.locate(call)
    with target.open_session(call, place.url) as session:
        found = examine(call, session, place, files)
        last = _last_applied(found, files)
        if last is None:
            call.outcome.summary = "nothing to roll back: no migration is applied"
            return
        demand_stamp(call, found)
        texts = [section.down.sql for section in last.sections]
        readiness.demand(call, session, place, texts, rollback=True)
        verified = binary()
        with alone(call, place) as tenure:
            # Another run may have been here while we waited for the lock.
            again = examine(call, session, place, files)
            if again.applied != found.applied:
                raise LockedError(
                    "another run changed the history meanwhile: nothing was rolled back",
                    hint="see `dbmate-wrap status`, then decide anew",
                )
            _undo_recorded(call, session, place, files, again, last, tenure, verified)
        call.outcome.summary = f"rolled back {last.file.name}"
        write_schema_where_set(call, session, place)


def _undo_recorded(
    call: Call,
    session: Session,
    place: Place,
    files: Files,
    found: History,
    last: ParsedMigration,
    tenure: Tenure,
    binary: Binary,
) -> None:
    dbmate = runner.prepare(call, binary, place.url, session)
    with Book(call, session, binary.version) as book, watched(call, dbmate) as watcher:
        book.open(found, files)
        before = _inventory(call, session)
        try:
            failure = _undo(call, dbmate, last, tenure, watcher)
            if tenure.lost:
                # Our own session may be as dead as the lock's: it is not used any more.
                book.abandon()
                raise lost_error(_tale(last, settle(call, dbmate.url, files)), _SEE)
            now = _read_again(call, session, dbmate, files, last, failure)
            if last.file.version in now.applied:
                raise _still_applied(call, failure, last, between(before, _inventory(call, session)))
            _record(book, tenure, last)
        except (KeyboardInterrupt, Terminated) as signal:
            raise _stopped(call, dbmate, files, last, book, signal) from None


def _read_again(
    call: Call, session: Session, dbmate: Dbmate, files: Files, last: ParsedMigration, failure: Failure | None
) -> History:
    try:
        if failure is not None and failure.sqlstate is None:
            # dbmate is gone without a word from the server: its session may still be at work.
            catalog.end_sessions(session, call.dbmate_name)
        server = target.recognise(call, session, dbmate.url)
        return histories.read(call, session, server, files)
    except UnreachableError as error:
        tale = _tale(last, settle(call, dbmate.url, files))
        raise UnreachableError(f"{error.message}: {tale}", kind=error.kind, hint=_SEE) from None


def _record(book: Book, tenure: Tenure, last: ParsedMigration) -> None:
    try:
        tenure.demand()
    except LockedError:
        # The run stays open in the ledger: that tells the next one why the row is gone.
        book.abandon()
        raise
    book.write([_line(last)])


def _line(last: ParsedMigration) -> Record:
    return Record(last.file.version, last.file.name, last.file.checksum, How.ROLLED_BACK)


def _undo(
    call: Call, dbmate: Dbmate, last: ParsedMigration, tenure: Tenure, watcher: Watcher
) -> Failure | None:
    def started(name: str) -> None:
        watcher.started(name)
        call.say(f"rolling back {name}")

    def tick() -> bool:
        watcher.tick()
        return tenure.tick()

    # dbmate undoes the last applied one of those it sees: it is shown this one alone.
    with stage([last.file]) as folder:
        fitted = runner.fit(dbmate, [section.down for section in last.sections])
        return fitted.rollback(folder, Attendance(started, lambda name, seconds: None, tick))


def _stopped(
    call: Call, dbmate: Dbmate, files: Files, last: ParsedMigration, book: Book, signal: BaseException
) -> InterruptedRun:
    now = settle(call, dbmate.url, files)
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


def _inventory(call: Call, session: Session) -> tuple[Thing, ...]:
    return catalog.inventory(session, catalog.read_server(session, call.environment.values.migrations_table))


def _still_applied(call: Call, failure: Failure | None, last: ParsedMigration, left: Leftovers) -> WrapError:
    if failure is not None:
        return explain(call, failure, last, last.sections[-1].down, left)
    return FailedError(
        f"dbmate ended without an error, but {last.file.name} is still recorded as applied",
        hint="see what it did: dbmate-wrap status",
        migration=last.file.name,
    )


def _last_applied(found: History, files: Files) -> ParsedMigration | None:
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
