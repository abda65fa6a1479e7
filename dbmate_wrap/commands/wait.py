"""Waits until the migrations are applied, by somebody else; reads only, with the least rights."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode, InterruptedRun, TerminatedRun, UnreachableError
from dbmate_wrap.process import Terminated
from dbmate_wrap.workspace.awaited import read_awaited
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import describe_origin
from dbmate_wrap.workspace.history_look import HistoryWatch
from dbmate_wrap.workspace.waiting import Clock, HistoryWait

_CLOCK = Clock()


def wait(
    context: Context, outcome: Outcome, version: str | None, *, timeout: float, clock: Clock = _CLOCK
) -> None:
    """Wait at most `timeout` seconds for `version`, or for what `up --phase before` would apply; else 32."""
    environment = context.environment
    awaited = read_awaited(environment, version)  # 10, 12
    watch = HistoryWatch(context, awaited.known)
    waiting = HistoryWait(awaited, timeout, watch.look, context.console.say, clock)
    try:
        end = waiting.run()  # 10, 13, 21, 22
    except UnreachableError as error:
        raise error.but(message=f"{describe_origin(environment)}: {error.message}") from None
    except (KeyboardInterrupt, Terminated) as signal:
        if (seen := waiting.describe_stop()) is None:
            raise
        stopped = TerminatedRun if isinstance(signal, Terminated) else InterruptedRun
        raise stopped(seen, hint="nothing was changed: `dbmate-wrap status` shows the state") from None
    finally:
        outcome.target, outcome.migrations = waiting.target, waiting.rows
    if end is None:
        outcome.exit = ExitCode.PENDING
    outcome.summary = waiting.describe_timeout() if end is None else end
