"""Shows every migration with its state, in one environment or in all."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.guard import warn_of_stamp
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.target import Place
from dbmate_wrap.domain import history
from dbmate_wrap.errors import ExitCode, HistoryError, UnreachableError


def status(call: Call, *, exit_code: bool) -> None:
    """Every migration and its state; 13 when the history disagrees, 32 if wanted when one is pending."""
    files = project_files.read(call, contents=False)
    place = target.locate(call)
    found, foreign = history_or_nothing(call, place, files, wait=None)
    call.outcome.summary = summary(found)
    warn_of_stamp(call, found)
    project_files.demand(call)
    if error := histories.disagreement(found) or foreign:
        raise error
    if exit_code and found.pending:
        call.outcome.exit = ExitCode.PENDING


def history_or_nothing(
    call: Call, place: Place, files: Files, *, wait: float | None
) -> tuple[History, HistoryError | None]:
    """The history, and what is wrong with a database that has none.

    Where `up` would create a missing database, that database simply has no history yet.
    """
    try:
        session = target.open_session(call, place.url, wait=wait)
    except UnreachableError as error:
        if error.kind != "database_missing" or not call.environment.values.create_database:
            raise
        call.say(f"the database {place.url.database} does not exist yet: `dbmate-wrap up` creates it")
        return histories.compare(call, histories.NOTHING_APPLIED, files), None
    with session:
        server = target.recognise(call, session, place.url)
        found = histories.read(call, session, server, files)
        return found, histories.not_baselined(session, server)


def summary(found: History) -> str:
    """For people: how many there are of each state."""
    counts: dict[str, int] = {}
    for entry in found.entries:
        counts[entry.state.value] = counts.get(entry.state.value, 0) + 1
    words = [f"{counts[state.value]} {state.value}" for state in history.State if state.value in counts]
    return ", ".join(words) or "no migrations"
