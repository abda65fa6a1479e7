"""Renders the public JSON document."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.document import document
from dbmate_wrap.render.visible import visible

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# A password of digits must not punch holes into these; none of them is text from outside.
_NO_TEXT = frozenset({"run_id", "started_at", "applied_at", "version", "checksum", "sqlstate", "applied"})
_LONE_SURROGATES = re.compile("[\ud800-\udfff]+")

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def render(outcome: Outcome, ended_at: datetime, mask: Callable[[str], str]) -> str:
    """One object on indented lines, every text masked.

    In ASCII, so that it is JSON on every stream and steers no terminal; undecodable bytes are shown as \\xff.
    """
    keys = _object(document(outcome, ended_at))
    keys |= {name: value for name, value in _object(outcome.extra).items() if value is not None}
    return json.dumps(_masked(keys, mask), indent=2) + "\n"


def _object(value: "DataclassInstance") -> dict[str, JsonValue]:
    # dataclasses.asdict deep-copies: three times slower on a thousand migrations.
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> JsonValue:
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    assert value is None or isinstance(value, (str, int, float, bool))
    return value


def _masked(value: JsonValue, mask: Callable[[str], str]) -> JsonValue:
    match value:
        case str():
            return mask(_LONE_SURROGATES.sub(lambda found: visible(found[0]), value))
        case Mapping():
            return {key: item if key in _NO_TEXT else _masked(item, mask) for key, item in value.items()}
        case Sequence():
            return [_masked(item, mask) for item in value]
        case _:
            return value
