"""Runs a query for rows in the way of a migration on the live server: it reads only, and not for long."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict

from dbmate_wrap.domain.probe import ConstraintLookup, Probe, ProbeResult, ProbeStatus
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session

_CANCELED, _LOCKED, _FORBIDDEN = "57014", "55P03", "42501"
# Nobody is kept waiting for a question.
_LOCK_TIMEOUT_MS = 2_000


def read_definitions(
    session: Session, wanted: Collection[ConstraintLookup]
) -> Mapping[ConstraintLookup, str]:
    """Return the definitions of those constraints that exist, as pg_get_constraintdef writes them; one query.

    Raises UnreachableError.
    """
    lookups = sorted(wanted, key=repr)
    words: dict[str, Cell] = {"lookups": json.dumps([asdict(each) for each in lookups])}
    try:
        rows = session.rows(queries.load_query("constraint_definitions"), words)
    except FailedError:
        return {}
    return {lookups[int(str(place))]: str(definition) for place, definition in rows}


def run_probe(session: Session, probe: Probe, *, timeout: float, limit: int = 20) -> ProbeResult:
    """Count the rows that the query of the probe finds, `limit` at most, within `timeout` seconds.

    It runs in a transaction that reads only and is rolled back. No value of a row leaves the server.
    Raises UnreachableError.
    """
    if probe.query is None or probe.not_run is not None:
        return ProbeResult(probe, ProbeStatus.NOT_RUN, reason=probe.not_run)
    # Where policies hide rows from this role, an answer would be a wrong one: row_security off is an error.
    session.rows(
        "begin read only;"
        f" set local statement_timeout = {max(round(timeout * 1000), 1)};"
        f" set local lock_timeout = {_LOCK_TIMEOUT_MS}; set local row_security = off"
    )
    try:
        # The migration's own query, as its statement says it.
        counted = (
            f"select pg_catalog.count(*) from (select from ({probe.query}) as found limit {limit}) as rows"  # noqa: S608
        )
        [(rows,)] = session.rows(counted)
    except FailedError as error:
        return ProbeResult(probe, _status(error.sqlstate), reason=_reason(error, timeout))
    finally:
        session.rows("rollback")
    found = int(str(rows))
    status = ProbeStatus.FOUND if found else ProbeStatus.CLEAN
    return ProbeResult(probe, status, found, more=found >= limit)


def _status(sqlstate: str | None) -> ProbeStatus:
    if sqlstate in (_CANCELED, _LOCKED):
        return ProbeStatus.TIMED_OUT
    return ProbeStatus.NOT_PERMITTED if sqlstate == _FORBIDDEN else ProbeStatus.FAILED


def _reason(error: FailedError, timeout: float) -> str:
    match error.sqlstate:
        case "57014":
            return f"no answer within {timeout:g} s"
        case "55P03":
            return f"the table is locked: it was waited for {_LOCK_TIMEOUT_MS // 1000} s"
        case str() as sqlstate if sqlstate.startswith("42"):
            return error.message
        case sqlstate:
            # Other messages may quote the value of a row, such as one that is no number.
            return f"the query failed ({sqlstate})"
