"""What was seen of relations while a statement ran, and what that says about the statement."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbmate_wrap.domain.statement_facts import StatementFacts
from dbmate_wrap.domain.statement_trace import LockMode, RelationLock, RelationWork, Until, Work

Locks = Mapping[int, frozenset[LockMode]]

_STRENGTH = {mode: number for number, mode in enumerate(LockMode)}
_WEAK = _STRENGTH[LockMode.ROW_EXCLUSIVE]
_ROWS = frozenset({"table", "partition", "materialized view", "foreign table"})
_KINDS_OF_NEW = ("table", "partition", "foreign table", "view", "materialized view", "sequence", "index")
# The server's messages of level DEBUG1, which are never translated.
_BUILDING = re.compile(r'building index "(?P<index>.*)" on table "(?P<name>.*)" (?:serially|with request )')
_VERIFYING = re.compile(r'verifying table "(?P<name>.*)"')
_FOREIGN_KEY = re.compile(r'validating foreign key constraint "(?P<name>.*)"')
_IMPLIED = re.compile(r'updated partition constraint for default partition "(?P<name>.*)" is implied ')


@dataclass(frozen=True)
class Relation:
    """A relation in a schema of the project; `kind` as in RelationLock.

    `table` is that of an index, `parent` that of a partition or a child, both as OIDs; `file` changes when
    all of it is written again.
    """

    oid: int
    schema: str
    name: str
    kind: str
    table: int | None = None
    parent: int | None = None
    file: int = 0

    @property
    def full(self) -> str:
        """Schema and name as a person reads them."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class LockReading:
    """What a session holds after a statement: its locks by OID, and which of the relations are there now."""

    locks: Locks
    relations: Mapping[int, Relation]


@dataclass(frozen=True)
class Seen:
    """Locks before and after a statement, messages while it ran, and the tables of constraints by names."""

    before: Locks
    after: LockReading
    messages: Sequence[str] = ()
    constraint_tables: Mapping[str, Collection[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """The part of a TracedStatement that is about relations."""

    locks: tuple[RelationLock, ...]
    works: tuple[RelationWork, ...]
    makes: tuple[str, ...]


def constraints_checked(messages: Sequence[str]) -> frozenset[str]:
    """Return the names of the foreign keys that were checked; their tables are not in the messages."""
    return frozenset(match["name"] for message in messages if (match := _FOREIGN_KEY.match(message)))


def judge_relations(facts: StatementFacts, seen: Seen, known: "KnownRelations", until: Until) -> Judged:
    """Return what a statement does to the relations that were there before its migration.

    A lock that an earlier statement took is held still: it counts where this one uses the relation as well,
    because its work is done under it. Call `known.update` afterwards.
    """
    found = _Judgement(facts, seen, known)
    locks = tuple(RelationLock(each.full, each.kind, found.mode(each), until) for each in found.locked())
    works = dict.fromkeys(RelationWork(each.full, work) for each, work in found.works())
    order = [*Work]
    ordered = sorted(works, key=lambda each: (-order.index(each.work), each.relation))
    return Judged(locks, tuple(ordered), known.made(seen.after.relations.values()))


@dataclass
class KnownRelations:
    """The relations before a migration; `current` also has those that it has made, as they are now."""

    before: Mapping[int, Relation]
    current: dict[int, Relation] = field(init=False)

    def __post_init__(self) -> None:
        self.current = dict(self.before)
        self._names = {each.full for each in self.before.values()}

    def made(self, relations: Collection[Relation]) -> tuple[str, ...]:
        """Return the names of those that are new, tables before what belongs to them."""
        # A concurrent rebuild puts a new index under the old name.
        new = [each for each in relations if each.oid not in self.current and each.full not in self._names]
        new.sort(key=lambda each: (_KINDS_OF_NEW.index(each.kind), each.full))
        return tuple(each.full for each in new)

    def update(self, after: LockReading) -> None:
        """Take over how relations are after a statement; what it has locked and is gone was dropped."""
        gone = after.locks.keys() - after.relations.keys()
        former = [self.current.pop(oid) for oid in {*gone, *after.relations} if oid in self.current]
        self._names -= {each.full for each in former}
        self.current |= after.relations
        self._names |= {each.full for each in after.relations.values()}


@dataclass(frozen=True)
class _Judgement:
    facts: StatementFacts
    seen: Seen
    known: KnownRelations

    def locked(self) -> list[Relation]:
        """Return the relations whose lock is worth a row: the strongest first, with one lock the main one."""
        used = [each for each in self._used() if self._says_something(each)]
        main = self.facts.names[:1]
        return sorted(
            used,
            key=lambda each: (-_STRENGTH[self.mode(each)], not _is_named(each, main), each.full),
        )

    def mode(self, relation: Relation) -> LockMode:
        return max(self.seen.after.locks[relation.oid], key=_STRENGTH.__getitem__)

    def works(self) -> Iterator[tuple[Relation, Work]]:
        if self.facts.truncates:
            # Its new file and indexes are empty, whatever was there.
            with_rows = (each for each in self._used() if each.kind in _ROWS)
            yield from (
                (each, Work.DATA) for each in with_rows if self.mode(each) is LockMode.ACCESS_EXCLUSIVE
            )
            return
        rewritten = list(self._rewritten())
        yield from ((each, Work.REWRITE) for each in rewritten)
        for message in self.seen.messages:
            yield from self._said(message)
        if self.facts.writes_rows:
            written = self._with_mode(LockMode.ROW_EXCLUSIVE, self.facts.targets)
            yield from ((each, Work.DATA) for each in written)
        if self.facts.reads_rows:
            read = self._with_mode(self.facts.reads_under, self.facts.names)
            yield from ((each, Work.SCAN) for each in read if each not in rewritten)
        # These two scans are not told by a message.
        if self.facts.checks_domain:
            yield from ((each, Work.SCAN) for each in self._with_mode(LockMode.SHARE, ()))
        if self.facts.makes_partition:
            yield from ((each, Work.SCAN) for each in self._default_partitions())

    def _said(self, message: str) -> Iterator[tuple[Relation, Work]]:
        if match := _BUILDING.match(message):
            yield from ((each, Work.INDEX_BUILD) for each in self._called(match["name"]))
        elif match := _VERIFYING.match(message):
            yield from ((each, Work.SCAN) for each in self._called(match["name"]))
        elif match := _FOREIGN_KEY.match(message):
            tables = self.seen.constraint_tables.get(match["name"], ())
            yield from ((each, Work.FOREIGN_KEY_CHECK) for each in self._used() if each.oid in tables)

    def _used(self) -> list[Relation]:
        """Return the known relations that the statement has locked, or names while they are locked."""
        before, after = self.seen.before, self.seen.after.locks
        known = [self.known.before[oid] for oid in after if oid in self.known.before]
        names = self.facts.names
        return [
            each
            for each in known
            if after[each.oid] - before.get(each.oid, frozenset()) or self._is_in(each, names)
        ]

    def _is_in(self, relation: Relation, names: Collection[tuple[str, str]]) -> bool:
        """Return True where the relation, or one of which it is a part, has one of these names."""
        # One that an earlier statement has dropped is locked still, and its name may be taken again.
        at = relation if relation.oid in self.known.current else None
        while at is not None:
            current = self.known.current.get(at.oid, at)
            if _is_named(at, names) or _is_named(current, names):
                return True
            at = self.known.before.get(at.parent) if at.parent is not None else None
        return False

    def _says_something(self, relation: Relation) -> bool:
        strength = _STRENGTH[self.mode(relation)]
        if relation.kind not in ("index", "sequence"):
            return True
        # Whoever reads or writes a table locks its indexes and sequences so.
        if strength <= _WEAK:
            return False
        table = self.seen.after.locks.get(relation.table) if relation.table is not None else None
        return table is None or max(map(_STRENGTH.__getitem__, table)) < strength

    def _called(self, name: str) -> list[Relation]:
        """Return the used relations of that name, which a message gives without the schema."""
        known, now = self.known.before, self.known.current
        # Without any lock that was read, the message alone says what is meant.
        candidates = self._used() if self.seen.after.locks else known.values()
        return [each for each in candidates if each.oid in now and name in (each.name, now[each.oid].name)]

    def _with_mode(self, mode: LockMode, names: Collection[tuple[str, str]]) -> Iterator[Relation]:
        """Yield what the statement has locked so; of what was locked so before what has one of the names."""
        before, after = self.seen.before, self.seen.after.locks
        for each in self._used():
            is_new = mode not in before.get(each.oid, ())
            if each.kind in _ROWS and mode in after[each.oid] and (is_new or self._is_in(each, names)):
                yield each

    def _rewritten(self) -> Iterator[Relation]:
        for oid, now in self.seen.after.relations.items():
            earlier = self.known.current.get(oid)
            if oid in self.known.before and earlier is not None and earlier.file != now.file:
                yield from [self.known.before[oid]] if now.kind in _ROWS else []

    def _default_partitions(self) -> Iterator[Relation]:
        """Yield the default partitions in which a new partition's rows were looked for."""
        matches = (_IMPLIED.match(message) for message in self.seen.messages)
        spared = {match["name"] for match in matches if match}
        for each in self._with_mode(LockMode.ACCESS_EXCLUSIVE, self.facts.names):
            if each.kind == "partition" and each.name not in spared and not _is_named(each, self.facts.names):
                yield each


def _is_named(relation: Relation, names: Collection[tuple[str, str]]) -> bool:
    return (relation.schema, relation.name) in names or ("", relation.name) in names
