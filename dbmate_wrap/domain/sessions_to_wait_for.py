"""The sessions that a statement would wait for now."""

from collections.abc import Collection, Iterator

from dbmate_wrap.domain.live_relation import LiveFacts, SessionInWay
from dbmate_wrap.domain.lock_conflicts import conflicting_modes
from dbmate_wrap.domain.statement_trace import LockMode, TracedStatement
from dbmate_wrap.domain.verdict import Blocks, blocks_of

_HOLDS = "holds "


def sessions_to_wait_for(
    statement: TracedStatement, live: LiveFacts | None, new: Collection[str]
) -> Iterator[SessionInWay]:
    """Yield the sessions that the statement would wait for now, each once."""
    if live is None:
        return
    seen: set[tuple[int, str]] = set()
    for lock in statement.locks:
        there = live.relations.get(lock.relation) if lock.relation not in new else None
        for each in there.in_way if there is not None else ():
            if _is_in_way(lock.mode, each) and (each.pid, each.why) not in seen:
                seen.add((each.pid, each.why))
                yield each
    if statement.waits_for_snapshots:
        pids = {pid for pid, _ in seen}
        yield from (each for each in live.old_snapshots if each.pid not in pids)


def _is_in_way(mode: LockMode, session: SessionInWay) -> bool:
    """Return False where the session holds a lock that this one goes with: it is another statement's."""
    held = session.why.removeprefix(_HOLDS)
    if held == session.why or held not in tuple(LockMode):
        return blocks_of(mode) is not Blocks.NOTHING
    return held in conflicting_modes(mode)
