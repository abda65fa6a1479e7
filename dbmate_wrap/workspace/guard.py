"""Asks before anything is written to a protected environment, and knows whose database it is by its stamp."""

from dbmate_wrap.domain import stamp as stamps
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.errors import RefusedError
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History


def confirm(context: Context, what: str, *, yes: bool) -> None:
    """Return when the environment is not protected, or was confirmed. Raises RefusedError (20)."""
    name = context.environment.name
    if yes or not context.environment.values.protected:
        return
    answer = context.ask(f"{name} is protected. To {what}, type its name: ")
    if answer is None:
        raise RefusedError(
            f"{name} is protected, and there is no terminal to confirm on",
            hint=f"look first: dbmate-wrap plan -e {name}; then add --yes",
        )
    if answer.strip() != name:
        raise RefusedError(
            f"not confirmed: nothing was done to {name}", hint=f"type {name!r} to confirm, or use --yes"
        )


def refuse_where_protected(context: Context, what: str) -> None:
    """Raises RefusedError for what is never done to a protected environment."""
    if context.environment.values.protected:
        raise RefusedError(
            f"{what} is refused on {context.environment.name}, which is protected",
            hint="undo with a new migration: dbmate-wrap new NAME",
        )


def refuse_foreign_stamp(context: Context, found: History) -> None:
    """Raises RefusedError (20) for a database that is stamped as another environment's."""
    if not isinstance(found.ledger, Ledger):
        return
    environment = context.environment
    verdict = found.ledger.verdict(environment.name, protected=environment.values.protected)
    if error := stamps.refusal(verdict, environment.name):
        raise error


def refuse_foreign_stamp_for_dbmate(context: Context, found: Ledger) -> None:
    """Raises RefusedError (20) for a database where dbmate alone must not write under this environment."""
    environment = context.environment
    verdict = found.verdict(environment.name, protected=environment.values.protected)
    names = context.project.environments
    protected = [name for name in names if context.project.environment(name).values.protected]
    if error := stamps.refusal_for_dbmate(verdict, environment.name, protected):
        raise error


def warn_of_foreign_stamp(context: Context, found: History) -> None:
    """Say it when the database is stamped as another environment's, or is a copy."""
    if not isinstance(found.ledger, Ledger):
        return
    environment = context.environment
    verdict = found.ledger.verdict(environment.name, protected=environment.values.protected)
    if said := stamps.warning_before(verdict, environment.name):
        context.say(f"warning: {said}")
