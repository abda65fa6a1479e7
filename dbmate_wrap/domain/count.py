"""Counts things in words."""


def count(number: int, noun: str) -> str:
    """``1 migration``, ``2 migrations``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
