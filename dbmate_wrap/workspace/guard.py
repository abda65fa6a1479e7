"""Confirmation for protected environments and of agents, and the check of the environment stamp."""

from collections.abc import Sequence

from dbmate_wrap.domain import stamp
from dbmate_wrap.domain.consent import CONSENT_VARIABLE
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.domain.stamp import StampVerdict
from dbmate_wrap.errors import PreflightError, RefusedError
from dbmate_wrap.settings import Environment, Project
from dbmate_wrap.workspace.history import History


def confirm(
    environment: Environment,
    console: Console,
    what: str,
    *,
    yes: bool,
    agents_everywhere: bool = False,
    look: str = "plan",
) -> None:
    """Return where the environment is not protected, or was confirmed. Raises RefusedError (20).

    For an agent `yes` is no confirmation; `agents_everywhere`: it needs one where nothing is protected too.
    `look` is the verb that shows beforehand what this is about.
    """
    name = environment.name
    asks_agents = agents_everywhere or environment.values.protected
    if (asks_agents and ask_person(environment, console, what)) or not environment.values.protected or yes:
        return
    answer = console.ask(f"{name} is protected. To {what}, type its name: ")
    if answer is None:
        hint = f"look first: dbmate-wrap {look} -e {name}; then add --yes"
        raise RefusedError(f"{name} is protected, and there is no terminal to confirm on", hint=hint)
    if answer.strip() != name:
        hint = f"type {name!r} to confirm, or use --yes"
        raise RefusedError(f"not confirmed: nothing was done to {name}", hint=hint)


def confirm_migrations(
    environment: Environment, console: Console, target: Target, files: Sequence[str], *, yes: bool
) -> None:
    """Ask as `confirm`, after the host, the database, its version and the list of what will be applied."""
    if environment.values.protected and not yes:
        server = f"PostgreSQL {target.server_version}"
        console.say(f"{environment.name}: database {target.database} on {target.place}, {server}")
        for name in files:
            console.say(f"  {name}")
    number = count(len(files), "migration")
    what = f"apply {'this' if len(files) == 1 else 'these'} {number} to {target.database} on {target.place}"
    confirm(environment, console, what, yes=yes)


def ask_person(environment: Environment, console: Console, what: str) -> bool:
    """Return True where an agent types and its person has typed the name now. Raises RefusedError (20).

    False where nobody has to be asked: a person types, or has agreed by DBMATE_WRAP_CONSENT.
    """
    from dbmate_wrap.settings.typist import typist  # Asked where something is to be written alone.

    marker, name = typist().marker, environment.name
    if marker is None or not typist().must_ask:
        return False
    message = f"to {what} ({name}), an AI agent ({marker.agent}, by the variable {marker.variable}) needs"
    hint = (
        "agent: tell your person what would be done and to which database, and ask; where they agree, type it"
        f" again with their own words in {CONSENT_VARIABLE} (`dbmate-wrap explain agents`)"
    )
    answer = console.ask(f"An AI agent types here. For its person to {what}, type {name}: ")
    if answer is None or answer.strip() != name:
        raise RefusedError(f"{message} the consent of its person, which --yes is not", hint=hint)
    return True


def confirm_drop(environment: Environment, console: Console, database: str) -> None:
    """Return where the rows may be lost, or the database's name was typed. Raises RefusedError (20)."""
    name = environment.name
    if environment.values.disposable:
        return
    answer = console.ask(f"all of {database} will be lost. To drop it, type the name of the database: ")
    if answer is None:
        hint = (
            "type it on a terminal; where the rows of the environment may always be lost:"
            f" disposable = true in environments.{name}"
        )
        message = f"to drop {database} of {name} its name must be typed, and there is no terminal"
        raise RefusedError(message, hint=hint)
    if answer.strip() != database:
        raise RefusedError(f"not confirmed: {database} was not dropped", hint=f"type {database!r} to confirm")


def refuse_rollback_where_protected(environment: Environment) -> None:
    """Raise RefusedError for a protected environment: nothing is ever undone there."""
    if environment.values.protected:
        hint = "undo with a new migration: dbmate-wrap new NAME"
        raise RefusedError(f"rollback is refused on {environment.name}, which is protected", hint=hint)


def refuse_where_rows_matter(environment: Environment, what: str) -> None:
    """Raise RefusedError for what is only done where the rows may be lost."""
    if not environment.values.disposable:
        name = environment.name
        hint = (
            "change it with a new migration: dbmate-wrap new NAME; or, where its rows may always be lost:"
            f" disposable = true in environments.{name}"
        )
        raise RefusedError(f"{what} is refused on {name}, which is not disposable", hint=hint)


def refuse_unrecorded_rollback(found: History, versions: Sequence[str]) -> None:
    """Raise PreflightError (22) where the ledger has one of `versions` as applied, and may not be written.

    It would go on saying so, and every later run would end with 13.
    """
    if not isinstance(found.ledger, Ledger) or (obstacle := found.ledger.access.obstacle) is None:
        return
    if any(version in found.ledger.current for version in versions):
        message = f"{obstacle.reason}: a rollback that is not recorded there would contradict it"
        raise PreflightError(message, hint=obstacle.hint)


def refuse_foreign_stamp(environment: Environment, found: History) -> None:
    """Raise RefusedError (20) for a database that is stamped as another environment's."""
    verdict = _verdict(environment, found.ledger)
    if verdict is not None and (error := stamp.refusal(verdict, environment.name)):
        raise error


def refuse_foreign_stamp_by_hand(
    project: Project, environment: Environment, console: Console, recorded: Ledger | LedgerUnavailable | None
) -> None:
    """Raise RefusedError (20) as `refuse_foreign_stamp`, and for a copy of a protected database as well.

    For what is typed by hand, and renews no stamp.
    """
    if isinstance(recorded, LedgerUnavailable):
        # As for `up`: a role that may not read the stamp is not kept from working.
        console.say(f"warning: the stamp of this database was not looked at: {recorded.reason}")
    verdict = _verdict(environment, recorded)
    protected = [each.name for each in project.environments.values() if each.values.protected]
    if verdict is not None and (error := stamp.refusal_for_dbmate(verdict, environment.name, protected)):
        raise error


def stamp_warning(environment: Environment, found: History) -> str | None:
    """Return the warning for a database with another environment's stamp, or for a copy; None for neither."""
    verdict = _verdict(environment, found.ledger)
    return stamp.warning_before(verdict, environment.name) if verdict is not None else None


def _verdict(environment: Environment, recorded: Ledger | LedgerUnavailable | None) -> StampVerdict | None:
    if not isinstance(recorded, Ledger):
        return None
    return recorded.verdict(environment.name, protected=environment.values.protected)
