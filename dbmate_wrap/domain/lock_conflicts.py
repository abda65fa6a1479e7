"""Which modes of locks on one relation exclude each other."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from dbmate_wrap.domain.statement_trace import LockMode

_WEAKEST_FIRST = tuple(LockMode)

# https://www.postgresql.org/docs/18/explicit-locking.html#TABLE-LOCK-COMPATIBILITY
_CONFLICTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        LockMode.ACCESS_SHARE: frozenset(_WEAKEST_FIRST[7:]),
        LockMode.ROW_SHARE: frozenset(_WEAKEST_FIRST[6:]),
        LockMode.ROW_EXCLUSIVE: frozenset(_WEAKEST_FIRST[4:]),
        LockMode.SHARE_UPDATE_EXCLUSIVE: frozenset(_WEAKEST_FIRST[3:]),
        LockMode.SHARE: frozenset((*_WEAKEST_FIRST[2:4], *_WEAKEST_FIRST[5:])),
        LockMode.SHARE_ROW_EXCLUSIVE: frozenset(_WEAKEST_FIRST[2:]),
        LockMode.EXCLUSIVE: frozenset(_WEAKEST_FIRST[1:]),
        LockMode.ACCESS_EXCLUSIVE: frozenset(_WEAKEST_FIRST),
    }
)


def conflicting_modes(wanted: str) -> frozenset[str]:
    """Return the modes that a lock of the mode `wanted` has to wait for; all of them for an unknown mode."""
    return _CONFLICTS.get(wanted, frozenset(_WEAKEST_FIRST))


def strongest_first(modes: Collection[str]) -> list[str]:
    """Return the modes in order; one that is unknown is the weakest."""
    places = {str(mode): place for place, mode in enumerate(LockMode, 1)}
    return sorted(modes, key=lambda mode: places.get(mode, 0), reverse=True)
