"""Tells what an `up` that was stopped, cut off or lost its lock has done, and what it has not."""

from collections.abc import Sequence
from contextlib import suppress

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import InterruptedRun, LockedError, UnreachableError, WrapError
from dbmate_wrap.execution.exclusive import lost_error
from dbmate_wrap.execution.interruption import read_final_state
from dbmate_wrap.execution.interruption import stopped as stopped_error
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.workspace.history import History

# A server that restarts is back within so many seconds, or will not be soon.
_COMES_BACK_SECONDS = 5.0


def lost(ground: AttendedRun, todo: Sequence[ParsedMigration]) -> LockedError:
    # Our own session may be as dead as the lock's: it is not used any more.
    ground.book.abandon()
    now = read_final_state(ground.call, ground.dbmate.url, ground.files)
    return lost_error(*_balance(ground, todo, now))


def cut_off(
    ground: AttendedRun, todo: Sequence[ParsedMigration], error: UnreachableError
) -> UnreachableError:
    wait = min(_COMES_BACK_SECONDS, ground.call.environment.values.connect_timeout)
    now = read_final_state(ground.call, ground.dbmate.url, ground.files, wait=wait)
    message, hint = _balance(ground, todo, now)
    return UnreachableError(f"{error.message}: {message}", kind=error.kind, hint=hint)


def stopped(ground: AttendedRun, todo: Sequence[ParsedMigration], signal: BaseException) -> InterruptedRun:
    now = read_final_state(ground.call, ground.dbmate.url, ground.files)
    message, hint = _balance(ground, todo, now)
    if now is not None:
        with suppress(WrapError):
            # The ledger's session may have been amid an answer; the next run adopts what is not written now.
            ground.write_down(todo)
    return stopped_error(signal, message, hint)


def _balance(ground: AttendedRun, todo: Sequence[ParsedMigration], now: History | None) -> tuple[str, str]:
    """What of `todo` is applied, recorded in the outcome too, and what to do about the rest."""
    if now is None:
        return (
            "what was applied is not known",
            "find out with `dbmate-wrap status`, then run `dbmate-wrap up` again",
        )
    ground.call.outcome.applied = ground.ours(now)
    left = [migration for migration in todo if migration.file.version not in now.applied]
    message = f"{count(len(todo) - len(left), 'migration')} applied, {len(left)} not"
    if not left:
        return message, "nothing is pending any more"
    name = left[0].file.name
    hint = "see the state with `dbmate-wrap status`, then run `dbmate-wrap up` again"
    if not left[0].transactional:
        hint = f"{name} is not one transaction: see what it left behind before you run it again"
    return f"{message}, beginning with {name}", hint
