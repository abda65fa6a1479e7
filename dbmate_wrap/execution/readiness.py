"""The preflight of a run, made before anything is written."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dbmate_wrap import preflight
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.postgres import schema
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.settings import Environment
from dbmate_wrap.sql.requirements import Requirements, requirements_of
from dbmate_wrap.workspace.database import Database

# A concurrent build of another run is over before its index is seen to be valid: until its commit.
_COMMIT_SECONDS = 0.25


def run_preflight(
    db: Database,
    texts: Sequence[str],
    environment: Environment,
    invocation: Invocation,
    pg_dumps: Iterable[Path],
    *,
    rollback: bool = False,
) -> tuple[Check, ...]:
    """Run every check for the SQL `texts` that are about to be run. Raises UnreachableError.

    `pg_dumps` are the places where pg_dump may be, looked at where a schema dump is due.
    """
    values = environment.values
    found = requirements_of(texts)
    needs = found or Requirements()
    asked = PreflightContext(
        url=db.url,
        application_name=invocation.application_name,
        history_schema=db.server.history.schema,
        history_table=db.server.history.table,
        require_tls=values.require_tls,
        connect_timeout=values.connect_timeout,
        schemas=needs.schemas if found else None,
        extensions=needs.extensions if found else None,
        indexes=needs.indexes,
        makes_schema=needs.makes_schema,
        changes_privileges=needs.changes_privileges,
        rollback=rollback,
        dump_due=values.dump_schema,
        pg_dump_major=_pg_dump_major(pg_dumps, db.server.major) if values.dump_schema else None,
    )
    return run_checks(db.session, asked)


def run_checks(session: Session, asked: PreflightContext) -> tuple[Check, ...]:
    """Run every check, the one of invalid indexes twice where it did not pass at once."""
    checks = preflight.check_server(session, asked)
    if all(check.id != preflight.INVALID_INDEXES or check.status == "pass" for check in checks):
        return checks
    time.sleep(_COMMIT_SECONDS)
    again = preflight.check_invalid_indexes(session, asked)
    return tuple(again if check.id == again.id else check for check in checks)


def raise_for_failed(checks: Sequence[Check], say: Callable[[str], None]) -> None:
    """Report the warnings, and raise PreflightError (22) where a check failed."""
    for check in checks:
        if check.status == "warn":
            say(f"warning: {check.message} [{check.id}]" + (f"; {check.hint}" if check.hint else ""))
    if error := preflight.error_of_failed(checks):
        raise error


def _pg_dump_major(pg_dumps: Iterable[Path], server_major: int) -> int | None:
    try:
        return schema.find_pg_dump(pg_dumps, server_major).major
    except BinaryError:
        return None
