"""The command `status` as people type it."""

from functools import partial

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import AllEnvironments, Common, ExitWhenPending, Full


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "status", takes_target=True)(status)


def status(
    common: Common, exit_code: ExitWhenPending = False, all: AllEnvironments = False, full: Full = False
) -> None:
    """Show every migration with its state."""
    if all and common.about is not None:
        message = "all environments have no target in common; `dbmate-wrap fleet status` shows a fleet"
        raise typer.BadParameter(message, param_hint="--all, --target")
    if all:
        from dbmate_wrap.commands.status_all import status_all

        verb = partial(status_all, exit_code=exit_code)
    else:
        from dbmate_wrap.commands.status import status

        verb = partial(status, exit_code=exit_code, full=full)
    run_verb("status", common, verb)
