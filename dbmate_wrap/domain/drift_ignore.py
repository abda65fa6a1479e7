"""The setting drift_ignore: differences that are known, and are neither shown nor counted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The settings load this file for every command, and few commands compare schemas.
    from dbmate_wrap.domain.drift import SchemaDifference

_KEYS = ("kind", "name", "because")
_SHAPE = "must be a list of tables with kind, name and because"


@dataclass(frozen=True)
class IgnoredDifference:
    """`kind` is that of the JSON, `name` a pattern as in a shell, `because` the reason."""

    kind: str
    name: str
    because: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def matches(self, difference: "SchemaDifference") -> bool:
        """Return True for a difference that is meant."""
        return difference.kind == self.kind and fnmatchcase(difference.name, self.name)


def read_ignored(value: object) -> tuple[IgnoredDifference, ...]:
    """Return the entries of the setting, or of its JSON text. Raises ValueError with what is wrong."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError(f"{_SHAPE}, in JSON") from None
    if not isinstance(value, list | tuple):
        raise ValueError(_SHAPE)
    return tuple(map(_read_entry, value))


def _read_entry(entry: object) -> IgnoredDifference:
    if isinstance(entry, IgnoredDifference):
        return entry
    if not isinstance(entry, dict) or any(key not in _KEYS for key in entry):
        raise ValueError(_SHAPE)
    texts = [entry.get(key) for key in _KEYS]
    for key, text in zip(_KEYS, texts, strict=True):
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise ValueError(f"must say {key} in each entry, as text")
    return IgnoredDifference(*(str(text) for text in texts))


def without_ignored(
    differences: "Sequence[SchemaDifference]", ignored: Sequence[IgnoredDifference]
) -> "tuple[tuple[SchemaDifference, ...], tuple[IgnoredDifference, ...]]":
    """Return the differences that nothing in `ignored` means, and the entries that mean none of them."""
    kept = tuple(each for each in differences if not any(entry.matches(each) for entry in ignored))
    unused = tuple(entry for entry in ignored if not any(map(entry.matches, differences)))
    return kept, unused
