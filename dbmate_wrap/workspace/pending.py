"""Finds what an `up` would apply, and what forbids it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.history import Entry
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import UsageError
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles


@dataclass(frozen=True)
class Wish:
    """What was asked for: the last version to apply, and the seconds that the server may take to start."""

    to: str | None = None
    wait: float | None = None
    yes: bool = False


def read_agreeing_history(context: Context, session: Session, place: Place, files: ProjectFiles) -> History:
    """The database's history, when nothing about it forbids a run. Raises HistoryError."""
    server = database.read_target(context, session, place.url)
    found = histories.read(context, session, server, files)
    error = histories.disagreement(found) or histories.not_baselined(session, server)
    if error is not None:
        raise error
    return found


def select(found: History, files: ProjectFiles, to: str | None) -> tuple[ParsedMigration, ...]:
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


def nothing_to_do(found: History, to: str | None) -> str:
    """What is said when no migration has to be applied."""
    upto = f" up to {to}" if to is not None else ""
    return f"nothing is pending{upto}: {count(len(found.applied), 'migration')} applied before"
