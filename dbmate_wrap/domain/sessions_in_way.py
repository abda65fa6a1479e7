"""Decides, from what a server shows of its sessions, which are in the way of a migration, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.live_relation import SessionInWay
from dbmate_wrap.domain.lock_conflicts import strongest_first
from dbmate_wrap.domain.masking import masked_query

# A snapshot of a moment is gone before a migration begins.
_OLD_SECONDS = 1.0
# Of many sessions the oldest.
_SHOWN = 20
# As autovacuum reports itself; only this one does not give way to whoever waits for it.
_WRAPAROUND = "(to prevent wraparound)"


@dataclass(frozen=True)
class SeenSession:
    """A lock of a session on the relation with this oid, or its snapshot where `relation` is None.

    `pid` is 0 for a prepared transaction. `granted` is False where it waits for the lock. `hidden`: this
    account may not see its query and its age. `query` is as the server has it.
    """

    relation: int | None
    pid: int
    application: str
    age: float | None
    mode: str | None
    granted: bool | None
    is_autovacuum: bool
    hidden: bool
    query: str | None


def sessions_in_way(seen: Iterable[SeenSession]) -> tuple[SessionInWay, ...]:
    """Return each session once, in its order, with the strongest mode that it holds, or else waits for.

    All are of one relation, and their modes conflict with the wanted one.
    """
    by_session: dict[tuple[int, str], list[SeenSession]] = {}
    for each in seen:
        by_session.setdefault((each.pid, each.application), []).append(each)
    found = [_session(locks[0], why) for locks in by_session.values() if (why := _reason(locks)) is not None]
    return tuple(found[:_SHOWN])


def old_snapshots(seen: Iterable[SeenSession]) -> tuple[SessionInWay, ...]:
    """Return the sessions with a snapshot that is not of this moment; what hides its age counts too."""
    found = [each for each in seen if each.relation is None]
    old = [each for each in found if each.age is None or each.age >= _OLD_SECONDS]
    return tuple(_session(each, "old snapshot") for each in old[:_SHOWN])


def _reason(locks: Sequence[SeenSession]) -> str | None:
    if locks[0].is_autovacuum:
        is_kept = (locks[0].query or "").endswith(_WRAPAROUND)
        return "autovacuum to prevent wraparound" if is_kept else None
    held = [each.mode or "" for each in locks if each.granted]
    verb, modes = ("holds", held) if held else ("waits for", [each.mode or "" for each in locks])
    return f"{verb} {strongest_first(modes)[0]}"


def _session(one: SeenSession, why: str) -> SessionInWay:
    return SessionInWay(one.pid, one.age, one.application, masked_query(one.query or ""), why)
