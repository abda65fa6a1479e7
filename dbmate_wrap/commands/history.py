"""Shows the ledger: each applied migration with its time, account and checksum."""

from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import HistoryResult
from dbmate_wrap.errors import ConfigError, PreflightError
from dbmate_wrap.postgres import ledger
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context


def history(context: Context, outcome: Outcome) -> None:
    """Read every line of the ledger, oldest first. Raises PreflightError where it may not be read."""
    environment = context.environment
    if not environment.values.ledger:
        hint = "set ledger = true to keep one from now on"
        raise ConfigError(f"{environment.name} keeps no ledger", hint=hint)
    with database.connect(context) as db:
        outcome.target = db.target
        found = ledger.entries(db.session)
    if isinstance(found, LedgerUnavailable):
        raise PreflightError(found.reason, hint=found.hint)
    outcome.result = HistoryResult(found)
    outcome.summary = f"{len(found)} entries" if found else "the ledger is empty"
