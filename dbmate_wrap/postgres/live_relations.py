"""Reads from a live server how large and busy relations are, and which sessions are in the way there."""

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from dbmate_wrap.domain.live_relation import LiveFacts, LiveRelation, SessionInWay
from dbmate_wrap.domain.lock_conflicts import conflicting_modes
from dbmate_wrap.domain.server_facts import Prepared, Transaction, Unavailable
from dbmate_wrap.domain.sessions_in_way import SeenSession, old_snapshots, sessions_in_way
from dbmate_wrap.domain.statement_trace import LockMode
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.server_facts import Question, read_facts
from dbmate_wrap.postgres.session import Session

_T = TypeVar("_T")
# Stands for pg_locks where that cannot be read.
_NO_LOCKS = (
    "(select null as locktype, null as mode, null::oid as relation, null::oid as database where false)"
)


@dataclass(frozen=True)
class _Found:
    """A row of live_relations.sql."""

    oid: int
    name: str
    has_rows: bool
    rows: int | None
    heap: int
    indexes: int
    toast: int


@dataclass(frozen=True)
class _Traffic:
    """A row of live_traffic.sql; `at` is the server's time in seconds."""

    oid: int
    reads: int
    writes: int
    at: float


@dataclass(frozen=True)
class _Account:
    """Our own role, quoted for SQL, and the name of this run's sessions."""

    name: str
    application: str


@dataclass
class _Notes:
    """What could not be read, each said once."""

    lines: list[str] = field(default_factory=list)

    def answer(self, what: str, ask: Callable[[], list[_T]]) -> list[_T]:
        """Return the rows of the answer; none, with a note, where the server gives no answer."""
        try:
            return ask()
        except FailedError as error:
            self.lines.append(f"{what} could not be read: {error.message}")
            return []


def read_live_facts(
    session: Session, names: Collection[str], modes: Mapping[str, LockMode], *, seconds: float = 1.0
) -> LiveFacts:
    """Read the relations of these names that exist, and who is in the way of locks in these modes.

    Eight queries at most, all of them reads, and no setting of the session changes. Traffic is measured over
    `seconds`, which are waited only where there is a table. Raises UnreachableError.
    """
    notes = _Notes()
    account = _read_account(session)
    found = notes.answer("relations", lambda: _read_relations(session, names))
    tables = [each.oid for each in found if each.has_rows]
    first, begun = _look(session, tables, notes), time.monotonic()
    seen = notes.answer("locks and sessions", lambda: _read_sessions(session, found, modes))
    long, hidden = _read_transactions(session, account, notes)
    if first:
        time.sleep(max(seconds - (time.monotonic() - begun), 0))
    second = _look(session, tables, notes) if first else {}
    if hidden or any(each.hidden for each in seen):
        notes.lines.append(
            "queries and transactions of other roles are hidden from this account;"
            f" to see them: grant pg_read_all_stats to {account.name}"
        )
    relations = [
        _relation(
            each, first.get(each.oid), second.get(each.oid), [one for one in seen if one.relation == each.oid]
        )
        for each in found
    ]
    return LiveFacts(
        relations={each.name: each for each in relations},
        long_transactions=long,
        notes=tuple(dict.fromkeys(notes.lines)),
        old_snapshots=old_snapshots(seen),
    )


def read_sizes(session: Session, names: Collection[str]) -> Mapping[str, int]:
    """Return the sizes in bytes of those relations that exist. Raises FailedError and UnreachableError."""
    return {each.name: _relation(each, None, None, ()).bytes for each in _read_relations(session, names)}


def _read_account(session: Session) -> _Account:
    query = "select pg_catalog.quote_ident(current_user), pg_catalog.current_setting('application_name')"
    [(name, application)] = session.rows(query)
    return _Account(str(name), str(application))


def _read_relations(session: Session, names: Collection[str]) -> list[_Found]:
    if not names:
        return []
    query, words = queries.load_query("live_relations"), json.dumps(sorted(names))
    try:
        sized = query.replace(":locks", "pg_catalog.pg_locks")
        return session.records(_Found, sized, {"names": words, "estimate": False})
    except FailedError:
        # A lock that somebody took meanwhile, or an account that may not see who has one.
        estimated = query.replace(":locks", _NO_LOCKS)
        return session.records(_Found, estimated, {"names": words, "estimate": True})


def _look(session: Session, tables: Collection[int], notes: _Notes) -> Mapping[int, _Traffic]:
    # Each query is a transaction of its own, so each sees the counters as they are then
    # (stats_fetch_consistency): there is no snapshot of statistics to clear.
    if not tables:
        return {}
    query, words = queries.load_query("live_traffic"), {"oids": json.dumps(sorted(tables))}
    found = notes.answer("statistics", lambda: session.records(_Traffic, query, words))
    if not found and not notes.lines:
        notes.lines.append("the server counts no reads and writes: track_counts is off")
    return {each.oid: each for each in found}


def _read_sessions(
    session: Session, found: Sequence[_Found], modes: Mapping[str, LockMode]
) -> list[SeenSession]:
    wanted = {each.oid: sorted(conflicting_modes(modes[each.name])) for each in found if each.name in modes}
    query = queries.load_query("live_sessions")
    return session.records(SeenSession, query, {"conflicts": json.dumps(wanted)})


def _read_transactions(
    session: Session, account: _Account, notes: _Notes
) -> tuple[tuple[SessionInWay, ...], bool]:
    """Return the long transactions as the preflight knows them, and whether some are hidden."""
    question = Question(ours=account.application, history_schema="", history_table="")
    facts = read_facts(session, question, ("transactions", "prepared"))
    found: list[SessionInWay] = []
    hidden = False
    if isinstance(facts.transactions, Unavailable):
        notes.lines.append(f"open transactions could not be read: {facts.transactions.reason}")
    else:
        found += map(_long_transaction, facts.transactions.transactions)
        hidden = facts.transactions.hidden > 0
    if isinstance(facts.prepared, Unavailable):
        notes.lines.append(f"prepared transactions could not be read: {facts.prepared.reason}")
    else:
        found += map(_prepared, facts.prepared)
    return tuple(found), hidden


def _long_transaction(one: Transaction) -> SessionInWay:
    why = "idle in transaction" if one.idle else "open transaction"
    return SessionInWay(one.pid, one.age, one.application, one.query, why)


def _prepared(one: Prepared) -> SessionInWay:
    return SessionInWay(0, one.age, f"prepared as {one.name}", "", "prepared transaction")


def _relation(
    found: _Found, first: _Traffic | None, second: _Traffic | None, seen: Sequence[SeenSession]
) -> LiveRelation:
    reads = writes = None
    if first is not None and second is not None and (elapsed := second.at - first.at) > 0:
        # Counters may begin again between the two looks.
        reads = max(second.reads - first.reads, 0) / elapsed
        writes = max(second.writes - first.writes, 0) / elapsed
    return LiveRelation(
        found.name, found.rows, found.heap, found.indexes, found.toast, reads, writes, sessions_in_way(seen)
    )
