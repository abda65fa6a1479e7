"""Which targets of an inventory a run is about, and one target by its name."""

from dbmate_wrap.domain.fleet import FleetTarget, Inventory, TargetSelection
from dbmate_wrap.errors import ConfigError, Fault, UsageError
from dbmate_wrap.fleet.target_rows import is_target_name
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.names import nearest

_FEW = 10


def select(inventory: Inventory, selection: TargetSelection) -> tuple[FleetTarget, ...]:
    """Return the targets that are meant, in their order; a shard may have none.

    Raises UsageError where no target of the whole inventory has the labels: a typing error is no success.
    """
    if not selection.matching(inventory.targets):
        raise _no_match(inventory, selection)
    return selection.find(inventory.targets)


def find_target(inventory: Inventory, name: str) -> FleetTarget:
    """Return the target of that name. Raises ConfigError, which suggests the nearest name."""
    for target in inventory.targets:
        if target.name == name:
            return target
    raise _unknown(inventory, name)


def _unknown(inventory: Inventory, name: str) -> ConfigError:
    # Text that is not a name is not shown: it may be a URL in the wrong place.
    shown = f"{name} is" if is_target_name(name) else "this is"
    near = nearest(name, (each.name for each in inventory.targets))
    hint = near or f"`dbmate-wrap fleet list {inventory.fleet}` lists them"
    return config_error(Fault(f"{shown} not a target of the fleet {inventory.fleet}", "--target", hint))


def _no_match(inventory: Inventory, selection: TargetSelection) -> UsageError:
    for label, value in selection.where.items():
        if selection.__class__({label: value}).matching(inventory.targets):
            continue
        values = {each.labels[label] for each in inventory.targets if label in each.labels}
        names = {each for target in inventory.targets for each in target.labels}
        near = nearest(value, values) if values else nearest(label, names)
        known = ", ".join(sorted(values or names)[:_FEW]) or "none"
        what = f"values of {label}" if values else "labels"
        message = f"no target of {inventory.fleet} has {label}={value}"
        return UsageError(message, hint=near or f"{what}: {known}")
    where = " and ".join(f"{label}={value}" for label, value in selection.where.items())
    return UsageError(
        f"no target of {inventory.fleet} has {where}",
        hint="each of these labels has targets, but none has all",
    )
