"""Asks before anything is written to a protected environment, and knows whose database it is by its stamp."""

from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.history import History
from dbmate_wrap.domain import stamp as stamps
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.errors import RefusedError


def confirm(call: Call, what: str, *, yes: bool) -> None:
    """Return when the environment is not protected, or was confirmed. Raises RefusedError (20)."""
    name = call.environment.name
    if yes or not call.environment.values.protected:
        return
    answer = call.ask(f"{name} is protected. To {what}, type its name: ")
    if answer is None:
        raise RefusedError(
            f"{name} is protected, and there is no terminal to confirm on",
            hint=f"look first: dbmate-wrap plan -e {name}; then add --yes",
        )
    if answer.strip() != name:
        raise RefusedError(
            f"not confirmed: nothing was done to {name}", hint=f"type {name!r} to confirm, or use --yes"
        )


def refuse_where_protected(call: Call, what: str) -> None:
    """Raises RefusedError for what is never done to a protected environment."""
    if call.environment.values.protected:
        raise RefusedError(
            f"{what} is refused on {call.environment.name}, which is protected",
            hint="undo with a new migration: dbmate-wrap new NAME",
        )


def demand_stamp(call: Call, found: History) -> None:
    """Raises RefusedError (20) for a database that is stamped as another environment's."""
    if not isinstance(found.ledger, Ledger):
        return
    environment = call.environment
    verdict = found.ledger.verdict(environment.name, protected=environment.values.protected)
    if error := stamps.refusal(verdict, environment.name):
        raise error


def demand_stamp_for_dbmate(call: Call, found: Ledger) -> None:
    """Raises RefusedError (20) for a database where dbmate alone must not write under this environment."""
    environment = call.environment
    verdict = found.verdict(environment.name, protected=environment.values.protected)
    names = call.project.environments
    protected = [name for name in names if call.project.environment(name).values.protected]
    if error := stamps.refusal_of_dbmate(verdict, environment.name, protected):
        raise error


def warn_of_stamp(call: Call, found: History) -> None:
    """Say it when the database is stamped as another environment's, or is a copy."""
    if not isinstance(found.ledger, Ledger):
        return
    environment = call.environment
    verdict = found.ledger.verdict(environment.name, protected=environment.values.protected)
    if said := stamps.forecast(verdict, environment.name):
        call.say(f"warning: {said}")
