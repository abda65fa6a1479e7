"""The preflight of a run: whether the server can take these migrations now, before anything is written."""

import time
from collections.abc import Callable, Sequence

from dbmate_wrap import preflight
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.postgres import schema
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.sql.requirements import Requirements, requirements_of
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.schema_file import pg_dump_candidates

# A concurrent build of another run is over before its index is seen to be valid: until its commit.
_COMMIT_SECONDS = 0.25


def run_preflight(
    context: Context, db: Database, texts: Sequence[str], *, rollback: bool = False
) -> tuple[Check, ...]:
    """Run every check for the SQL `texts` that are about to be run. Raises UnreachableError."""
    values = context.environment.values
    found = requirements_of(texts)
    needs = found or Requirements()
    asked = PreflightContext(
        url=db.url,
        application_name=context.invocation.application_name,
        history_schema=db.server.history_schema,
        history_table=db.server.history_table,
        require_tls=values.require_tls,
        connect_timeout=values.connect_timeout,
        schemas=needs.schemas if found else None,
        extensions=needs.extensions if found else None,
        indexes=needs.indexes,
        makes_schema=needs.makes_schema,
        changes_privileges=needs.changes_privileges,
        rollback=rollback,
        dump_due=values.dump_schema,
        pg_dump_major=_pg_dump_major(context, db) if values.dump_schema else None,
    )
    checks = preflight.run(db.session, asked)
    if all(check.id != preflight.INVALID_INDEXES or check.status == "pass" for check in checks):
        return checks
    time.sleep(_COMMIT_SECONDS)
    again = preflight.run_invalid_indexes(db.session, asked)
    return tuple(again if check.id == again.id else check for check in checks)


def raise_for_failed(checks: Sequence[Check], say: Callable[[str], None]) -> None:
    """Say the warnings, and raise PreflightError (22) where a check failed."""
    for check in checks:
        if check.status == "warn":
            say(f"warning: {check.message} [{check.id}]" + (f"; {check.hint}" if check.hint else ""))
    if error := preflight.failure(checks):
        raise error


def _pg_dump_major(context: Context, db: Database) -> int | None:
    try:
        return schema.find_pg_dump(pg_dump_candidates(context, db.url), db.server.major).major
    except BinaryError:
        return None
