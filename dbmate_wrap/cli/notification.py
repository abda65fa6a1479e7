"""Tells the notify_command of a run that wrote; whatever comes of that, the run has ended as it has."""

from datetime import UTC, datetime

from dbmate_wrap import process
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import WrapError
from dbmate_wrap.redact import MASK
from dbmate_wrap.workspace.context import Context


def notify(context: Context, outcome: Outcome, terminal: Terminal) -> None:
    """Give the JSON document of a run to the notify_command of its environment, where it has one.

    It has 30 seconds. What fails is a warning; what the command prints is for `--verbose`.
    """
    command = context.environment.values.notify_command
    if command is None or not outcome.wrote:
        return
    try:
        with process.terminations_as_exceptions():
            problem = _run(context, command, outcome, terminal)
    except WrapError as error:
        problem = f"was not run: {error.message}" + (f" ({error.hint})" if error.hint else "")
    except (KeyboardInterrupt, process.Terminated):
        problem = "was stopped by a signal"
    except Exception as error:  # noqa: BLE001 - a bug here must not change how the run has ended
        problem = f"was not run: {type(error).__name__}: {error}"
    if problem is not None:
        terminal.say(f"warning: the notify_command of {context.environment.name} {problem}")


def _run(context: Context, command: str, outcome: Outcome, terminal: Terminal) -> str | None:
    """Return how it failed; None where it did not."""
    from dbmate_wrap.render import json, mask
    from dbmate_wrap.settings.notify_command import describe_failure, run_notify_command

    context.environment.refuse_of_branch("notify_command")
    known = context.secrets.mask
    document = json.render_line(mask.mask_outcome(outcome, known), datetime.now(UTC))
    done = run_notify_command(context.environment, command, document, lambda text: known(text) == MASK)
    for line in (*done.stdout.splitlines(), *done.stderr.splitlines()):
        terminal.detail(line)
    return describe_failure(done)
