"""What a measurement says: a row of samples, its goal, and whether the goal was met."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.markdown import table

Unit = Literal["ms", "x", "MiB", ""]
# Digits after the point.
_DIGITS: dict[Unit, int] = {"ms": 0, "x": 2, "MiB": 0, "": 0}


@dataclass(frozen=True)
class Row:
    """One figure: the samples it is the median of, in `unit`, and the most it may be (None: no goal).

    `beside` names what a ratio or a difference was made of.
    """

    name: str
    samples: Sequence[float]
    unit: Unit
    limit: float | None = None
    beside: str = ""

    @property
    def verdict(self) -> str:
        """Met or missed, by the figure as it was measured, not as it is rounded."""
        if self.limit is None:
            return ""
        return "met" if statistics.median(self.samples) <= self.limit else "**missed**"


def shown(value: float, unit: Unit) -> str:
    """One figure for people."""
    number = f"{value:,.{_DIGITS[unit]}f}"
    return number + {"ms": " ms", "x": "x", "MiB": " MiB", "": ""}[unit]


def goals_table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    header = ("measured", "median", "min to max", "goal", "", "from")
    return table(header, [_cells(row) for row in rows])


def missed(rows: Sequence[Row]) -> list[Row]:
    """The rows whose goal was not met."""
    return [row for row in rows if row.verdict not in ("", "met")]


def _cells(row: Row) -> tuple[str, ...]:
    middle = shown(statistics.median(row.samples), row.unit)
    goal = "" if row.limit is None else f"at most {_goal(row.limit, row.unit)}"
    return row.name, middle, spread(row.samples, row.unit), goal, row.verdict, row.beside


def spread(samples: Sequence[float], unit: Unit) -> str:
    """The lowest and the highest; where there was one run only, that is said (of times)."""
    if len(samples) == 1:
        return "one run" if unit in ("ms", "x") else ""
    return f"{shown(min(samples), unit)} to {shown(max(samples), unit)}"


def _goal(limit: float, unit: Unit) -> str:
    return f"{limit:g}x" if unit == "x" else shown(limit, unit)


def seconds(value: float) -> str:
    """A time in seconds for people, with two or three digits that count."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:,.0f} s"


def seconds_with_spread(samples: Sequence[float]) -> str:
    """Median, lowest and highest in seconds; where there was one run only, that is said."""
    middle = seconds(statistics.median(samples))
    if len(samples) == 1:
        return f"{middle} (one run)"
    return f"{middle} ({seconds(min(samples))} to {seconds(max(samples))})"
