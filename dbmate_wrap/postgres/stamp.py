"""Writes the environment's stamp, and asks the server which database this is."""

from collections.abc import Mapping

from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session

# Everybody may call it unless that was revoked. The permission is checked when a plan is set up, not when it
# gets there, so a CASE around the call would guard nothing.
_IDENTIFIER = "(select c.system_identifier::pg_catalog.text from pg_catalog.pg_control_system() c)"
_UNREADABLE = "null::pg_catalog.text"


def write(
    session: Session, access: LedgerAccess, *, environment: str, run_id: str | None
) -> LedgerUnavailable | None:
    """Stamp the database as `environment`, over any older stamp; `run_id` is a run that has begun.

    Judge under the advisory lock, right before: this overwrites. None when it was written.
    """
    query = queries.query("stamp_write")
    words: dict[str, Cell] = {"environment": environment, "run_id": run_id}
    try:
        rows_with_identifier(session, query, words, identifiable=access.identifiable)
    except FailedError as error:
        return LedgerUnavailable(f"the environment's stamp was not written: {error.message}")
    return None


def rows_with_identifier(
    session: Session, query: str, parameters: Mapping[str, Cell] | None, *, identifiable: bool
) -> list[tuple[Cell, ...]]:
    """Run a query that holds `:system_identifier`: null there where the server does not tell.

    Raises FailedError when it fails for another reason.
    """
    if identifiable:
        try:
            return session.rows(query.replace(":system_identifier", _IDENTIFIER), parameters)
        except FailedError:
            # What only speaks PostgreSQL's protocol may have the function and fail in it: ask without it.
            pass
    return session.rows(query.replace(":system_identifier", _UNREADABLE), parameters)
