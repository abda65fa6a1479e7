"""Runs the query that lists the targets of a fleet: it reads only, and not for long."""

from collections.abc import Mapping

from dbmate_wrap.postgres.session import Session


def read_target_rows(session: Session, query: str, *, timeout: float) -> list[Mapping[str, object]]:
    """Return the rows of a query by the names of their columns, read within `timeout` seconds.

    Raises FailedError, UnreachableError.
    """
    session.rows(f"begin read only; set local statement_timeout = {max(round(timeout * 1000), 1)}")
    try:
        return session.records(_row, query)
    finally:
        session.rows("rollback")


def _row(**columns: object) -> Mapping[str, object]:
    return columns
