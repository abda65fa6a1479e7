"""How each target of a fleet ended, and what the run was about: what the summary of a run is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.fleet import Inventory, TargetSelection
from dbmate_wrap.domain.fleet_result import FleetTargetRow
from dbmate_wrap.errors import ErrorReport, ExitCode

FleetVerb: TypeAlias = Literal["up", "status", "drift"]

# Characters of a message or a hint that are kept of each target: ten thousand of them are held at once.
_LONGEST = 2_000
# A target that ended with one of these has not failed.
_NO_FAILURES = frozenset({ExitCode.OK, ExitCode.PENDING})


@dataclass(frozen=True)
class TargetEnd:
    """One target when it has ended: all that is kept of its document."""

    row: FleetTargetRow
    exit: ExitCode
    error: ErrorReport | None
    duration_ms: int = 0

    @property
    def was_begun(self) -> bool:
        """False for a target whose history was read at most, and then the run was stopped."""
        return self.row.state != "not begun"

    @property
    def has_failed(self) -> bool:
        """True where something is wrong with the target, a difference of the schema too."""
        return self.was_begun and self.exit not in _NO_FAILURES


def target_end(
    row: FleetTargetRow, exit: ExitCode, error: ErrorReport | None, duration_ms: int = 0
) -> TargetEnd:
    """Return the end of a target with no more of its error than a summary tells: long texts are cut."""
    if error is not None:
        hint = _cut(error.hint) if error.hint else None
        error = ErrorReport(_cut(error.message), hint, error.sqlstate, error.migration, error.line)
    return TargetEnd(row, exit, error, duration_ms)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


@dataclass(frozen=True)
class FleetScope:
    """What a run over a fleet is about; `names` are the targets that `where` selects, of all shards.

    `digest` and `size` are of the whole inventory; `shard` and `where` are texts, ``2/8`` and ``region=eu``.
    `is_only_one`: no other fleet is of the same environment.
    """

    verb: FleetVerb
    fleet: str
    environment: str
    digest: str
    size: int
    names: Sequence[str]
    where: tuple[str, ...] = ()
    shard: str | None = None
    is_only_one: bool = True

    def place_of(self, target: str) -> TargetOfFleet:
        """Return how a command names one target."""
        return TargetOfFleet(self.environment, target, None if self.is_only_one else self.fleet)

    @classmethod
    def of(
        cls, verb: FleetVerb, inventory: Inventory, selection: TargetSelection, *, is_only_one: bool = True
    ) -> Self:
        """Return the scope of a run of `verb` over what is selected of an inventory."""
        return cls(
            verb,
            inventory.fleet,
            inventory.environment,
            inventory.digest,
            len(inventory.targets),
            tuple(each.name for each in selection.matching(inventory.targets)),
            tuple(f"{name}={value}" for name, value in sorted(selection.where.items())),
            str(selection.shard) if selection.shard is not None else None,
            is_only_one,
        )
