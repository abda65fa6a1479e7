"""After a signal or a lost connection: ends what dbmate left running, and reads what the database says."""

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import InterruptedRun, TerminatedRun, WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.process import Terminated, signals_held
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles


def read_final_state(
    context: Context, url: DatabaseUrl, files: ProjectFiles, *, wait: float | None = None
) -> History | None:
    """The history, now that nothing of this run can change it any more; None when the server cannot be asked.

    dbmate itself is gone, but its server session would go on with its statement (seen with dbmate 2.37.0),
    and outside a transaction commit it. Our own session may be amid an answer: a new one is taken. `wait` is
    how many seconds a server that restarts may take.
    """
    try:
        with signals_held(), database.open_session(context, url, wait=wait) as session:
            catalog.end_sessions(session, context.dbmate_name)
            server = database.read_target(context, session, url)
            return histories.read(context, session, server, files)
    except WrapError as error:
        context.say(f"warning: the database could not be asked what was applied: {error.message}")
        return None


def stopped(signal: BaseException, message: str, hint: str) -> InterruptedRun:
    """The error for the signal that stopped the run: 130 or 143."""
    error = TerminatedRun if isinstance(signal, Terminated) else InterruptedRun
    return error(f"stopped: {message}", hint=hint)
