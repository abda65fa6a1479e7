"""Masks every text of an outcome once, so that what is made of it may be escaped, cut and hashed."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from dbmate_wrap.domain.outcome import Outcome

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# None of these is text from outside: a password of digits must not punch holes into what scripts read.
UNMASKED_FIELDS = frozenset(
    {"command", "run_id", "severity", "rule", "status", "state", "states", "how"}
    | {"version", "checksum", "sqlstate", "applied", "applied_at", "recorded_at"}
)


def mask_outcome(outcome: Outcome, mask: Callable[[str], str]) -> Outcome:
    """The outcome without secrets; of `sources` only the files that findings are about are kept."""
    named = {finding.file for finding in outcome.findings}
    # Files that nothing was found in stay known by their names.
    sources = {mask(file): mask(text) if file in named else "" for file, text in outcome.sources.items()}
    result = _masked(replace(outcome, sources={}), mask)
    assert isinstance(result, Outcome)
    return replace(result, sources=sources)


def _masked(value: object, mask: Callable[[str], str]) -> object:
    """The value itself where nothing in it changes: a thousand migrations are not copied for nothing."""
    # Numbers, times and paths are no text, and neither are the members of an enum of strings.
    match value:
        case str():
            return mask(value) if type(value) is str else value
        case list():
            return [_masked(item, mask) for item in value]
        case tuple():
            return tuple(_masked(item, mask) for item in value)
        case dict():
            return {_masked(key, mask): _masked(item, mask) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _masked_fields(value, mask)
        case _:
            return value


def _masked_fields(value: "DataclassInstance", mask: Callable[[str], str]) -> "DataclassInstance":
    changed: dict[str, object] = {}
    for name in _names_of_texts(type(value)):
        before = getattr(value, name)
        if before is None:
            continue
        # Most are texts: for those nothing else is asked.
        after = mask(before) if type(before) is str else _masked(before, mask)
        if after != before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@cache
def _names_of_texts(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in UNMASKED_FIELDS)
