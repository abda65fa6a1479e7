"""The commands `dbmate-wrap fleet ...` as people type them; each imports its verb when it runs."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dbmate_wrap.cli.command import command, group_options, run_verb
from dbmate_wrap.cli.fleet_options import FleetName, ShardOption, Where, selection_of
from dbmate_wrap.cli.help import GroupWithExamples
from dbmate_wrap.cli.options import Common, ReportFiles

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
