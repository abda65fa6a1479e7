"""The results of the `fleet` commands; the field names are keys of the public JSON."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from dbmate_wrap.domain.drift import SchemaDifference

TargetState: TypeAlias = Literal["up to date", "pending", "applied", "same", "failed", "not begun"]


@dataclass(frozen=True)
class FleetTargetRow:
    """One database of a fleet, as one shard found or left it.

    `version` is the newest one applied there, None where none is or nobody could ask; `pending` is how many
    migrations are pending now. `labels` are texts like ``region=eu``, `shard` is one like ``2/8``. `state` is
    ``same`` where `fleet drift` found no difference.
    """

    fleet: str
    name: str
    labels: tuple[str, ...]
    shard: str | None
    digest: str
    state: TargetState
    version: str | None
    pending: int


@dataclass(frozen=True)
class FleetTargetResult:
    """The document of one database of a fleet."""

    fleet_target: FleetTargetRow


@dataclass(frozen=True)
class FleetDriftResult:
    """The document of one database of a fleet whose schema was compared."""

    fleet_target: FleetTargetRow
    differences: tuple[SchemaDifference, ...]


@dataclass(frozen=True)
class StateCount:
    """How many databases ended in a state."""

    state: TargetState
    targets: int


@dataclass(frozen=True)
class VersionCount:
    """How many databases have this version as their newest; None: nothing is applied, or nobody knows."""

    version: str | None
    file: str | None
    targets: int


@dataclass(frozen=True)
class FailureGroup:
    """Targets that failed alike; `message` and `hint` are of the first, `command` is for it alone."""

    code: int
    name: str
    migration: str | None
    sqlstate: str | None
    message: str
    hint: str | None
    targets: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class FleetSummary:
    """What became of the databases of a run.

    `size` and `digest` are of the whole inventory. `inventory` has the names that `where` selects, of all
    shards: so that a report can name those that no shard reported, which are `unreported`. `stopped` says
    what stopped the run before its end, None where nothing did. `not_begun` are names.
    """

    name: str
    digest: str
    size: int
    shard: str | None
    where: tuple[str, ...]
    inventory: tuple[str, ...]
    states: tuple[StateCount, ...]
    versions: tuple[VersionCount, ...]
    failures: tuple[FailureGroup, ...]
    not_begun: tuple[str, ...] = ()
    unreported: tuple[str, ...] = ()
    stopped: str | None = None


@dataclass(frozen=True)
class FleetResult:
    """`fleet up`, `fleet status`, `fleet drift`, `fleet report`: the last document of a run."""

    fleet: FleetSummary


@dataclass(frozen=True)
class ListedTarget:
    """One line of `fleet list`; `host` and `port` are None where the environment's URL has them."""

    name: str
    database: str
    host: str | None
    port: int | None
    labels: tuple[str, ...]
    shard: str | None


@dataclass(frozen=True)
class ListedFleet:
    """An inventory: `size` and `digest` are of the whole, `targets` those that were asked for."""

    name: str
    environment: str
    digest: str
    size: int
    targets: tuple[ListedTarget, ...]


@dataclass(frozen=True)
class FleetListResult:
    """`fleet list`: the targets of a fleet."""

    inventory: ListedFleet


FleetAnswer: TypeAlias = FleetTargetResult | FleetDriftResult | FleetResult | FleetListResult
