"""What follows once something is pending: preflight, guard, advisory lock, history again, dbmate, ledger."""

from collections.abc import Sequence

from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.execution import readiness
from dbmate_wrap.execution.apply import apply
from dbmate_wrap.execution.diagnosis import cut_off
from dbmate_wrap.execution.exclusive import HeldLock, exclusive
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.run import AttendedRun, watched
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace import dbmate as runner
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place
from dbmate_wrap.workspace.guard import confirm, refuse_foreign_stamp
from dbmate_wrap.workspace.pending import Wish, nothing_to_do, read_agreeing_history, select
from dbmate_wrap.workspace.project_files import ProjectFiles


def migrate(
    context: Context,
    session: Session,
    place: Place,
    files: ProjectFiles,
    todo: Sequence[ParsedMigration],
    wish: Wish,
) -> None:
    """Apply `todo`, unless the server cannot take it (22), a guard says no (20) or another run is on (23)."""
    binary = runner.start_verification(context)
    readiness.require_readiness(
        context, session, place, [part.up.sql for each in todo for part in each.sections]
    )
    confirm(context, f"apply {count(len(todo), 'migration')}", yes=wish.yes)
    verified = binary()
    with exclusive(context, place) as tenure:
        _apply_pending(context, session, place, files, tenure, verified, wish)


def _apply_pending(
    context: Context,
    session: Session,
    place: Place,
    files: ProjectFiles,
    tenure: HeldLock,
    binary: Binary,
    wish: Wish,
) -> None:
    # Another run may have been here while we waited for the lock: everything is looked at once more.
    found = read_agreeing_history(context, session, place, files)
    todo = select(found, files, wish.to)
    if not todo:
        context.outcome.summary = nothing_to_do(found, wish.to)
        return
    refuse_foreign_stamp(context, found)
    dbmate = runner.bind(context, binary, place.url, session)
    with LedgerWriter(context, session, binary.version) as book, watched(context, dbmate) as watcher:
        book.open(found, files)
        _demand_nothing_half_done(context, book, todo)
        ground = AttendedRun(context, session, dbmate, files, found, tenure, book, watcher)
        apply(ground, todo)
        tenure.demand()
    context.outcome.summary = f"{count(len(context.outcome.applied), 'migration')} applied"


def _demand_nothing_half_done(context: Context, book: LedgerWriter, todo: Sequence[ParsedMigration]) -> None:
    pending = {migration.file.version: migration for migration in todo}
    for found in book.cut_off():
        if found.version in pending:
            raise cut_off(context, pending[found.version], found)
