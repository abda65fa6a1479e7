"""Targets of a fleet as they end, and what a run over them is about."""

from collections.abc import Iterable

from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb, TargetEnd
from dbmate_wrap.domain.fleet_result import FleetTargetRow, TargetState
from dbmate_wrap.errors import ErrorReport, ExitCode

DIGEST = "5eed" * 16


def end_of(
    name: str,
    state: TargetState | None = None,
    version: str | None = "001",
    *,
    exit: ExitCode = ExitCode.OK,
    error: ErrorReport | None = None,
    labels: tuple[str, ...] = (),
) -> TargetEnd:
    """The end of a target; without a state it is the one that the code says."""
    state = state or ("up to date" if exit is ExitCode.OK else "failed")
    row = FleetTargetRow("tenants", name, labels, None, DIGEST, state, version, int(state == "pending"))
    return TargetEnd(row, exit, error)


def scope_of(
    verb: FleetVerb, *, names: Iterable[str] = (), environment: str = "production", shard: str | None = None
) -> FleetScope:
    """A run over all targets of the fleet `tenants`."""
    listed = tuple(names)
    return FleetScope(verb, "tenants", environment, DIGEST, len(listed), listed, (), shard)
