"""Says what `up` would do, and does nothing."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.guard import demand_stamp, warn_of_stamp
from dbmate_wrap.commands.pending import Wish, select
from dbmate_wrap.commands.status import history_or_nothing
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.outcome import Step
from dbmate_wrap.policy.session_state import changes_session


def plan(call: Call, wish: Wish) -> None:
    """The pending migrations in order, and how each would run. Raises what `up` would before it writes."""
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    place = target.locate(call)
    found, foreign = history_or_nothing(call, place, files, wait=wish.wait)
    if error := histories.disagreement(found) or foreign:
        raise error
    demand_stamp(call, found)
    warn_of_stamp(call, found)
    todo = select(found, files, wish.to)
    call.outcome.extra.steps = tuple(_step(migration) for migration in todo)
    call.outcome.summary = f"{len(todo)} pending; nothing was changed" if todo else "nothing is pending"


def _step(migration: ParsedMigration) -> Step:
    file = migration.file
    return Step(file.version, file.name, migration.transactional, changes_session(migration))
