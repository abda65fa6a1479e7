"""Joins what was traced, what the live server has and what the ledgers know into one row a statement."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from dbmate_wrap.domain.live_relation import LiveFacts, LiveRelation, SessionInWay, Took
from dbmate_wrap.domain.masking import masked_query
from dbmate_wrap.domain.safe_way import safe_way
from dbmate_wrap.domain.sessions_to_wait_for import sessions_to_wait_for
from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, TracedStatement, Until, Work
from dbmate_wrap.domain.verdict import Blocks, Judgement, Verdict, blocks_of, judge, worst

# Their texts may hold a password.
_SECRET = re.compile(r"(?:CREATE|ALTER) (?:ROLE|USER|GROUP|USER MAPPING|SUBSCRIPTION|SERVER)\b")
_LONGEST_QUERY = 4000
_MODES = tuple(LockMode)
_WORKS = tuple(Work)
# A relation that has another name now than live is not missed there.
_MOVES = re.compile(r"\b(?:rename|set\s+schema)\b", re.IGNORECASE)
_NO_TABLE = frozenset({"index", "sequence"})


class KnownFrom(StrEnum):
    """Where the content of a row comes from."""

    MEASURED = "measured"
    DOCUMENTED = "documented"
    LIVE = "live"
    LEDGER = "ledger"


@dataclass(frozen=True)
class PlannedRelation:
    """One relation that a statement locks or works on; what is not known of it is None.

    Sizes are in bytes, reads and writes in rows a second. `new`: the plan itself has made it before.
    """

    relation: str
    kind: str | None
    lock: LockMode | None
    blocks: Blocks
    until: Until | None
    work: Work | None
    rows: int | None = None
    heap: int | None = None
    indexes: int | None = None
    toast: int | None = None
    reads: float | None = None
    writes: float | None = None
    new: bool = False

    @property
    def size(self) -> int | None:
        """Everything that belongs to it, in bytes."""
        parts = (self.heap, self.indexes, self.toast)
        return None if self.heap is None else sum(part or 0 for part in parts)


@dataclass(frozen=True)
class PlannedStatement:
    """One row of the plan; `relations` are the worst first, `explain` is the page with the safe way."""

    line: int
    statement: str
    verdict: Verdict
    because: str | None
    relations: tuple[PlannedRelation, ...]
    makes: tuple[str, ...]
    in_way: tuple[SessionInWay, ...]
    explain: str | None
    known_from: tuple[KnownFrom, ...]

    @property
    def object(self) -> PlannedRelation | None:
        """The relation that the verdict is about."""
        return self.relations[0] if self.relations else None

    @property
    def size(self) -> int | None:
        """The largest size of what the statement takes time for, or of what it locks; None: not known."""
        there = [each for each in self.relations if not each.new]
        worked = [each for each in there if each.work is not None and each.kind not in _NO_TABLE]
        return max((each.size for each in worked or there if each.size is not None), default=None)


@dataclass(frozen=True)
class PlannedMigration:
    """The rows of one migration, the worst verdict of them, and how long the same bytes took elsewhere."""

    verdict: Verdict | None
    took: tuple[Took, ...]
    statements: tuple[PlannedStatement, ...]


def plan_rows(
    traced: Sequence[TracedStatement],
    live: LiveFacts | None = None,
    took: Mapping[str, tuple[Took, ...]] | None = None,
) -> dict[str, PlannedMigration]:
    """Return the rows of each traced migration, by its version."""
    by_version: dict[str, list[TracedStatement]] = {}
    for statement in traced:
        by_version.setdefault(statement.version, []).append(statement)
    found: dict[str, PlannedMigration] = {}
    new: set[str] = set()
    looked_for = live if not any(_MOVES.search(each.text) for each in traced) else None
    for version, statements in by_version.items():
        times = (took or {}).get(version, ())
        rows = tuple(
            _row(each, judge(each, statements[at + 1 :], new), live, new, has_times=bool(times) and at == 0)
            for at, each in enumerate(statements)
        )
        if looked_for is not None:
            rows = tuple(_with_absent(row, looked_for) for row in rows)
        found[version] = PlannedMigration(worst(row.verdict for row in rows), times, rows)
        new.update(name for each in statements for name in each.makes)
    return found


def locked_relations(traced: Sequence[TracedStatement]) -> dict[str, LockMode]:
    """Return the strongest lock of every relation that was there before, for the look at the live server."""
    found: dict[str, LockMode] = {}
    new: set[str] = set()
    for statement in traced:
        for lock in statement.locks:
            if lock.relation not in new:
                known = found.get(lock.relation, LockMode.ACCESS_SHARE)
                found[lock.relation] = max(known, lock.mode, key=_MODES.index)
        new.update(statement.makes)
    return found


def one_line(statement: TracedStatement) -> str:
    """Return the text on one line; without its literals where they may be a password."""
    if _SECRET.match(statement.tag):
        return masked_query(statement.text, _LONGEST_QUERY)
    return " ".join(statement.text.split())


def _row(
    statement: TracedStatement,
    judged: Judgement,
    live: LiveFacts | None,
    new: Collection[str],
    *,
    has_times: bool,
) -> PlannedStatement:
    relations = sorted(_relations(statement, live, new), key=_worst_first)
    in_way = tuple(sessions_to_wait_for(statement, live, new))
    traced = statement.not_judged is None or bool(statement.locks)
    known = {
        KnownFrom.MEASURED: traced,
        KnownFrom.DOCUMENTED: judged.documented,
        KnownFrom.LIVE: any(each.size is not None for each in relations),
        KnownFrom.LEDGER: has_times,
    }
    return PlannedStatement(
        line=statement.line,
        statement=one_line(statement),
        verdict=judged.verdict,
        because=judged.because,
        relations=tuple(relations),
        makes=statement.makes,
        in_way=in_way,
        explain=safe_way(statement, judged, new, is_awaiting=bool(in_way)),
        known_from=tuple(source for source, holds in known.items() if holds),
    )


def _relations(
    statement: TracedStatement, live: LiveFacts | None, new: Collection[str]
) -> Iterator[PlannedRelation]:
    # The heaviest work on each: an index is built again with every rewrite.
    heaviest_last = sorted(statement.works, key=lambda each: _WORKS.index(each.work))
    works = {each.relation: each.work for each in heaviest_last}
    locks = {lock.relation: lock for lock in statement.locks}
    for name in dict.fromkeys([*locks, *works]):
        there = live.relations.get(name) if live is not None else None
        yield _relation(name, locks.get(name), works.get(name), there, is_new=name in new)


def _relation(
    name: str, lock: RelationLock | None, work: Work | None, there: LiveRelation | None, *, is_new: bool
) -> PlannedRelation:
    mode = lock.mode if lock is not None else None
    return PlannedRelation(
        relation=name,
        kind=lock.kind if lock is not None else None,
        lock=mode,
        blocks=blocks_of(mode) if mode is not None else Blocks.NOTHING,
        until=lock.until if lock is not None else None,
        work=work,
        rows=there.rows if there else None,
        heap=there.heap if there else None,
        indexes=there.indexes if there else None,
        toast=there.toast if there else None,
        reads=there.reads if there else None,
        writes=there.writes if there else None,
        new=is_new,
    )


def _worst_first(relation: PlannedRelation) -> tuple[object, ...]:
    mode = -_MODES.index(relation.lock) if relation.lock is not None else 1
    work = -_WORKS.index(relation.work) if relation.work is not None else 1
    return relation.new, relation.kind in _NO_TABLE, work, mode, relation.relation


def _with_absent(row: PlannedStatement, live: LiveFacts) -> PlannedStatement:
    """Say of tables that the history has and the live database has not that they are not there."""
    absent = [
        each.relation
        for each in row.relations
        if each.relation not in live.relations and not each.new and each.kind in ("table", "partition")
    ]
    if not absent or row.because is not None:
        return row
    return replace(row, because=f"{', '.join(absent)}: not in this database")
