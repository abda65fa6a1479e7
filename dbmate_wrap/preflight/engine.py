"""Runs every check, whatever becomes of the others."""

from collections.abc import Callable, Sequence

from dbmate_wrap.domain.escape import replace_unprintable
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.errors import PreflightError, UnreachableError, WrapError
from dbmate_wrap.postgres import server_facts
from dbmate_wrap.postgres.server_facts import Question
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.preflight import objects, pooling, privileges, replication, server, sessions, tools
from dbmate_wrap.preflight.check_input import CheckInput, FactUnavailable, PreflightContext
from dbmate_wrap.preflight.verdict import Verdict, failed, skipped

CheckFunction = Callable[[CheckInput], Verdict]

INVALID_INDEXES = "invalid-indexes"
# The order in which they are shown. Ids are part of the JSON output: never renamed, never reused.
CHECKS: tuple[tuple[str, CheckFunction], ...] = (
    ("server-version", server.server_version),
    ("primary", server.primary),
    ("writable", server.writable),
    ("tls", server.tls),
    ("pooler", pooling.pooler),
    ("privileges", privileges.privileges),
    ("extensions", objects.extensions),
    (INVALID_INDEXES, objects.invalid_indexes),
    ("other-migration", sessions.other_migration),
    ("long-transactions", sessions.long_transactions),
    ("prepared-transactions", sessions.prepared_transactions),
    ("connection-slots", server.connection_slots),
    ("replication", replication.replication),
    ("pg-dump", tools.pg_dump),
)


def check_server(session: Session, context: PreflightContext) -> tuple[Check, ...]:
    """Read the facts in one round trip, then make one Check per id, in the order of CHECKS; writes nothing.

    Behind a pooler more sessions are opened for a moment. Raises UnreachableError when the connection
    is lost.
    """
    given = CheckInput(session, context, server_facts.read_facts(session, _question(context)))
    return tuple(run_check(id_, function, given) for id_, function in CHECKS)


def check_invalid_indexes(session: Session, context: PreflightContext) -> Check:
    """Make the check of invalid indexes alone, in one short query. Raises UnreachableError."""
    given = CheckInput(
        session, context, server_facts.read_facts(session, _question(context), parts=("indexes",))
    )
    return run_check(INVALID_INDEXES, dict(CHECKS)[INVALID_INDEXES], given)


def _question(context: PreflightContext) -> Question:
    return Question(
        ours=context.application_name,
        history_schema=context.history_schema,
        history_table=context.history_table,
        schemas=context.schemas or (),
        extensions=context.extensions or (),
    )


def error_of_failed(checks: Sequence[Check]) -> PreflightError | None:
    """The error that ends the run, with every failed check and its hint; None when none failed."""
    bad = [check for check in checks if check.status == "fail"]
    if not bad:
        return None
    message = "; ".join(f"{check.id}: {check.message}" for check in bad)
    hints = dict.fromkeys(check.hint for check in bad if check.hint)
    return PreflightError(
        f"the server cannot take the migration now: {message}", hint="; ".join(hints) or None
    )


def run_check(id_: str, function: CheckFunction, given: CheckInput) -> Check:
    """Make one check; an exception becomes its result, save a lost connection (UnreachableError)."""
    verdict = _verdict(function, given)
    hint = replace_unprintable(verdict.hint) if verdict.hint else None
    return Check(id_, verdict.status, replace_unprintable(verdict.message), hint)


def _verdict(function: CheckFunction, given: CheckInput) -> Verdict:
    try:
        return function(given)
    except FactUnavailable as reason:
        return skipped(f"not known: {reason}")
    except UnreachableError:
        raise
    except WrapError as error:
        return failed(error.message, error.hint or "run `dbmate-wrap doctor`")
    except Exception as error:  # noqa: BLE001 - a check that breaks must hide no other
        return failed(
            f"the check itself broke: {type(error).__name__}: {error}",
            "this is a bug; please report it with the output of `dbmate-wrap doctor`",
        )
