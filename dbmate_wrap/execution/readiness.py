"""Asks the preflight whether the server can take these migrations now, before anything is written."""

import time
from collections.abc import Sequence

from dbmate_wrap import preflight
from dbmate_wrap.commands.dump import candidates
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.postgres import catalog, schema
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.sql.requirements import Requirements, requirements_of
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place

# A concurrent build of another run is over before its index is seen to be valid: until its commit.
_COMMIT_SECONDS = 0.25


def require_readiness(
    call: Context, session: Session, place: Place, texts: Sequence[str], *, rollback: bool = False
) -> None:
    """Run every check, say the warnings, and raise PreflightError (22) when one fails.

    `texts` is the SQL that is about to be run.
    """
    values = call.environment.values
    server = catalog.read_server(session, values.migrations_table)
    found = requirements_of(texts)
    want = found or Requirements()
    context = preflight.PreflightContext(
        url=place.url,
        application_name=call.application_name,
        history_schema=server.history_schema,
        history_table=server.history_table,
        require_tls=values.require_tls,
        connect_timeout=values.connect_timeout,
        schemas=want.schemas if found else None,
        extensions=want.extensions if found else None,
        indexes=want.indexes,
        makes_schema=want.makes_schema,
        changes_privileges=want.changes_privileges,
        rollback=rollback,
        dump_due=values.dump_schema,
        pg_dump_major=_pg_dump_major(call, place, server.major) if values.dump_schema else None,
    )
    checks = _run(session, context)
    call.outcome.checks += checks
    for check in checks:
        if check.status == "warn":
            call.say(f"warning: {check.message} [{check.id}]" + (f"; {check.hint}" if check.hint else ""))
    if error := preflight.failure(checks):
        raise error


def _run(session: Session, context: preflight.PreflightContext) -> tuple[Check, ...]:
    checks = preflight.run(session, context)
    if all(check.id != preflight.INVALID_INDEXES or check.status == "pass" for check in checks):
        return checks
    time.sleep(_COMMIT_SECONDS)
    again = preflight.run_invalid_indexes(session, context)
    return tuple(again if check.id == again.id else check for check in checks)


def _pg_dump_major(context: Context, place: Place, server_major: int) -> int | None:
    try:
        return schema.find_pg_dump(candidates(context, place.url), server_major).major
    except BinaryError:
        return None
