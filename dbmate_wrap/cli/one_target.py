"""Makes a run one about one target of a fleet."""

from dataclasses import replace

from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.fleet_reference import FleetReference
from dbmate_wrap.fleet.inventory import load_inventory
from dbmate_wrap.fleet.selection import find_target
from dbmate_wrap.workspace.context import Context


def at_target(context: Context, about: FleetReference) -> tuple[Context, TargetOfFleet]:
    """Return the context of the target that is meant, and how the commands of hints name it.

    Raises ConfigError where there is no such fleet or target.
    """
    assert about.target is not None, "only the commands of fleets name none"
    name = context.environment.name
    fleet = context.project.fleet(about.fleet, name)
    target = find_target(load_inventory(context, fleet), about.target)
    named = TargetOfFleet(name, target.name, None if context.project.has_one_fleet(name) else fleet.name)
    return replace(context, environment=context.environment.at(target)), named
