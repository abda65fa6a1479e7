"""Counts things in words."""

from collections.abc import Sequence

_MOST_NAMES = 5


def count(number: int, noun: str) -> str:
    """``1 migration``, ``2 migrations``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def join_names(names: Sequence[str]) -> str:
    """``a, b``, or the first five: ``a, b, c, d, e and 2 more``."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
