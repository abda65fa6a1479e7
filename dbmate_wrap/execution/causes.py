"""Asks the server for the cause of a failure that the error of dbmate does not tell."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.session_limit import SessionLimit
from dbmate_wrap.execution.privileges import NO_PRIVILEGE
from dbmate_wrap.postgres import catalog, server_facts
from dbmate_wrap.postgres.session import Session

# query_canceled; the end of a session by transaction_timeout, of which dbmate's driver mostly tells nothing.
_LIMITS: dict[str | None, str] = {
    "57014": "statement_timeout",
    "25P04": "transaction_timeout",
    None: "transaction_timeout",
}


def with_cause(error: DbmateError, session: Session, seconds: float) -> DbmateError:
    """Return the error with what the server knows of it; `seconds` is how long dbmate ran."""
    if error.sqlstate == NO_PRIVILEGE:
        return replace(error, not_owned=catalog.not_owned(session, error.message))
    if error.sqlstate not in _LIMITS:
        return error
    limit = reached_limit(error, server_facts.read_session_limits(session), seconds)
    if limit is None:
        return error
    message = f"the server cut it off after {limit.name} = {limit.value}: {error.message}"
    return replace(error, message=message, limit=limit)


def reached_limit(error: DbmateError, limits: Sequence[SessionLimit], seconds: float) -> SessionLimit | None:
    """Return the limit that has cut dbmate off, where it ran for long enough."""
    name = _LIMITS[error.sqlstate]
    return next((each for each in limits if each.name == name and each.seconds <= seconds), None)


def rows_hint(error: DbmateError) -> str:
    """Return the command that shows the rows which are in the way; empty where they cannot be told."""
    if error.rows_query is None:
        return ""
    return f"see the rows that are in the way: dbmate-wrap psql -- -c {shlex.quote(error.rows_query)}; "


def limit_hint(error: DbmateError) -> str | None:
    """Return the way to more time; None where no limit was reached."""
    if error.limit is None and "statement timeout" in error.message:
        return "the setting statement_timeout leaves it no more time: raise it, and run again"
    if error.limit is None:
        return None
    return f"{error.limit.label} leaves it no more time; {error.limit.remedy}; and run again"
