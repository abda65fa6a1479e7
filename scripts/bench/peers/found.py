"""What was found out about the peers, as values that a file can keep."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Condition = Literal["plain", "flush", "network"]
# Pending migrations, and those applied where status, and up with nothing pending, are measured.
COUNTS = (1, 100, 1000)
APPLIED = 100
CONDITIONS: tuple[Condition, ...] = ("plain", "flush", "network")


@dataclass(frozen=True)
class Tool:
    """A tool and what it does; `missing` says why it was not measured (None: it was)."""

    name: str
    version: str = ""
    how: str = ""
    transactions: str = ""
    locks: str = ""
    checks: str = ""
    missing: str | None = None


@dataclass(frozen=True)
class Cell:
    """The runs of one command of one tool, in seconds; `failed` says what went wrong instead."""

    tool: str
    measure: str
    condition: Condition
    seconds: Sequence[float]
    failed: str | None = None


@dataclass(frozen=True)
class AtOnce:
    """Several runs at the same time on one new database, again and again.

    For each time: how many ended well, how long it took until the last had ended, and whether afterwards
    every table was there and the history had each migration once.
    """

    tool: str
    runs: int
    migrations: int
    well: Sequence[int]
    seconds: Sequence[float]
    whole: Sequence[bool]


@dataclass(frozen=True)
class Peers:
    """All of it; `flush_ms` and `trip_ms` are the time of a commit and of `select 1`, plain and delayed."""

    tools: Sequence[Tool]
    cells: Sequence[Cell]
    at_once: Sequence[AtOnce]
    flush_ms: tuple[float, ...]
    trip_ms: tuple[float, ...]

    def cell(self, tool: str, measure: str, condition: Condition) -> Cell | None:
        """The runs of one command, if they were made."""
        wanted = (tool, measure, condition)
        return next(
            (each for each in self.cells if (each.tool, each.measure, each.condition) == wanted), None
        )
