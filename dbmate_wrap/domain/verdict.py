"""The verdict on one statement of a plan: what running it means to those who use the database meanwhile."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, TracedStatement, Until, Work


class Blocks(StrEnum):
    """What a lock keeps others from, the least first."""

    NOTHING = "nothing"
    DDL = "DDL"
    WRITES = "writes"
    ALL = "reads and writes"


class Verdict(StrEnum):
    """The verdicts, the worst first."""

    REWRITES = "rewrites"
    BLOCKS_ALL = "blocks all"
    BLOCKS_WRITES = "blocks writes"
    WAITS = "waits for old transactions"
    SCANS = "scans online"
    BRIEF_LOCK = "brief lock"
    NEW_OBJECT = "new object"
    CHANGES_ROWS = "changes rows"
    NOT_JUDGED = "not judged"

    def is_at_least(self, other: "Verdict") -> bool:
        """Return True where this one is as bad as `other`, or worse."""
        return _RANK[self] <= _RANK[other]


_RANK = {verdict: number for number, verdict in enumerate(Verdict)}
_BLOCKS = {
    LockMode.SHARE_UPDATE_EXCLUSIVE: Blocks.DDL,
    LockMode.SHARE: Blocks.WRITES,
    LockMode.SHARE_ROW_EXCLUSIVE: Blocks.WRITES,
    LockMode.EXCLUSIVE: Blocks.WRITES,
    LockMode.ACCESS_EXCLUSIVE: Blocks.ALL,
}
_ROWS = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "TRUNCATE TABLE"})
# They read the whole table, or a sample of it, and no transaction may be around VACUUM.
_ONLINE = frozenset({"VACUUM", "ANALYZE"})
_FULL = re.compile(r"\bfull\b", re.IGNORECASE)
_QUERY = re.compile(r"\b(?:select|table)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Judgement:
    """A verdict; `because` says what does not show in the row, `held_for` is the line that prolongs a lock.

    `documented`: it rests on PostgreSQL's documentation, and not on the trace alone.
    """

    verdict: Verdict
    because: str | None = None
    held_for: int | None = None
    documented: bool = False


def blocks_of(mode: LockMode) -> Blocks:
    """Return what a lock of this mode keeps others from."""
    return _BLOCKS.get(mode, Blocks.NOTHING)


def worst(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Return the worst verdict; None of none."""
    return min(verdicts, key=_RANK.__getitem__, default=None)


def is_risky(verdict: Verdict | None) -> bool:
    """Return True for a verdict that keeps others from working, or that nobody knows."""
    if verdict is None:
        return False
    return verdict is Verdict.NOT_JUDGED or verdict.is_at_least(Verdict.BLOCKS_WRITES)


def judge(
    statement: TracedStatement, later: Sequence[TracedStatement], new: Collection[str] = frozenset()
) -> Judgement:
    """Return the verdict; `later` are the statements after it in its transaction.

    `new` are relations that the plan itself has made before: nobody uses them yet. What was seen of a
    statement that could not be traced whole counts where it is bad: the rest may only be worse.
    """
    seen = _judge_seen(statement, later, new)
    if statement.not_judged is None:
        return seen
    if seen.verdict.is_at_least(Verdict.SCANS):
        return replace(seen, because="; ".join(filter(None, (seen.because, statement.not_judged))))
    return Judgement(Verdict.NOT_JUDGED, statement.not_judged)


def _judge_seen(
    statement: TracedStatement, later: Sequence[TracedStatement], new: Collection[str]
) -> Judgement:
    works = frozenset(each.work for each in statement.works if each.relation not in new)
    locks = [lock for lock in statement.locks if lock.relation not in new]
    if statement.waits_for_snapshots:
        return Judgement(Verdict.WAITS, documented=True)
    if statement.tag == "VACUUM" and _FULL.search(statement.text):
        return Judgement(Verdict.REWRITES, documented=True)
    if statement.tag in _ONLINE and not any(lock.mode is LockMode.ACCESS_EXCLUSIVE for lock in locks):
        return Judgement(Verdict.SCANS, documented=True)
    rewritten = {each.relation for each in statement.works if each.work is Work.REWRITE}
    if _is_truncate(statement):
        works, rewritten = frozenset(), set()  # It makes a new file, and reads nothing.
    found = [
        _judge_lock(lock, works, _longest(lock, later, new), is_rewritten=lock.relation in rewritten)
        for lock in locks
    ]
    judged = [each for each in found if each is not None]
    if judged:
        return min(judged, key=lambda each: (_RANK[each.verdict], each.held_for is not None))
    return Judgement(_without_lock(statement, works, has_new=len(locks) < len(statement.locks)))


def _judge_lock(
    lock: RelationLock, works: Collection[Work], held_for: TracedStatement | None, *, is_rewritten: bool
) -> Judgement | None:
    blocks = blocks_of(lock.mode)
    takes_time = bool(works)
    if blocks is Blocks.NOTHING:
        return None
    if blocks is Blocks.DDL:
        return Judgement(Verdict.SCANS if takes_time else Verdict.BRIEF_LOCK)
    if blocks is Blocks.WRITES and lock.kind == "materialized view":
        # Nobody writes to one but another refresh.
        return Judgement(Verdict.SCANS if takes_time else Verdict.BRIEF_LOCK)
    if blocks is Blocks.ALL and is_rewritten:
        return Judgement(Verdict.REWRITES)
    long = Verdict.BLOCKS_ALL if blocks is Blocks.ALL else Verdict.BLOCKS_WRITES
    if takes_time:
        return Judgement(long)
    if held_for is not None:
        held = f"its lock on {lock.relation} is held until the commit, while line {held_for.line}"
        return Judgement(long, f"{held} {_does(held_for)}", held_for.line)
    return Judgement(Verdict.BRIEF_LOCK)


def _longest(
    lock: RelationLock, later: Sequence[TracedStatement], new: Collection[str]
) -> TracedStatement | None:
    """Return the first later statement that takes long while the lock is held; None without one."""
    if lock.until is not Until.COMMIT:
        return None
    return next((each for each in later if _takes_long(each, new)), None)


def _takes_long(statement: TracedStatement, new: Collection[str]) -> bool:
    works = {each.work for each in statement.works if each.relation not in new}
    if _is_truncate(statement):
        return False
    if works == {Work.DATA} and statement.tag == "INSERT":
        return _QUERY.search(statement.text) is not None  # A few VALUES are written in no time.
    return bool(works)


def _is_truncate(statement: TracedStatement) -> bool:
    return statement.tag.startswith("TRUNCATE")


def _does(statement: TracedStatement) -> str:
    done = max(statement.works, key=lambda each: list(Work).index(each.work))
    words = {
        Work.DATA: "changes rows of",
        Work.FOREIGN_KEY_CHECK: "checks a foreign key of",
        Work.INDEX_BUILD: "builds an index on",
        Work.SCAN: "scans",
        Work.REWRITE: "rewrites",
    }
    return f"{words[done.work]} {done.relation}"


def _without_lock(statement: TracedStatement, works: Collection[Work], *, has_new: bool) -> Verdict:
    if Work.DATA in works or (statement.tag in _ROWS and not statement.makes):
        return Verdict.CHANGES_ROWS
    if statement.makes or has_new or statement.tag.startswith("CREATE"):
        return Verdict.NEW_OBJECT
    return Verdict.BRIEF_LOCK
