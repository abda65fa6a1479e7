"""The end of a run after a signal, a lost lock or a lost connection: read the final state, and report it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dbmate_wrap.errors import InterruptedRun, LockedError, TerminatedRun, UnreachableError, WrapError
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.advisory_lock import lost_lock_error
from dbmate_wrap.process import Terminated, signals_held
from dbmate_wrap.workspace.history import History

# A server that restarts is back within so many seconds, or will not be soon.
_RESTART_SECONDS = 5.0


@contextmanager
def interruptions_as_errors(
    run: AttendedRun,
    ledger: LedgerWriter,
    describe: Callable[[History | None], tuple[str, str]],
    record: Callable[[], None],
) -> Iterator[None]:
    """Turn a signal (130, 143), a lost connection (21) or a lost lock (23) into the one final error.

    In every case dbmate's server session is ended and the history read first. `describe` returns message and
    hint for that final state, None where it is not known; `record` writes the ledger's lines for it.
    """
    try:
        yield
    except (KeyboardInterrupt, Terminated) as signal:
        history = read_final_state(run)
        if history is None:
            # The run stays open in the ledger: so the next one knows what it may have done.
            ledger.disable()
        else:
            with suppress(WrapError):
                # The ledger's session may have been amid an answer; the next run adopts what is missing.
                record()
        raise stopped_error(signal, *describe(history)) from None
    except UnreachableError as lost:
        wait = min(_RESTART_SECONDS, run.environment.values.connect_timeout)
        message, hint = describe(read_final_state(run, wait=wait))
        raise lost.but(message=f"{lost.message}: {message}", hint=hint) from None
    except LockedError:
        if not run.lock.lost:
            raise
        # Our own session may be as dead as the lock's: it is not used any more.
        ledger.disable()
        raise lost_lock_error(*describe(read_final_state(run))) from None


def read_final_state(run: AttendedRun, *, wait: float | None = None) -> History | None:
    """The history, now that nothing of this run can change it any more; None when the server cannot be asked.

    dbmate itself is gone, but its server session would go on with its statement (seen with dbmate 2.37.0),
    and outside a transaction commit it. Our own session may be amid an answer: a new one is opened. `wait`
    is how many seconds a server that restarts may take.
    """
    try:
        with signals_held(), run.db.open_again(wait=wait) as db:
            catalog.end_sessions(db.session, run.invocation.dbmate_name)
            return run.read_history(db)
    except WrapError as error:
        run.console.say(f"warning: the database could not be asked what was applied: {error.message}")
        return None


def stopped_error(signal: BaseException, message: str, hint: str) -> InterruptedRun:
    """The error for the signal that stopped the run: 130 or 143."""
    error = TerminatedRun if isinstance(signal, Terminated) else InterruptedRun
    return error(f"stopped: {message}", hint=hint)
