"""Shows the ledger: what was applied when, by whom, from which bytes (the verb `history`)."""

from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.errors import ConfigError, PreflightError
from dbmate_wrap.postgres import ledger
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context


def history(context: Context) -> None:
    """Every line of the database's ledger, oldest first. Raises PreflightError where it may not be read."""
    if not context.environment.values.ledger:
        raise ConfigError(
            f"{context.environment.name} keeps no ledger", hint="set ledger = true to keep one from now on"
        )
    place = database.resolve_url(context)
    with database.open_session(context, place.url) as session:
        database.read_target(context, session, place.url)
        found = ledger.entries(session)
    if isinstance(found, LedgerUnavailable):
        raise PreflightError(found.reason, hint=found.hint)
    context.outcome.extra.entries = found
    context.outcome.summary = f"{len(found)} entries" if found else "the ledger is empty"
