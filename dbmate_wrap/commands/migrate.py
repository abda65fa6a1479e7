"""What follows once something is pending: preflight, guard, advisory lock, history again, dbmate, ledger."""

from collections.abc import Sequence

from dbmate_wrap.commands import readiness, runner
from dbmate_wrap.commands.alone import Tenure, alone
from dbmate_wrap.commands.applying import apply
from dbmate_wrap.commands.book import Book
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.failure import cut_off
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.ground import Ground, watched
from dbmate_wrap.commands.guard import confirm, demand_stamp
from dbmate_wrap.commands.pending import Wish, examine, nothing_to_do, select
from dbmate_wrap.commands.target import Place
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.postgres.session import Session


def migrate(
    call: Call,
    session: Session,
    place: Place,
    files: Files,
    todo: Sequence[ParsedMigration],
    wish: Wish,
) -> None:
    """Apply `todo`, unless the server cannot take it (22), a guard says no (20) or another run is on (23)."""
    binary = runner.verify_in_background(call)
    readiness.demand(call, session, place, [part.up.sql for each in todo for part in each.sections])
    confirm(call, f"apply {count(len(todo), 'migration')}", yes=wish.yes)
    verified = binary()
    with alone(call, place) as tenure:
        _apply_pending(call, session, place, files, tenure, verified, wish)


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
        call.outcome.summary = nothing_to_do(found, wish.to)
        return
    demand_stamp(call, found)
    dbmate = runner.prepare(call, binary, place.url, session)
    with Book(call, session, binary.version) as book, watched(call, dbmate) as watcher:
        book.open(found, files)
        _demand_nothing_half_done(call, book, todo)
        ground = Ground(call, session, dbmate, files, found, tenure, book, watcher)
        apply(ground, todo)
        tenure.demand()
    call.outcome.summary = f"{count(len(call.outcome.applied), 'migration')} applied"


def _demand_nothing_half_done(call: Call, book: Book, todo: Sequence[ParsedMigration]) -> None:
    pending = {migration.file.version: migration for migration in todo}
    for found in book.cut_off():
        if found.version in pending:
            raise cut_off(call, pending[found.version], found)
