"""Writes the environment's stamp, with the identity of the database."""

from collections.abc import Mapping

from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session

# Every account may call it unless that was revoked. The permission is checked when the plan is started, even
# for a branch that is never reached, so a CASE around the call would not help.
_IDENTIFIER = "(select c.system_identifier::pg_catalog.text from pg_catalog.pg_control_system() c)"
_UNREADABLE = "null::pg_catalog.text"


def write(
    session: Session, access: LedgerAccess, *, environment: str, run_id: str | None
) -> LedgerUnavailable | None:
    """Stamp the database as `environment`, over any older stamp; `run_id` is a run that has begun.

    This overwrites: check the old stamp right before, under the advisory lock. None when it was written.
    """
    query = queries.load_query("stamp_write")
    words: dict[str, Cell] = {"environment": environment, "run_id": run_id}
    try:
        rows_with_identifier(session, query, words, identifiable=access.identifiable)
    except FailedError as error:
        return LedgerUnavailable(f"the environment's stamp was not written: {error.message}")
    return None


def rows_with_identifier(
    session: Session, query: str, parameters: Mapping[str, Cell] | None, *, identifiable: bool
) -> list[tuple[Cell, ...]]:
    """Run a query with `:system_identifier` in it, which is null where the server does not give it.

    Raises FailedError when it fails for another reason.
    """
    if identifiable:
        try:
            return session.rows(query.replace(":system_identifier", _IDENTIFIER), parameters)
        except FailedError:
            # A server that only speaks PostgreSQL's protocol may fail in the function: ask without it.
            pass
    return session.rows(query.replace(":system_identifier", _UNREADABLE), parameters)
