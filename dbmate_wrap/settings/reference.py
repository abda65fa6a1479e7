"""The settings as rows of text: for the docs from the model, for doctor from one environment."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from dbmate_wrap.settings import durations
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.settings.model import BOOLEANS, BUILT_IN, NAMES, PATHS, Values

_DURATIONS = {
    "lock_timeout": "duration",
    "connect_timeout": "duration",
    "statement_timeout": "duration or `none`",
    "advisory_lock_wait": "duration or `0`",
}


@dataclass(frozen=True)
class Row:
    """One setting for the docs; `type` and `default` are Markdown."""

    name: str
    type: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Shown:
    """One setting of an environment for doctor."""

    name: str
    value: str
    source: str


def rows() -> tuple[Row, ...]:
    """Every setting, in the model's order."""
    return tuple(
        Row(name, _type(name, field), _default(name, field), field.description or "")
        for name, field in Values.model_fields.items()
    )


def table() -> str:
    """The rows as a Markdown table, which docs/settings.md carries between its markers."""
    lines = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    lines += [f"| `{row.name}` | {row.type} | {row.default} | {row.meaning} |" for row in rows()]
    return "\n".join(lines)


def shown(environment: Environment) -> tuple[Shown, ...]:
    """Every setting of the environment with its source; a secret as ***."""
    return tuple(
        Shown(
            name,
            _written(name, getattr(environment.values, name), environment.root),
            str(environment.sources[name]),
        )
        for name in NAMES
    )


def _type(name: str, field: FieldInfo) -> str:
    if name in _DURATIONS:
        return _DURATIONS[name]
    if name in BOOLEANS:
        return "boolean"
    if name in PATHS:
        return "path"
    choices = [each for each in get_args(field.annotation) if isinstance(each, str)]
    if choices:
        return " or ".join(f"`{each}`" for each in choices)
    return "number" if field.annotation is int else "text"


def _default(name: str, field: FieldInfo) -> str:
    text = f"`{_written(name, field.default, Path())}`" if field.default is not None else "none"
    if name == "require_tls":
        return "as `protected`"
    special = [each for each, implied in BUILT_IN.items() if name in implied]
    return f"{text}; `true` for {' and '.join(special)}" if special else text


def _written(name: str, value: object, root: Path) -> str:
    if name in _DURATIONS and (value is None or isinstance(value, float)):
        return durations.text(value)
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case Path() if value.is_relative_to(root):
            return str(value.relative_to(root))
        case _:
            return str(value)  # SecretStr writes itself as stars.
