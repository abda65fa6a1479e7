"""Writes the environment's name into its database, on purpose."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands import target
from dbmate_wrap.commands.alone import alone
from dbmate_wrap.commands.book import Book
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.guard import confirm
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.errors import ConfigError, PreflightError


def stamp(call: Call, *, yes: bool) -> None:
    """Stamp the database as this environment's, whatever it was stamped as before.

    Raises RefusedError where protected and not confirmed, PreflightError where the schema cannot be written.
    """
    if not call.environment.values.ledger:
        message = f"{call.environment.name} keeps no ledger, and so no stamp"
        raise ConfigError(message, hint="set ledger = true")
    files = project_files.read(call, contents=False)
    place = target.locate(call)
    with target.open_session(call, place.url) as session:
        server = target.recognise(call, session, place.url)
        found = histories.read(call, session, server, files)
        before = found.ledger.stamp if isinstance(found.ledger, Ledger) else None
        was = f" (it is stamped as {before.environment})" if before else ""
        confirm(call, f"stamp database {place.url.database}{was}", yes=yes)
        with alone(call, place) as tenure, Book(call, session, None) as book:
            again = histories.read(call, session, server, files)
            book.open(again, files)
            tenure.demand()
            if not book.stamp():
                raise PreflightError(
                    "the stamp was not written: this role may not write the schema dbmate_wrap",
                    hint="grant create on the database to it, or stamp as its owner",
                )
    call.outcome.summary = f"stamped as {call.environment.name}{was.replace('it is', 'it was')}"
