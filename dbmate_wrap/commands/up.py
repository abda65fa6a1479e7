"""Applies what is pending, and believes only the database about what was applied."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import runner, target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.dump import write_schema_where_set
from dbmate_wrap.commands.failure import explain
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.guard import confirm
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.stopped import settle, stopped
from dbmate_wrap.commands.target import Place
from dbmate_wrap.dbmate.client import Dbmate, Failure
from dbmate_wrap.domain.history import Entry
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import FailedError, InterruptedRun, LockedError, UsageError, WrapError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.policy.session_state import batches
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.process import Terminated


@dataclass(frozen=True)
class Wish:
    """What was asked for: the last version to apply, and the seconds that the server may take to start."""

    to: str | None = None
    wait: float | None = None
    yes: bool = False


def up(call: Call, wish: Wish) -> None:
    """Files, lockfile, connection, history, guard, dbmate, history again, dump: see docs/architecture.md."""
    binary = runner.verify_in_background(call)
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    create = call.environment.values.create_database
    place = target.locate(call)
    with target.open_session(call, place.url, wait=wish.wait, create=create) as session:
        before = examine(call, session, place, files)
        todo = select(before, files, wish.to)
        if not todo:
            call.outcome.summary = _nothing_to_do(before, wish.to)
            return
        confirm(call, f"apply {_count(len(todo))}", yes=wish.yes)
        dbmate = runner.prepare(call, binary(), place.url)
        _apply(_Work(call, session, dbmate, files, before, todo))
        call.outcome.summary = f"{_count(len(call.outcome.applied))} applied"
        write_schema_where_set(call, session, place)


def examine(call: Call, session: Session, place: Place, files: Files) -> History:
    """The database's history, when nothing about it forbids a run. Raises HistoryError."""
    server = target.recognise(call, session, place.url)
    found = histories.read(call, session, server, files)
    error = histories.disagreement(found) or histories.not_baselined(session, server)
    if error is not None:
        raise error
    return found


def select(found: History, files: Files, to: str | None) -> tuple[ParsedMigration, ...]:
    """The pending migrations, up to and with version `to`. Raises UsageError for an unknown version."""
    last = _last(found.entries, to) if to is not None else None
    wanted = {entry.file for entry in found.pending if last is None or (entry.file or "") <= last}
    return tuple(migration for migration in files.parsed if migration.file.name in wanted)


def _last(entries: Sequence[Entry], to: str) -> str:
    for entry in entries:
        same_number = to.isdecimal() and entry.version.isdecimal() and int(entry.version) == int(to)
        if entry.file is not None and (entry.version == to or entry.file == to or same_number):
            return entry.file
    known = f"{entries[0].version} to {entries[-1].version}" if entries else "none"
    raise UsageError(f"--to {to}: no migration has that version", hint=f"versions here: {known}")


@dataclass(frozen=True)
class _Work:
    """What one run works on; `begun` gets the name of each file as dbmate begins with it."""

    call: Call
    session: Session
    dbmate: Dbmate
    files: Files
    before: History
    todo: Sequence[ParsedMigration]
    begun: list[str] = field(default_factory=list)

    def begin(self, name: str) -> None:
        self.begun.append(name)
        self.call.say(f"applying {name}")


def _apply(work: _Work) -> None:
    try:
        for batch in batches(work.todo):
            with stage([migration.file for migration in batch]) as folder:
                failure = work.dbmate.migrate(folder, work.begin)
            server = catalog.read_server(work.session, work.call.environment.values.migrations_table)
            now = histories.read(work.call, work.session, server, work.files)
            work.call.outcome.applied = _ours(work, now, failure)
            if error := _verdict(work.call, failure, batch, frozenset(now.applied)):
                raise error
    except (KeyboardInterrupt, Terminated) as signal:
        raise _stopped(work, signal) from None


def _ours(work: _Work, now: History, failure: Failure | None) -> list[str]:
    """What this run applied: new in the database, and begun by our dbmate.

    What is new without that is another run's; so is a file for which the server gave our dbmate an error.
    """
    refused = failure.file if failure is not None and failure.sqlstate is not None else None
    names = [name for name in work.begun if name != refused]
    ours = {migration.file.version for migration in work.todo if migration.file.name in names}
    return [version for version in now.applied if version in ours and version not in work.before.applied]


def _verdict(
    call: Call, failure: Failure | None, batch: Sequence[ParsedMigration], applied: frozenset[str]
) -> WrapError | None:
    """None when the database has every migration of the batch, whatever dbmate said."""
    missing = [migration for migration in batch if migration.file.version not in applied]
    if not missing:
        if failure is not None:
            call.say(f"warning: dbmate reported {failure.message!r}, but the database has recorded all of it")
        return None
    if failure is None:
        return FailedError(
            f"dbmate ended without an error, but {missing[0].file.name} is not recorded in the database",
            hint="see what it did: dbmate-wrap status",
            migration=missing[0].file.name,
        )
    running = next((migration for migration in batch if migration.file.name == failure.file), None)
    if running is not None and running.file.version in applied:
        return LockedError(
            f"another run applied {running.file.name} at the same time; here it said: {failure.message}",
            hint="let the other run end, see `dbmate-wrap status`, then run `dbmate-wrap up` again",
            sqlstate=failure.sqlstate,
            migration=running.file.name,
        )
    return explain(call, failure, running, running.sections[0].up if running else None)


def _stopped(work: _Work, signal: BaseException) -> InterruptedRun:
    now = settle(work.call, work.dbmate.url, work.files)
    if now is None:
        return stopped(signal, "what was applied is not known", "find out with `dbmate-wrap status`")
    work.call.outcome.applied = _ours(work, now, None)
    left = [migration for migration in work.todo if migration.file.version not in now.applied]
    message = f"{_count(len(work.todo) - len(left))} applied, {len(left)} not"
    if not left:
        return stopped(signal, message, "nothing is pending any more")
    name = left[0].file.name
    hint = "see the state with `dbmate-wrap status`, then run `dbmate-wrap up` again"
    if not left[0].transactional:
        hint = f"{name} is not one transaction: see what it left behind before you run it again"
    return stopped(signal, f"{message}, beginning with {name}", hint)


def _nothing_to_do(found: History, to: str | None) -> str:
    upto = f" up to {to}" if to is not None else ""
    return f"nothing is pending{upto}: {_count(len(found.applied))} applied before"


def _count(number: int) -> str:
    return f"{number} migration" + ("" if number == 1 else "s")
