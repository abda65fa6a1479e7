"""Runs a statement behind transactions that it waits for, and reads its locks meanwhile."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from dbmate_wrap.domain.relation_state import Locks, Relation
from dbmate_wrap.domain.statement_trace import LockMode
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.statement_trace import TracingSession, is_blocking, read_locks

_POLL_SECONDS = 0.002


def run_behind(
    tracing: TracingSession,
    text: str,
    connect: Callable[[], Session],
    hold: Callable[[Session, Sequence[Relation]], None],
    relations: Sequence[Sequence[Relation]],
) -> tuple[tuple[str, ...], Locks]:
    """Run the statement, and return the server's messages and every lock that was seen.

    For each of `relations` a session that `connect` opens begins a transaction by `hold`, which ends once the
    statement waits for it. Raises FailedError as the statement does.
    """
    seen: dict[int, frozenset[LockMode]] = {}
    pid = tracing.session.backend_pid
    with ExitStack() as stack, ThreadPoolExecutor(1) as executor:
        holders = [connect() for _ in relations]
        for holder, read in zip(holders, relations, strict=True):
            # Closed before the executor waits, whatever happens: the statement waits for them.
            stack.callback(holder.close)
            hold(holder, read)
        running = executor.submit(tracing.run, text)
        try:
            for holder in holders:
                for oid, modes in _locks_at_rest(holder, pid, running).items():
                    seen[oid] = seen.get(oid, frozenset()) | modes
                holder.close()
        finally:
            stack.close()
        return running.result(), seen


def _locks_at_rest(holder: Session, pid: int, running: "Future[tuple[str, ...]]") -> Locks:
    """Return the locks of the statement once it waits for the holder; none where it has ended before."""
    while not is_blocking(holder, pid):
        if running.done():
            return {}
        time.sleep(_POLL_SECONDS)
    return read_locks(holder, pid)
