"""Runs every check, whatever becomes of the others."""

import time
from collections.abc import Callable
from dataclasses import replace

from dbmate_wrap.domain.escape import replace_unprintable
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import UnreachableError, WrapError
from dbmate_wrap.postgres import server_facts
from dbmate_wrap.postgres.server_facts import Question
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.preflight import needs, pooling, server, sessions
from dbmate_wrap.preflight.check import (
    CheckInput,
    CheckResult,
    FactUnavailable,
    PreflightContext,
    failed,
    skipped,
)
from dbmate_wrap.sql.requirements import Requirements

CheckFunction = Callable[[CheckInput], CheckResult]

# A concurrent build of another run is over before its index is seen to be valid: until its commit.
_COMMIT_SECONDS = 0.25
# The order in which they are shown. Ids are part of the JSON output: never renamed, never reused.
CHECKS: tuple[tuple[str, CheckFunction], ...] = (
    ("server-version", server.server_version),
    ("primary", server.primary),
    ("writable", server.writable),
    ("tls", server.tls),
    ("pooler", pooling.pooler),
    ("role", needs.role),
    ("privileges", needs.privileges),
    ("extensions", needs.extensions),
    ("invalid-indexes", needs.invalid_indexes),
    ("pending-detach", needs.pending_detach),
    ("other-migration", sessions.other_migration),
    ("long-transactions", sessions.long_transactions),
    ("prepared-transactions", sessions.prepared_transactions),
    ("connection-slots", server.connection_slots),
    ("replication", sessions.replication),
    ("publications", sessions.publications),
    ("pg-dump", server.pg_dump),
    ("session-limits", sessions.session_limits),
)


def check_server(session: Session, context: PreflightContext) -> tuple[Check, ...]:
    """Read the facts in one round trip, then make one Check per id, in the order of CHECKS; writes nothing.

    Invalid indexes are looked at twice where they do not pass at once. Behind a pooler more sessions are
    opened for a moment. Raises UnreachableError when the connection is lost.
    """
    needed = context.needs or Requirements()
    question = Question(
        ours=context.application_name,
        history_schema=context.history_schema,
        history_table=context.history_table,
        schemas=needed.schemas,
        extensions=needed.extensions,
        touched=needed.touched,
    )
    given = CheckInput(session, context, server_facts.read_facts(session, question))
    checks = {id_: run_check(id_, function, given) for id_, function in CHECKS}
    if checks["invalid-indexes"].status != "pass":
        time.sleep(_COMMIT_SECONDS)
        again = replace(given, facts=server_facts.read_facts(session, question, parts=("indexes",)))
        checks["invalid-indexes"] = run_check("invalid-indexes", dict(CHECKS)["invalid-indexes"], again)
    return tuple(checks.values())


def run_check(id_: str, function: CheckFunction, given: CheckInput) -> Check:
    """Make one check; an exception becomes its result, save a lost connection (UnreachableError)."""
    try:
        result = function(given)
    except FactUnavailable as reason:
        result = skipped(f"not known: {reason}")
    except UnreachableError:
        raise
    except WrapError as error:
        result = failed(error.message, error.hint or "run `dbmate-wrap doctor`")
    except Exception as error:  # noqa: BLE001 - a check that breaks must hide no other
        result = failed(
            f"the check itself broke: {type(error).__name__}: {error}",
            "this is a bug; please report it with the output of `dbmate-wrap doctor`",
        )
    hint = replace_unprintable(result.hint) if result.hint else None
    return Check(id_, result.status, replace_unprintable(result.message), hint)
