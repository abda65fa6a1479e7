"""Writes the environment's name into its database, on purpose."""

from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.errors import ConfigError, PreflightError
from dbmate_wrap.execution.exclusive import exclusive
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.workspace import database, project_files
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.guard import confirm


def stamp(context: Context, *, yes: bool) -> None:
    """Stamp the database as this environment's, whatever it was stamped as before.

    Raises RefusedError where protected and not confirmed, PreflightError where the schema cannot be written.
    """
    if not context.environment.values.ledger:
        message = f"{context.environment.name} keeps no ledger, and so no stamp"
        raise ConfigError(message, hint="set ledger = true")
    files = project_files.load_and_lint(context, contents=False)
    place = database.resolve_url(context)
    with database.open_session(context, place.url) as session:
        server = database.read_target(context, session, place.url)
        found = histories.read(context, session, server, files)
        before = found.ledger.stamp if isinstance(found.ledger, Ledger) else None
        was = f" (it is stamped as {before.environment})" if before else ""
        confirm(context, f"stamp database {place.url.database}{was}", yes=yes)
        with exclusive(context, place) as tenure, LedgerWriter(context, session, None) as book:
            again = histories.read(context, session, server, files)
            book.open(again, files)
            tenure.demand()
            if not book.stamp():
                raise PreflightError(
                    "the stamp was not written: this role may not write the schema dbmate_wrap",
                    hint="grant create on the database to it, or stamp as its owner",
                )
    context.outcome.summary = f"stamped as {context.environment.name}{was.replace('it is', 'it was')}"
