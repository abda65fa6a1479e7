"""Undoes the last applied migration, where the environment allows it."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import runner, target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.dump import write_schema_where_set
from dbmate_wrap.commands.failure import explain
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.guard import refuse_where_protected
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.stopped import settle, stopped
from dbmate_wrap.commands.up import examine
from dbmate_wrap.dbmate.client import Dbmate, Failure
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import (
    FailedError,
    HistoryError,
    InterruptedRun,
    RefusedError,
    WrapError,
)
from dbmate_wrap.migrations.parse import has_statement
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.process import Terminated


def rollback(call: Call) -> None:
    """Run the way down of the last applied migration. Raises RefusedError where protected, or without one."""
    refuse_where_protected(call, "rollback")
    binary = runner.verify_in_background(call)
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    place = target.locate(call)
    with target.open_session(call, place.url) as session:
        before = examine(call, session, place, files)
        last = _last_applied(before, files)
        if last is None:
            call.outcome.summary = "nothing to roll back: no migration is applied"
            return
        failure = _undo(call, runner.prepare(call, binary(), place.url), files, last)
        server = target.recognise(call, session, place.url)
        now = histories.read(call, session, server, files)
        if last.file.version in now.applied:
            raise _still_applied(call, failure, last)
        call.outcome.summary = f"rolled back {last.file.name}"
        write_schema_where_set(call, session, place)


def _undo(call: Call, dbmate: Dbmate, files: Files, last: ParsedMigration) -> Failure | None:
    try:
        # dbmate undoes the last applied one of those it sees: it is shown this one alone.
        with stage([last.file]) as folder:
            return dbmate.rollback(folder, lambda name: call.say(f"rolling back {name}"))
    except (KeyboardInterrupt, Terminated) as signal:
        raise _stopped(call, dbmate, files, last, signal) from None


def _stopped(
    call: Call, dbmate: Dbmate, files: Files, last: ParsedMigration, signal: BaseException
) -> InterruptedRun:
    now = settle(call, dbmate.url, files)
    if now is None:
        message = f"whether {last.file.name} was rolled back is not known"
    elif last.file.version in now.applied:
        message = f"{last.file.name} is still applied"
    else:
        message = f"{last.file.name} was rolled back"
    return stopped(signal, message, "see the state with `dbmate-wrap status`")


def _still_applied(call: Call, failure: Failure | None, last: ParsedMigration) -> WrapError:
    if failure is not None:
        return explain(call, failure, last, last.sections[-1].down)
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
