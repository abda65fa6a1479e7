"""The commands `dbmate-wrap fleet ...` as people type them; each imports its verb when it runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dbmate_wrap.cli.command import command, group_options, run_verb
from dbmate_wrap.cli.fleet_options import (
    FleetName,
    Jobs,
    MaxFailures,
    PerServer,
    ShardOption,
    TargetDeadline,
    Wave,
    Where,
    deadline_of,
    failure_limit_of,
    selection_of,
)
from dbmate_wrap.cli.fleet_report_command import fleet_report
from dbmate_wrap.cli.help import GroupWithExamples
from dbmate_wrap.cli.options import (
    Common,
    ExitWhenPending,
    Junit,
    Phase,
    ReportFiles,
    To,
    Yes,
    bounds_of,
)

if TYPE_CHECKING:
    from dbmate_wrap.domain.outcome import Outcome
    from dbmate_wrap.settings.fleets import FleetSettings
    from dbmate_wrap.workspace.context import Context

    FleetVerb = Callable[[Context, Outcome, FleetSettings], None]

fleet = typer.Typer(
    name="fleet",
    cls=GroupWithExamples,
    help="One history over many databases.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
group_options(fleet)


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(fleet)


def run_fleet_verb(
    command_name: str, common: Common, name: str | None, verb: "FleetVerb", reports: ReportFiles | None = None
) -> NoReturn:
    """Run a verb about the fleet of that name, or the only one, in its environment; exit as `run_verb`."""
    from dbmate_wrap.domain.fleet_reference import FleetReference

    def run(context: "Context", outcome: "Outcome") -> None:
        verb(context, outcome, context.project.fleet(name, common.environment))

    run_verb(command_name, replace(common, about=FleetReference(name)), run, reports)


@command(fleet, "list")
def list_(
    common: Common,
    name: FleetName = None,
    where: Where = None,
    shard: ShardOption = None,
    shards: Annotated[
        int | None,
        typer.Option("--shards", metavar="N", min=1, max=999999, help="Show each target's part of N parts."),
    ] = None,
) -> None:
    """List the targets of a fleet; connects to none of them."""
    from dbmate_wrap.commands.fleet_list import fleet_list

    selection = selection_of(where, shard)
    if selection.shard is not None and shards not in (None, selection.shard.count):
        message = f"--shard is one of {selection.shard.count} parts: leave one of the two out"
        raise typer.BadParameter(message, param_hint="--shards")
    run_fleet_verb(
        "fleet list",
        common,
        name,
        lambda context, outcome, found: fleet_list(context, outcome, found, selection, shards=shards),
    )


@command(fleet, "status")
def status(  # noqa: PLR0913 - one parameter for each option of the command
    common: Common,
    name: FleetName = None,
    where: Where = None,
    shard: ShardOption = None,
    jobs: Jobs = None,
    per_server: PerServer = None,
    exit_code: ExitWhenPending = False,
    junit: Junit = None,
) -> None:
    """Show which version each database of a fleet has, and what is wrong with any."""
    from dbmate_wrap.cli.fleet_documents import documents_of
    from dbmate_wrap.commands.fleet_status import fleet_status
    from dbmate_wrap.fleet.opening import FleetChoice

    choice = FleetChoice(selection_of(where, shard), jobs, per_server)
    run_fleet_verb(
        "fleet status",
        common,
        name,
        lambda context, outcome, found: fleet_status(
            context, outcome, found, choice, documents_of(outcome, context, common), exit_code=exit_code
        ),
        ReportFiles(junit=junit),
    )


@command(fleet, "up")
def up(  # noqa: PLR0913 - one parameter for each option of the command
    common: Common,
    name: FleetName = None,
    where: Where = None,
    shard: ShardOption = None,
    wave: Wave = None,
    jobs: Jobs = None,
    per_server: PerServer = None,
    max_failures: MaxFailures = None,
    target_deadline: TargetDeadline = None,
    to: To = None,
    phase: Phase = None,
    yes: Yes = False,
    junit: Junit = None,
) -> None:
    """Apply every pending migration to every database of a fleet, canaries first."""
    from dbmate_wrap.cli.fleet_documents import documents_of
    from dbmate_wrap.cli.fleet_worker import Fork
    from dbmate_wrap.commands.fleet_up import FleetUp, fleet_up
    from dbmate_wrap.commands.up import up_target
    from dbmate_wrap.fleet.opening import FleetChoice

    choice = FleetChoice(selection_of(where, shard, wave), jobs, per_server)
    limit, deadline = failure_limit_of(max_failures), deadline_of(target_deadline)
    request = FleetUp(choice, bounds_of(to, phase), limit, deadline, yes)
    fork = Fork(up_target, verbose=common.verbose)
    run_fleet_verb(
        "fleet up",
        common,
        name,
        lambda context, outcome, found: fleet_up(
            context, outcome, found, request, documents_of(outcome, context, common), fork
        ),
        ReportFiles(junit=junit),
    )


@command(fleet, "drift")
def drift(  # noqa: PLR0913 - one parameter for each option of the command
    common: Common,
    name: FleetName = None,
    where: Where = None,
    shard: ShardOption = None,
    jobs: Jobs = None,
    per_server: PerServer = None,
    junit: Junit = None,
) -> None:
    """Compare the schema of every database of a fleet with what its migrations make."""
    from dbmate_wrap.cli.fleet_documents import documents_of
    from dbmate_wrap.cli.fleet_worker import Fork
    from dbmate_wrap.commands.drift import drift_target
    from dbmate_wrap.commands.fleet_drift import fleet_drift
    from dbmate_wrap.fleet.opening import FleetChoice

    choice = FleetChoice(selection_of(where, shard), jobs, per_server)
    fork = Fork(drift_target, verbose=common.verbose)
    run_fleet_verb(
        "fleet drift",
        common,
        name,
        lambda context, outcome, found: fleet_drift(
            context, outcome, found, choice, documents_of(outcome, context, common), fork
        ),
        ReportFiles(junit=junit),
    )


command(fleet, "report")(fleet_report)
