"""Masks every text of an outcome once, before it is escaped, cut or hashed."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from dbmate_wrap.domain.outcome import Outcome

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Fields without text from outside: a password of digits must not damage what scripts read.
UNMASKED_FIELDS = frozenset(
    {"command", "run_id", "schema", "severity", "rule", "status", "state", "states", "how"}
    | {"version", "checksum", "sqlstate", "applied", "applied_at", "recorded_at", "git_commit"}
    | {"digest", "shard"}
)


def mask_outcome(outcome: Outcome, mask: Callable[[str], str]) -> Outcome:
    """Return the outcome without secrets."""
    result = _mask(outcome, mask)
    assert isinstance(result, Outcome)
    return result


def _mask(value: object, mask: Callable[[str], str]) -> object:
    """Return the value itself if nothing in it changes: a thousand migrations are not copied for nothing."""
    # Numbers, times and paths are no text, and neither are the members of an enum of strings.
    match value:
        case str():
            return mask(value) if type(value) is str else value
        case list():
            return [_mask(item, mask) for item in value]
        case tuple():
            return tuple(_mask(item, mask) for item in value)
        case dict():
            return {_mask(key, mask): _mask(item, mask) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _mask_fields(value, mask)
        case _:
            return value


def _mask_fields(value: "DataclassInstance", mask: Callable[[str], str]) -> "DataclassInstance":
    before = {name: getattr(value, name) for name in _text_fields(type(value))}
    after = {name: _mask(text, mask) for name, text in before.items()}
    return replace(value, **after) if after != before else value


@cache
def _text_fields(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in UNMASKED_FIELDS)
