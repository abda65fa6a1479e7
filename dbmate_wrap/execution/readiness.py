"""The preflight of a run, made before anything is written."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dbmate_wrap import preflight
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.errors import BinaryError, PreflightError
from dbmate_wrap.postgres import schema
from dbmate_wrap.preflight import PreflightContext
from dbmate_wrap.settings import Environment
from dbmate_wrap.sql.requirements import requirements_of
from dbmate_wrap.workspace.database import Database


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
    asked = PreflightContext(
        url=db.url,
        application_name=invocation.application_name,
        history_schema=db.server.history.schema,
        history_table=db.server.history.table,
        require_tls=values.require_tls,
        connect_timeout=values.connect_timeout,
        own_statement_timeout=values.statement_timeout is not None,
        needs=requirements_of(texts),
        rollback=rollback,
        dump_due=values.dump_schema,
        pg_dump_major=_pg_dump_major(pg_dumps, db.server.major) if values.dump_schema else None,
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


def _pg_dump_major(pg_dumps: Iterable[Path], server_major: int) -> int | None:
    try:
        return schema.find_pg_dump(pg_dumps, server_major).major
    except BinaryError:
        return None
