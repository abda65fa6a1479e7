"""Opens psql on the environment's database: read only, unless it is to write."""

from collections.abc import Sequence

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import PreflightError
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.workspace import database, guard
from dbmate_wrap.workspace.client_programs import run_psql
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database


def psql(context: Context, outcome: Outcome, arguments: Sequence[str], *, write: bool, yes: bool) -> None:
    """Run psql on our terminal; `write` asks as `up` does. Raises FailedError with psql's exit code.

    Raises RefusedError (20) for a database with another environment's stamp, PreflightError (22) for a server
    that takes no writes, both only where it is to write, and for a pooler where it is not; BinaryError (11).
    """
    with database.open_database(context) as db:
        outcome.target = db.target
        if write:
            _prepare_to_write(context, db, yes=yes)
        elif catalog.backend_pid(db.session) != db.session.backend_pid:
            # It takes no options of a session, and hands the next statement to another one.
            raise PreflightError(
                "through a pooler psql cannot be kept from writing",
                hint="use a direct URL, or say that it may write: --write",
            )
    mode = "may write" if write else "read only: add --write to change something"
    context.console.say(f"{context.environment.name}: {db.url.database} on {outcome.target.place}, {mode}")
    run_psql(context, db.url, arguments, read_only=not write)


def _prepare_to_write(context: Context, db: Database, *, yes: bool) -> None:
    environment, console = context.environment, context.console
    if environment.values.ledger:
        recorded = ledger.read(db.session, db.server.history.name)
        guard.refuse_foreign_stamp_by_hand(context.project, environment, console, recorded)
    if reason := catalog.why_read_only(db.session):
        hint = "connect to the primary; without --write psql opens here"
        raise PreflightError(f"nothing can be written here: {reason}", hint=hint)
    guard.confirm(environment, console, f"write to {db.url.database} in psql", yes=yes)
