"""The command `up` as people type it."""

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Common, DryRun, Phase, To, Wait, Yes, bounds_of, seconds_of
from dbmate_wrap.cli.plan_command import plan


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "up", takes_target=True)(up)


def up(
    common: Common,
    to: To = None,
    phase: Phase = None,
    wait: Wait = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Apply every pending migration."""
    if dry_run:
        plan(common, to, phase, wait)
        return  # Whatever `plan` does, a dry run migrates nothing.
    from dbmate_wrap.commands.up import up

    seconds, wanted = seconds_of(wait), bounds_of(to, phase)
    run_verb("up", common, lambda context, outcome: up(context, outcome, wanted, wait=seconds, yes=yes))
