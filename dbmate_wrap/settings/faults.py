"""Faults of the settings: the place that a value came from, and one error for all faults."""

from dbmate_wrap.errors import ConfigError, Fault


def variable_source(name: str) -> str:
    """Return a variable of the process environment as a source in words."""
    return f"{name} in the process environment"


def config_error(*faults: Fault) -> ConfigError:
    """Return one error for at least one fault: a single fault is its message, several are counted."""
    different = tuple(dict.fromkeys(faults))
    if len(different) == 1:
        (only,) = different
        return ConfigError(f"{only.source}: {only.message}", hint=only.hint, faults=different)
    return ConfigError(f"{len(different)} settings are wrong", hint="fix each of them", faults=different)
