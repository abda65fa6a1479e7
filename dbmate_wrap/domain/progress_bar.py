"""The bar at the beginning of a line that stands in place on a terminal."""

_WIDTH = 20


def bar(percent: int) -> str:
    """Return ``[#########...........] 45 %`` for 45; first in its line, where nothing cuts it off."""
    full = percent * _WIDTH // 100
    return f"[{'#' * full}{'.' * (_WIDTH - full)}] {percent} %"


def percent_of(done: int, total: int) -> int:
    """Return how many of a hundred are done, 0 to 100; of nothing all."""
    return min(max(done * 100 // total, 0), 100) if total else 100
