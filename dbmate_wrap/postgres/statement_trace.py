"""Runs statements in a session that tells which locks it holds, and what the server says at level DEBUG1."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.relation_state import LockReading, Locks, Relation
from dbmate_wrap.domain.statement_trace import LockMode
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Cell, Session

_KINDS = {
    "r": "table",
    "p": "table",
    "f": "foreign table",
    "v": "view",
    "m": "materialized view",
    "S": "sequence",
    "i": "index",
    "I": "index",
}
_LISTEN = "set client_min_messages = debug1"


@dataclass
class TracingSession:
    """A session that runs a migration; `known` are the relations that were there when it began.

    New ones get larger OIDs, as a rule: up to `_told` they were in a reading already.
    """

    session: Session
    known: Mapping[int, Relation]
    _told: int = 0
    _messages: list[str] = field(default_factory=list)
    _locks_query: str = field(default_factory=lambda: queries.load_query("trace_locks"))

    def __post_init__(self) -> None:
        self._last_known = self._told = max(self.known, default=0)
        self.session.on_message(self._messages.append)
        self.listen()

    def listen(self) -> None:
        """Ask for messages of level DEBUG1; again after a statement that may have changed the setting."""
        self.session.rows(_LISTEN)

    def run(self, text: str) -> tuple[str, ...]:
        """Run one statement, and return what the server said meanwhile. Raises FailedError."""
        self._messages.clear()
        self.session.rows(text)
        return tuple(self._messages)

    def read(self) -> LockReading:
        """Read the locks that this session holds; of relations that it has made only in the first reading."""
        if not self.known:
            # In a new database no lock is in anybody's way, and reading thousands of them takes long.
            made = read_relations(self.session, self._told)
            self._told = max(made, default=self._told)
            return LockReading({}, made)
        which = {"pid": self.session.backend_pid, "known": self._last_known, "told": self._told}
        rows = self.session.rows(self._locks_query, which)
        found = (_relation(row[0], *row[2:]) for row in rows if row[3] is not None)
        locks = _locks(rows)
        self._told = max(self._told, *locks) if locks else self._told
        return LockReading(locks, {each.oid: each for each in found})

    def constraint_tables(self, names: Collection[str]) -> Mapping[str, Collection[int]]:
        """Return the tables of foreign keys by the names of these; of one name there may be several."""
        found: dict[str, set[int]] = {}
        query = (
            "select conrelid::bigint from pg_catalog.pg_constraint"
            " where contype = 'f' and conname = %(name)s::name"
        )
        for name in names:
            found[name] = {int(str(oid)) for (oid,) in self.session.rows(query, {"name": name})}
        return found

    def has_function(self, names: Collection[tuple[str, str]]) -> str | None:
        """Return the first of these functions (schema or "", name) that does not come with PostgreSQL."""
        query = (
            "select n.nspname || '.' || p.proname from pg_catalog.pg_proc as p"
            " join pg_catalog.pg_namespace as n on n.oid = p.pronamespace"
            " where p.proname = %(name)s::name and %(schema)s::name in ('', n.nspname)"
            " order by n.nspname <> 'pg_catalog' limit 1"
        )
        for schema, name in sorted(names):
            rows = self.session.rows(query, {"schema": schema, "name": name})
            found = str(rows[0][0]) if rows else name
            if not found.startswith("pg_catalog."):
                return found
        return None


def read_relations(session: Session, above: int = 0) -> dict[int, Relation]:
    """Read the relations of the database's own schemas, by OID; only those above that number."""
    rows = session.rows(queries.load_query("trace_relations"), {"above": above})
    return {each.oid: each for each in (_relation(*row) for row in rows)}


def is_blocking(session: Session, pid: int) -> bool:
    """Return True where that server process waits for this session."""
    query = "select pg_catalog.pg_backend_pid() = any(pg_catalog.pg_blocking_pids(%(pid)s::int))"
    return session.rows(query, {"pid": pid}) == [(True,)]


def read_locks(session: Session, pid: int) -> Locks:
    """Read from another session the locks that a server process has, and the one that it waits for."""
    return _locks(session.rows(queries.load_query("trace_locks"), {"pid": pid, "known": 0, "told": 0}))


def hold_snapshot(session: Session, relations: Collection[Relation]) -> None:
    """Begin a transaction that has a snapshot and has read these relations, as a long query would."""
    session.rows("begin isolation level repeatable read")
    session.rows("select 1 from pg_catalog.pg_class limit 1")
    for each in relations:
        session.rows(f"select from {quoted(each.schema)}.{quoted(each.name)} limit 0")


def hold_lock(session: Session, relations: Collection[Relation]) -> None:
    """Begin a transaction that holds a lock on tables with which only reads and writes get along."""
    session.rows("begin")
    for each in relations:
        named = f"{quoted(each.schema)}.{quoted(each.name)}"
        session.rows(f"lock table only {named} in share update exclusive mode")


def _locks(rows: Collection[tuple[Cell, ...]]) -> Locks:
    return {int(str(row[0])): frozenset(map(LockMode, str(row[1]).split())) for row in rows}


def _relation(oid: Cell, *columns: Cell) -> Relation:
    schema, name, kind, is_partition, table, parent, file = columns
    word = _KINDS[str(kind)]
    return Relation(
        int(str(oid)),
        str(schema),
        str(name),
        "partition" if is_partition is True and word == "table" else word,
        None if table is None else int(str(table)),
        None if parent is None else int(str(parent)),
        int(str(file)),
    )
