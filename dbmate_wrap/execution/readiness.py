"""The preflight of a run, made before anything is written."""

from collections.abc import Callable, Sequence

from dbmate_wrap import preflight
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.errors import BinaryError, PreflightError
from dbmate_wrap.postgres import schema
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.sql.requirements import requirements_of
from dbmate_wrap.workspace.client_programs import pg_dump_candidates
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History


def run_preflight(
    context: Context, db: Database, found: History, texts: Sequence[str], *, rollback: bool = False
) -> tuple[Check, ...]:
    """Run every check for the SQL `texts` that are about to be run. Raises UnreachableError."""
    values = context.environment.values
    asked = PreflightContext(
        url=db.url,
        application_name=context.invocation.application_name,
        history_schema=db.server.history.schema,
        history_table=db.server.history.table,
        require_tls=values.require_tls,
        connect_timeout=values.connect_timeout,
        own_statement_timeout=values.statement_timeout is not None,
        needs=requirements_of(texts),
        rollback=rollback,
        dump_due=values.dump_schema,
        pg_dump_major=_pg_dump_major(context, db) if values.dump_schema else None,
        role=values.role,
        ledger=found.ledger.access if isinstance(found.ledger, Ledger) else None,
    )
    return preflight.check_server(db.session, asked)


def raise_for_failed(checks: Sequence[Check], say: Callable[[str], None]) -> None:
    """Report the warnings, and raise PreflightError (22) with every failed check and its hint."""
    for check in checks:
        if check.status == "warn":
            say(f"warning: {check.message} [{check.id}]" + (f"; {check.hint}" if check.hint else ""))
    bad = [check for check in checks if check.status == "fail"]
    if bad:
        message = "; ".join(f"{check.id}: {check.message}" for check in bad)
        hints = dict.fromkeys(check.hint for check in bad if check.hint)
        raise PreflightError(
            f"the server cannot take the migration now: {message}", hint="; ".join(hints) or None
        )


def _pg_dump_major(context: Context, db: Database) -> int | None:
    try:
        return schema.find_pg_dump(pg_dump_candidates(context, db.url), db.server.major).major
    except BinaryError:
        return None
