"""Shows the ledger: what was applied when, by whom, from which bytes (the verb `history`)."""

from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.domain.ledger_access import Unavailable
from dbmate_wrap.errors import ConfigError, PreflightError
from dbmate_wrap.postgres import ledger


def history(call: Call) -> None:
    """Every line of the database's ledger, oldest first. Raises PreflightError where it may not be read."""
    if not call.environment.values.ledger:
        raise ConfigError(
            f"{call.environment.name} keeps no ledger", hint="set ledger = true to keep one from now on"
        )
    place = target.locate(call)
    with target.open_session(call, place.url) as session:
        target.recognise(call, session, place.url)
        found = ledger.entries(session)
    if isinstance(found, Unavailable):
        raise PreflightError(found.reason, hint=found.hint)
    call.outcome.extra.entries = found
    call.outcome.summary = f"{len(found)} entries" if found else "the ledger is empty"
