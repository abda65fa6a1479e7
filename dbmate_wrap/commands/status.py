"""Shows every migration with its state, in one environment or in all."""

from dbmate_wrap.domain import history
from dbmate_wrap.errors import ExitCode, HistoryError, UnreachableError
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place
from dbmate_wrap.workspace.guard import warn_of_foreign_stamp
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles


def status(context: Context, *, exit_code: bool) -> None:
    """Every migration and its state; 13 when the history disagrees, 32 if wanted when one is pending."""
    files = project_files.load_and_lint(context, contents=False)
    place = database.resolve_url(context)
    found, foreign = history_or_nothing(context, place, files, wait=None)
    context.outcome.summary = summary(found)
    warn_of_foreign_stamp(context, found)
    project_files.raise_for_findings(context)
    if error := histories.disagreement(found) or foreign:
        raise error
    if exit_code and found.pending:
        context.outcome.exit = ExitCode.PENDING


def history_or_nothing(
    context: Context, place: Place, files: ProjectFiles, *, wait: float | None
) -> tuple[History, HistoryError | None]:
    """The history, and what is wrong with a database that has none.

    Where `up` would create a missing database, that database simply has no history yet.
    """
    try:
        session = database.open_session(context, place.url, wait=wait)
    except UnreachableError as error:
        if error.kind != "database_missing" or not context.environment.values.create_database:
            raise
        context.say(f"the database {place.url.database} does not exist yet: `dbmate-wrap up` creates it")
        return histories.compare(context, histories.NOTHING_APPLIED, files), None
    with session:
        server = database.read_target(context, session, place.url)
        found = histories.read(context, session, server, files)
        return found, histories.not_baselined(session, server)


def summary(found: History) -> str:
    """For people: how many there are of each state."""
    counts: dict[str, int] = {}
    for entry in found.entries:
        counts[entry.state.value] = counts.get(entry.state.value, 0) + 1
    words = [f"{counts[state.value]} {state.value}" for state in history.State if state.value in counts]
    return ", ".join(words) or "no migrations"
