"""Says what `up` would do, and does nothing."""

from dbmate_wrap.commands.status import history_or_nothing
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.outcome import Step
from dbmate_wrap.sql.batching import changes_session
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.guard import refuse_foreign_stamp, warn_of_foreign_stamp
from dbmate_wrap.workspace.pending import Wish, select


def plan(context: Context, wish: Wish) -> None:
    """The pending migrations in order, and how each would run. Raises what `up` would before it writes."""
    files = project_files.load_and_lint(context, contents=True)
    project_files.raise_for_findings(context)
    place = database.resolve_url(context)
    found, foreign = history_or_nothing(context, place, files, wait=wish.wait)
    if error := histories.disagreement(found) or foreign:
        raise error
    refuse_foreign_stamp(context, found)
    warn_of_foreign_stamp(context, found)
    todo = select(found, files, wish.to)
    context.outcome.extra.steps = tuple(_step(migration) for migration in todo)
    context.outcome.summary = f"{len(todo)} pending; nothing was changed" if todo else "nothing is pending"


def _step(migration: ParsedMigration) -> Step:
    file = migration.file
    return Step(file.version, file.name, migration.transactional, changes_session(migration))
