"""Lists the targets of a fleet."""

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.fleet import FleetTarget, Shard, TargetSelection, shard_index
from dbmate_wrap.domain.fleet_result import FleetListResult, ListedFleet, ListedTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.fleet.inventory import load_inventory
from dbmate_wrap.fleet.selection import select
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace.context import Context


def fleet_list(
    context: Context,
    outcome: Outcome,
    fleet: FleetSettings,
    selection: TargetSelection,
    *,
    shards: int | None,
) -> None:
    """List the targets that `selection` means, with the shard of each of `shards`; connects to none."""
    inventory = load_inventory(context, fleet)
    targets = select(inventory, selection)
    parts = shards or (selection.shard.count if selection.shard is not None else None)
    listed = tuple(_listed(each, parts) for each in targets)
    size = len(inventory.targets)
    outcome.result = FleetListResult(
        ListedFleet(inventory.fleet, inventory.environment, inventory.digest, size, listed)
    )
    shown = count(size, "target") if len(listed) == size else f"{len(listed)} of {count(size, 'target')}"
    outcome.summary = f"{inventory.fleet} of {inventory.environment}: {shown}, digest {inventory.digest}"


def _listed(target: FleetTarget, parts: int | None) -> ListedTarget:
    shard = str(Shard(shard_index(target.name, parts), parts)) if parts is not None else None
    return ListedTarget(target.name, target.database, target.host, target.port, target.label_texts, shard)
