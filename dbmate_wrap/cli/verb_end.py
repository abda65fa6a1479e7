"""Turns the end of a verb, whatever it is, into its outcome."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dbmate_wrap import process
from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode, InterruptedRun, TerminatedRun, WrapError
from dbmate_wrap.redact import Secrets

_HINT = "see the state with `dbmate-wrap status`"


class NamesEnvironment(Protocol):
    """What knows how the commands of a hint name the environment; None where they need not."""

    environment: str | TargetOfFleet | None


def end_verb(
    verb: Callable[[], None],
    outcome: Outcome,
    console: NamesEnvironment,
    project: Path | None,
    secrets: Secrets,
) -> None:
    """Run a verb, and put its exit code and its error into `outcome`, whatever it ends with.

    `project` is the folder for the report of a bug.
    """
    try:
        verb()
    except WrapError as error:
        outcome.fail(error, console.environment)
    except KeyboardInterrupt:
        outcome.fail(InterruptedRun("interrupted", hint=_HINT), console.environment)
    except process.Terminated:
        outcome.fail(TerminatedRun("terminated", hint=_HINT), console.environment)
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug must not end in a traceback
        from dbmate_wrap.cli.crash_report import report_bug

        outcome.exit = ExitCode.INTERNAL
        outcome.error = report_bug(error, outcome, project, secrets.mask)
