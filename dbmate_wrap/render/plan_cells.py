"""The words of a plan's rows, for every format that people read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.byte_size import write_size
from dbmate_wrap.domain.live_relation import SessionInWay, Took
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.plan_rows import PlannedRelation, PlannedStatement
from dbmate_wrap.domain.probe import ProbeResult, rows_in_words
from dbmate_wrap.domain.statement_trace import LockMode, Until
from dbmate_wrap.domain.verdict import Blocks, Verdict

COLUMNS = (
    *("where", "statement", "object", "rows, size", "traffic", "lock", "blocks", "until", "work"),
    *("in its way now", "took", "verdict", "known from"),
)
_THOUSAND = 1000
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True)
class StatementRow:
    """One statement, and the migration that it stands in."""

    step: Step
    statement: PlannedStatement

    @property
    def where(self) -> str:
        """``012_orders.sql:3``."""
        return f"{self.step.file}:{self.statement.line}"


def rows_of(result: PlanResult) -> tuple[StatementRow, ...]:
    """Return all statements, in order."""
    return tuple(StatementRow(step, each) for step in result.steps for each in step.statements)


def cells(row: StatementRow) -> tuple[str, ...]:
    """Return a cell for each of COLUMNS; empty where nothing is known."""
    statement, subject = row.statement, row.statement.object
    return (
        row.where,
        statement.statement,
        objects(statement),
        rows_and_size(subject),
        traffic(subject),
        lock_name(subject.lock) if subject and subject.lock else "",
        _blocks(statement),
        until(subject),
        subject.work or "" if subject else "",
        in_way(statement.in_way),
        ", ".join(map(took, row.step.took)) if statement is row.step.statements[0] else "",
        statement.verdict,
        ", ".join(statement.known_from),
    )


def objects(statement: PlannedStatement) -> str:
    """Return the relation that the row is about, and how many more there are; a new one where it is alone."""
    tables = [each.relation for each in statement.relations if each.kind not in ("index", "sequence")]
    names = tables or [each.relation for each in statement.relations] or list(statement.makes)
    return names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""


def _blocks(statement: PlannedStatement) -> str:
    if statement.object is not None:
        return statement.object.blocks
    return "" if statement.verdict is Verdict.NOT_JUDGED else Blocks.NOTHING


def rows_and_size(relation: PlannedRelation | None) -> str:
    """``12M, 4.1 GB``."""
    if relation is None or relation.size is None:
        return ""
    rows = "" if relation.rows is None else f"{short_number(relation.rows)}, "
    return f"{rows}{write_size(relation.size)}"


def traffic(relation: PlannedRelation | None) -> str:
    """``120 r/s, 35 w/s``."""
    if relation is None or relation.reads is None or relation.writes is None:
        return ""
    return f"{short_number(round(relation.reads))} r/s, {short_number(round(relation.writes))} w/s"


def lock_name(mode: LockMode) -> str:
    """``AccessExclusive``."""
    return mode.removesuffix("Lock")


def until(relation: PlannedRelation | None) -> str:
    """``commit`` or ``statement``, the end of which releases the lock."""
    if relation is None or relation.until is None:
        return ""
    return "statement" if relation.until is Until.STATEMENT else "commit"


def in_way(sessions: Sequence[SessionInWay]) -> str:
    """``pid 4711 +1``: the oldest, and how many more."""
    if not sessions:
        return ""
    oldest = max(sessions, key=lambda each: each.age or 0)
    more = f" +{len(sessions) - 1}" if len(sessions) > 1 else ""
    return f"{session_name(oldest)}{age(oldest)}{more}"


def session_name(session: SessionInWay) -> str:
    """``pid 4711``; a prepared transaction has none."""
    return f"pid {session.pid}" if session.pid else "a prepared transaction"


def session_words(session: SessionInWay) -> str:
    """``pid 4711, 12 min, psql: holds AccessShareLock: select ...``."""
    program = f", {session.application}" if session.application else ""
    query = f": {session.query}" if session.query else ""
    return f"{session_name(session)}{age(session, ', ')}{program}, {session.why}{query}"


def age(session: SessionInWay, gap: str = " ") -> str:
    """Return the age of a session's transaction; empty where it is not known."""
    return "" if session.age is None else f"{gap}{short_time(session.age)}"


def took(one: Took) -> str:
    """``staging 11 GB 38 s``."""
    size = "" if one.bytes is None else f"{write_size(one.bytes)} "
    return f"{one.environment} {size}{short_time(one.seconds)}"


def short_time(seconds: float) -> str:
    """``0.2 s``, ``38 s``, ``12 min``, ``3.5 h``."""
    if seconds < 1:
        return f"{seconds:.1g} s" if seconds else "0 s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.{1 if seconds < 10 * _HOUR else 0}f} h"


def short_number(number: int) -> str:
    """``950``, ``12k``, ``3.1M``."""
    value, unit = float(number), 0
    while abs(value) >= _THOUSAND and unit < 3:
        value, unit = value / _THOUSAND, unit + 1
    return f"{value:.3g}{('', 'k', 'M', 'G')[unit]}" if unit else str(number)


def reasons(result: PlanResult) -> Iterator[tuple[StatementRow, str]]:
    """Yield the rows that need a word, with that word."""
    for row in rows_of(result):
        statement = row.statement
        if statement.because or statement.explain:
            words = statement.verdict + (f": {statement.because}" if statement.because else "")
            yield row, words


def probe_words(result: ProbeResult) -> str:
    """``002_orders.sql:4 NOT NULL of public.orders.total: 3 rows``."""
    probe = result.probe
    parts = [f"{probe.file}:{probe.line} {probe.what}: {rows_in_words(result)}"]
    parts += [] if probe.fails_now else ["NOT VALID: only VALIDATE CONSTRAINT fails"]
    parts += [f"{probe.changed_first} writes to it before"] if probe.changed_first else []
    return "; ".join(parts)


def sessions(result: PlanResult) -> dict[SessionInWay, list[str]]:
    """Return who is in the way now, and the places that would wait for each."""
    found: dict[SessionInWay, list[str]] = {}
    for row in rows_of(result):
        for session in row.statement.in_way:
            found.setdefault(session, []).append(row.where)
    return found


def other_transactions(result: PlanResult) -> list[SessionInWay]:
    """Return the long transactions that no statement would wait for by what they hold now."""
    known = {session.pid for session in sessions(result)}
    return [each for each in result.long_transactions if each.pid not in known]
