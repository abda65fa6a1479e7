"""The table of settings in docs/settings.md, made from the model."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from dbmate_wrap.settings.fleets import DEFAULT_ENVIRONMENT, KEYS
from dbmate_wrap.settings.model import BOOLEANS, DURATIONS, PATHS, Values, format_value
from dbmate_wrap.settings.names import BUILT_IN

_FLEET_DEFAULTS = {"environment": f"`{DEFAULT_ENVIRONMENT}`", "jobs": "`8`", "per_server": "`8`"}


@dataclass(frozen=True)
class SettingDoc:
    """One setting; `type` and `default` are Markdown."""

    name: str
    type: str
    default: str
    meaning: str


def setting_docs() -> tuple[SettingDoc, ...]:
    """Return every setting, in the order of the model."""
    return tuple(
        SettingDoc(name, _type(name, field), _default(name, field), field.description or "")
        for name, field in Values.model_fields.items()
    )


def settings_table() -> str:
    """Return the rows as a Markdown table."""
    lines = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.type} | {row.default} | {row.meaning} |" for row in setting_docs()]
    return "\n".join(lines)


def fleets_table() -> str:
    """Return the keys of a fleet as a Markdown table."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {_FLEET_DEFAULTS.get(key, 'none')} | {text} |" for key, text in KEYS.items()]
    return "\n".join(lines)


def _type(name: str, field: FieldInfo) -> str:
    if name in DURATIONS:
        return DURATIONS[name]
    if name in BOOLEANS:
        return "boolean"
    if name in PATHS:
        return "path"
    if get_origin(field.annotation) is tuple:
        return "list of tables"
    choices = [each for each in get_args(field.annotation) if isinstance(each, str)]
    if choices:
        return " or ".join(f"`{each}`" for each in choices)
    return "number" if field.annotation is int else "text"


def _default(name: str, field: FieldInfo) -> str:
    text = f"`{format_value(name, field.default, Path())}`" if field.default not in (None, ()) else "none"
    if name == "require_tls":
        return "as `protected`"
    special = [each for each, implied in BUILT_IN.items() if name in implied]
    return f"{text}; `true` for {' and '.join(special)}" if special else text
