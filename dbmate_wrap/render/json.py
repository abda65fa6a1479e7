"""Renders the public JSON document."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dbmate_wrap.domain.escape import visible
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.render.document import document

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_LONE_SURROGATES = re.compile("[\ud800-\udfff]+")

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]


def render(outcome: Outcome, ended_at: datetime) -> str:
    """One object on indented lines, of a masked outcome.

    In ASCII, so that it is JSON on every stream and steers no terminal; undecodable bytes are shown as \\xff.
    """
    keys = _object(document(outcome, ended_at))
    if outcome.result is not None:
        keys |= _object(outcome.result)
    return json.dumps(keys, indent=2) + "\n"


def _object(value: "DataclassInstance") -> dict[str, JsonValue]:
    # dataclasses.asdict deep-copies: three times slower on a thousand migrations.
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: object) -> JsonValue:
    if is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATES.sub(lambda found: visible(found[0]), value)
    assert value is None or isinstance(value, (int, float, bool))
    return value
