"""Applies what is pending: alone, on the database that is meant, and reported as the database tells it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import readiness, runner, target
from dbmate_wrap.commands.alone import Tenure, alone
from dbmate_wrap.commands.applying import Ground, apply, count, watched
from dbmate_wrap.commands.book import Book, demand_stamp
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.dump import write_schema_where_set
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.guard import confirm
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.target import Place
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.domain.history import Entry
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import UsageError
from dbmate_wrap.postgres.session import Session


@dataclass(frozen=True)
class Wish:
    """What was asked for: the last version to apply, and the seconds that the server may take to start."""

    to: str | None = None
    wait: float | None = None
    yes: bool = False


def up(call: Call, wish: Wish) -> None:
    """Files, lockfile, connection, history, preflight, guard, advisory lock, history again, dbmate, dump."""
    binary = runner.verify_in_background(call)
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    create = call.environment.values.create_database
    place = target.locate(call)
    with target.open_session(call, place.url, wait=wish.wait, create=create) as session:
        found = examine(call, session, place, files)
        todo = select(found, files, wish.to)
        if not todo:
            call.outcome.summary = _nothing_to_do(found, wish.to)
            return
        demand_stamp(call, found)
        readiness.demand(call, session, place, [part.up.sql for each in todo for part in each.sections])
        confirm(call, f"apply {count(len(todo))}", yes=wish.yes)
        verified = binary()
        with alone(call, place) as tenure:
            _apply_pending(call, session, place, files, tenure, verified, wish)
        if call.outcome.applied:
            write_schema_where_set(call, session, place)


def _apply_pending(
    call: Call,
    session: Session,
    place: Place,
    files: Files,
    tenure: Tenure,
    binary: Binary,
    wish: Wish,
) -> None:
    # Another run may have been here while we waited for the lock: everything is looked at once more.
    found = examine(call, session, place, files)
    todo = select(found, files, wish.to)
    if not todo:
        call.outcome.summary = _nothing_to_do(found, wish.to)
        return
    demand_stamp(call, found)
    dbmate = runner.prepare(call, binary, place.url, session)
    with Book(call, session, binary.version) as book, watched(call, dbmate) as watcher:
        book.open(found, files)
        ground = Ground(call, session, dbmate, files, found, tenure, book, watcher)
        apply(ground, todo)
        tenure.demand()
    call.outcome.summary = f"{count(len(call.outcome.applied))} applied"


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


def _nothing_to_do(found: History, to: str | None) -> str:
    upto = f" up to {to}" if to is not None else ""
    return f"nothing is pending{upto}: {count(len(found.applied))} applied before"
