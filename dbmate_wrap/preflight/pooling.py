"""The check for a pooler: locks and settings need one server process for the whole session."""

import threading
from dataclasses import dataclass, field

from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.preflight.check import (
    RUN_SESSIONS,
    CheckInput,
    CheckResult,
    PreflightContext,
    fact,
    failed,
    passed,
)

# As many sessions are held here as in a run: two beside this one, and the last is opened several times,
# because where several poolers share an address, only two sessions that meet in one of them tell anything.
_LOGINS = 4
_PATIENCE_SECONDS = 10.0
_HINT = "use the server's direct URL for migrations, or a pool in session mode (pool_mode = session)"


def pooler(given: CheckInput) -> CheckResult:
    """Fail behind a pooler that gives statements of one session to several server processes.

    A pooler invents a process id at login; in session mode it then stays with one process.

    Measured with PgBouncer 1.18: the id is invented in every mode; in transaction and statement mode the
    process of an idle client serves the next one (or, with server_round_robin, its next statement another).
    """
    first = fact(given.facts.server).backend_pid
    if first == given.session.backend_pid:
        return passed("a direct connection")
    others = _ask_others(given.context)
    if others.trouble is not None:
        return failed(
            f"a pooler is in between, and {others.trouble}", f"{_HINT}, with room for {RUN_SESSIONS}"
        )
    own = {first, *(catalog.backend_pid(given.session) for _ in range(2))}
    if _is_shared([own, *others.held], others.passing):
        return failed(
            "a pooler in transaction or statement mode is in between: advisory locks and settings get lost"
            " from one statement to the next",
            _HINT,
        )
    return passed("a pooler in session mode is in between")


@dataclass
class _Others:
    """The processes that served each session that was held, and those that came and went meanwhile."""

    held: list[set[int]] = field(default_factory=list)
    passing: set[int] = field(default_factory=set)
    trouble: str | None = None


def _is_shared(held: list[set[int]], passing: set[int]) -> bool:
    everything = set().union(*held)
    return len(everything) != len(held) or any(len(seen) > 1 for seen in held) or bool(everything & passing)


def _ask_others(context: PreflightContext) -> _Others:
    # In a thread: a full pool lets a statement wait for minutes (PgBouncer's query_wait_timeout is 120 s),
    # and libpq's connect_timeout ends at the login.
    answers = _Others()
    patience = context.connect_timeout or _PATIENCE_SECONDS
    thread = threading.Thread(target=_ask, args=(context, answers), daemon=True)
    thread.start()
    thread.join(patience)
    if thread.is_alive():
        return _Others(
            trouble=f"it did not give {RUN_SESSIONS} sessions within {patience:g} s: its pool is full"
        )
    return answers


def _ask(context: PreflightContext, answers: _Others) -> None:
    try:
        with _open(context) as one, _open(context) as two:
            answers.held += [{catalog.backend_pid(session)} for session in (one, two)]
            for _ in range(_LOGINS):
                with _open(context) as passing:
                    answers.passing.add(catalog.backend_pid(passing))
            for session, seen in zip((one, two), answers.held, strict=True):
                seen.add(catalog.backend_pid(session))
    except WrapError as error:
        answers.trouble = f"it gives no more sessions: {error.message}"


def _open(context: PreflightContext) -> Session:
    return connect(context.url, application_name=context.application_name, timeout=context.connect_timeout)
