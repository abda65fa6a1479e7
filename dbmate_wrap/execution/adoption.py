"""Adopts what plain dbmate has applied, and stamps the database, where nothing is to be applied."""

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.ledger import Ledger, lines_to_adopt
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.workspace.guard import refuse_foreign_stamp
from dbmate_wrap.workspace.history import is_adoption_due, raise_for_disagreement


def adopt(run: AttendedRun) -> str:
    """Return what was done, for the summary: empty where another run was faster, or nothing was written.

    Raises HistoryError, RefusedError for what is in the database by now.
    """
    raise_for_disagreement(run.db, run.history)
    refuse_foreign_stamp(run.environment, run.history)
    ledger = run.history.ledger
    if not isinstance(ledger, Ledger) or not is_adoption_due(run.history, run.files):
        return ""
    adopted = lines_to_adopt(run.history.applied, ledger.current, run.files.migrations)
    writer = run.open_ledger()
    run.lock.verify()
    if not writer.is_open:
        return ""  # It has warned why.
    stamped = f"; the database is stamped as {run.environment.name} now" if ledger.stamp is None else ""
    return stamped + (f"; {count(len(adopted), 'migration')} adopted" if adopted else "")
