"""Runs dbmate as it was typed, under the advisory lock; the ledger says what the history has more or less."""

from collections.abc import Callable

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.ledger import lines_of_changes
from dbmate_wrap.execution.interruption import interruptions_as_errors
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.postgres import catalog
from dbmate_wrap.process import Completed
from dbmate_wrap.workspace.history import History


def run_typed(
    run: AttendedRun, start: Callable[[Callable[[], bool]], Completed], *, own_files: bool
) -> Completed:
    """Run dbmate by `start`, which gets what tells it to stop; `own_files` where it works on the project's.

    `run.history` and `run.applied` are those after it. How dbmate ended is no error here.
    """
    ledger = run.open_ledger()

    def record() -> None:
        run.lock.verify()
        files = run.files.migrations if own_files else ()
        ledger.record(lines_of_changes(run.before.applied, run.history.applied, files))

    def describe(history: History | None) -> tuple[str, str]:
        if history is None:
            return "what dbmate has done is not known", "find out with `dbmate-wrap status`"
        return _describe(run.before, history), "see the state with `dbmate-wrap status`"

    with interruptions_as_errors(run, ledger, describe, record):
        done = start(run.lock.is_lost)
        run.lock.raise_if_lost()
        if done.returncode != 0:
            # It may be gone without an answer of the server: its session may still be at work.
            catalog.end_sessions(run.db.session, run.invocation.dbmate_name)
        run.db = run.db.look_again()
        run.read_history(run.db)
        record()
    run.applied = [version for version in run.history.applied if version not in run.before.applied]
    return done


def _describe(before: History, after: History) -> str:
    new, gone = set(after.applied) - set(before.applied), set(before.applied) - set(after.applied)
    return f"{count(len(new), 'migration')} applied, {count(len(gone), 'migration')} rolled back"
