"""The command `plan`."""

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import (
    Common,
    NoLive,
    NoMeasure,
    Phase,
    RunProbes,
    ShowSql,
    To,
    Wait,
    bounds_of,
    seconds_of,
)


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "plan", takes_target=True)(plan)


def plan(  # noqa: PLR0913 - one parameter for each option of the command
    common: Common,
    to: To = None,
    phase: Phase = None,
    wait: Wait = None,
    sql: ShowSql = False,
    no_live: NoLive = False,
    no_shadow: NoMeasure = False,
    probe: RunProbes = False,
) -> None:
    """Show what `up` would do and what it locks, and change nothing."""
    from dbmate_wrap.commands.plan import PlanOptions, plan

    if no_live and wait is not None:
        message = "no server is asked that could be waited for"
        raise typer.BadParameter(message, param_hint="--wait, --no-live")
    if probe and (no_live or no_shadow):
        message = "needs a database to ask and a measure of what is pending"
        raise typer.BadParameter(message, param_hint="--probe")
    options = PlanOptions(bounds_of(to, phase), seconds_of(wait), sql, not no_shadow, not no_live, probe)
    run_verb("plan", common, lambda context, outcome: plan(context, outcome, options))
