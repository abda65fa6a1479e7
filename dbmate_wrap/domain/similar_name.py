"""The known name that a misspelled or shortened one is meant for."""

from collections.abc import Iterable
from difflib import get_close_matches

# Shorter ones begin too many names.
_SHORTEST = 3


def similar_name(name: str, known: Iterable[str]) -> str | None:
    """Return the nearest known name, or the only one that `name` shortens or prolongs; None without one."""
    by_folded = {each.lower(): each for each in known}
    folded = name.lower()
    if close := get_close_matches(folded, list(by_folded), n=1):
        return by_folded[close[0]]
    if len(folded) < _SHORTEST:
        return None
    for is_like in (_is_beginning, _is_abbreviation):
        found = [each for each in by_folded if len(each) >= _SHORTEST and is_like(folded, each)]
        if len(found) == 1:
            return by_folded[found[0]]
    return None


def _is_beginning(name: str, known: str) -> bool:
    """``prod`` for production, ``development`` for dev."""
    return known.startswith(name) or name.startswith(known)


def _is_abbreviation(name: str, known: str) -> bool:
    """``prd`` for production, ``stg`` for staging: its letters in their order, from the first one on."""
    letters = iter(known)
    return known[0] == name[0] and all(letter in letters for letter in name)
