"""Which locks exclude each other."""

import pytest

from dbmate_wrap.domain.lock_conflicts import conflicting_modes, strongest_first
from dbmate_wrap.domain.statement_trace import LockMode

# https://www.postgresql.org/docs/18/explicit-locking.html#TABLE-LOCK-COMPATIBILITY, line by line.
TABLE = """
AccessShareLock          . . . . . . . X
RowShareLock             . . . . . . X X
RowExclusiveLock         . . . . X X X X
ShareUpdateExclusiveLock . . . X X X X X
ShareLock                . . X X . X X X
ShareRowExclusiveLock    . . X X X X X X
ExclusiveLock            . X X X X X X X
AccessExclusiveLock      X X X X X X X X
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_a_mode_conflicts_with_those_of_the_documented_table(line: str) -> None:
    wanted, *marks = line.split()
    expected = {mode for mode, mark in zip(LockMode, marks, strict=True) if mark == "X"}
    assert conflicting_modes(wanted) == expected


def test_a_mode_that_is_unknown_conflicts_with_all() -> None:
    assert conflicting_modes("SIReadLock") == set(LockMode)


def test_the_strongest_mode_is_the_first() -> None:
    modes = ["RowShareLock", "SIReadLock", "AccessExclusiveLock", "AccessShareLock"]
    assert strongest_first(modes) == ["AccessExclusiveLock", "RowShareLock", "AccessShareLock", "SIReadLock"]
