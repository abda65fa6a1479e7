"""The settings of one environment in effect, as text with their sources."""

from pathlib import Path

from dbmate_wrap.domain.results import SettingRow
from dbmate_wrap.settings.durations import write_duration
from dbmate_wrap.settings.environment import Environment
from dbmate_wrap.settings.model import NAMES

# The settings that are durations, with their type for the docs.
DURATIONS = {
    "lock_timeout": "duration",
    "connect_timeout": "duration",
    "statement_timeout": "duration or `none`",
    "advisory_lock_wait": "duration or `0`",
}


def effective_settings(environment: Environment) -> tuple[SettingRow, ...]:
    """Return every setting of the environment with its source; a secret as ***."""
    values, root = environment.values, environment.root
    return tuple(
        SettingRow(name, format_value(name, getattr(values, name), root), str(environment.sources[name]))
        for name in NAMES
    )


def format_value(name: str, value: object, root: Path) -> str:
    """Return the value of the setting `name` as text; paths below `root` are relative to it."""
    if name in DURATIONS and (value is None or isinstance(value, float)):
        return write_duration(value)
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case Path() if value.is_relative_to(root):
            return str(value.relative_to(root))
        case _:
            return str(value)  # SecretStr becomes stars.
