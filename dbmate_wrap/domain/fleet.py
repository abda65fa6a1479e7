"""A fleet: the databases that share one history, which of them a run is about, and the proof of that."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbmate_wrap.domain.database_url import DatabaseUrl

# The label by which some databases go before the rest, and its value for those.
WAVE, CANARY = "wave", "canary"


@dataclass(frozen=True)
class FleetTarget:
    """One database of a fleet: `host` and `port` are None where the environment's URL has them."""

    name: str
    database: str
    host: str | None = None
    port: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def label_texts(self) -> tuple[str, ...]:
        """The labels as people type them, ``region=eu``, in the order of their names."""
        return tuple(f"{name}={value}" for name, value in sorted(self.labels.items()))

    @property
    def is_canary(self) -> bool:
        """True for one that goes before the rest."""
        return self.labels.get(WAVE) == CANARY

    def url(self, base: "DatabaseUrl") -> "DatabaseUrl":
        """Return the URL of this target, `base` being the one of its environment."""
        host, port = self.host or base.host, self.port or base.port
        return replace(base, host=host, port=port, database=self.database)


@dataclass(frozen=True)
class Shard:
    """One part of `count` parts of a fleet; `index` counts from 1."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def has(self, name: str) -> bool:
        """Return True where the target of that name belongs to this shard."""
        return shard_index(name, self.count) == self.index


def shard_index(name: str, count: int) -> int:
    """Return the shard of a target, from 1 to `count`: sha256 of its name, modulo `count`."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()) % count + 1


@dataclass(frozen=True)
class Inventory:
    """All targets of a fleet, with unique names, in the order of their source."""

    fleet: str
    environment: str
    targets: tuple[FleetTarget, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of all targets in the order of their names: what two runs compare."""
        lines = [
            json.dumps([each.name, each.database, each.host, each.port, each.label_texts])
            for each in sorted(self.targets, key=lambda each: each.name)
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class TargetSelection:
    """Which targets of an inventory a run is about; `where` are labels that all must have."""

    where: Mapping[str, str] = field(default_factory=dict)
    shard: Shard | None = None

    def matching(self, targets: Sequence[FleetTarget]) -> tuple[FleetTarget, ...]:
        """Return the targets with the labels of `where`, of all shards, in their order."""
        wanted = self.where.items()
        return tuple(each for each in targets if all(each.labels.get(k) == v for k, v in wanted))

    def find(self, targets: Sequence[FleetTarget]) -> tuple[FleetTarget, ...]:
        """Return the targets that this run is about, in their order."""
        found = self.matching(targets)
        return found if self.shard is None else tuple(each for each in found if self.shard.has(each.name))
