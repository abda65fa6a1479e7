"""Measures pending migrations on a shadow server, and goes on without a measure where there is no server."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.errors import ConfigError, UnreachableError, WrapError
from dbmate_wrap.review.replay_means import ReplayMeans
from dbmate_wrap.review.trace import trace_pending
from dbmate_wrap.shadow.planned_statements import untraced_rest
from dbmate_wrap.workspace.server_choice import Wanted

_NO_RELATION = "42P01"
_NAMED = re.compile(r'relation "([^"]+)" does not exist')
NOT_IN_HISTORY = "not in the history"


@dataclass(frozen=True)
class Measured:
    """The statements in order; `failed` is the error of a pending migration, `notes` say what is not known.

    `is_measured` is False where there was no server to measure on. `origin` names the server.
    """

    statements: tuple[TracedStatement, ...]
    failed: WrapError | None = None
    notes: tuple[str, ...] = ()
    is_measured: bool = True
    origin: str = ""


def measure(means: ReplayMeans, wanted: Wanted, pending: Sequence[ParsedMigration], command: str) -> Measured:
    """Trace the pending migrations. Raises as a replay does, but not where no server can be had."""
    try:
        traced = trace_pending(means, wanted, pending, command)
    except (ConfigError, UnreachableError) as error:
        why = error.message.split("\n", 1)[0]
        return Measured(
            tuple(untraced_rest(pending, (), "there is no server to measure it on")),
            notes=(f"locks and work, because they were not measured: {why}",),
            is_measured=False,
        )
    return Measured(traced.statements, traced.failed, origin=traced.origin)


def without_drift(
    measured: Measured, pending: Sequence[ParsedMigration], is_live: Callable[[str], bool]
) -> Measured:
    """Return it without the error where a statement failed for a relation that exists in the database alone.

    `is_live` tells of a name whether the database has it. What comes from that statement on is not judged.
    """
    error = measured.failed
    found = _NAMED.search(error.message) if error is not None and error.sqlstate == _NO_RELATION else None
    if found is None or not is_live(found[1]):
        return measured
    rest = untraced_rest(pending, measured.statements, "")
    reasons = [f"{NOT_IN_HISTORY}: {found[1]} exists in the database alone"]
    reasons += ["it comes after a statement that is not judged"] * len(rest)
    judged = (replace(each, not_judged=reason) for each, reason in zip(rest, reasons, strict=False))
    note = f"{found[1]} exists in the database alone: dbmate-wrap drift shows what else does"
    return replace(
        measured,
        statements=(*measured.statements, *judged),
        failed=None,
        notes=(*measured.notes, note),
    )
