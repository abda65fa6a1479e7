"""Turns faults into the one error that reports them all."""

from collections.abc import Iterable

from dbmate_wrap.errors import ConfigError, Fault


def failure(faults: Iterable[Fault]) -> ConfigError:
    """An error for at least one fault: a single one is the message, several are counted there."""
    different = tuple(dict.fromkeys(faults))
    if len(different) == 1:
        (only,) = different
        return ConfigError(f"{only.source}: {only.message}", hint=only.hint, faults=different)
    return ConfigError(f"{len(different)} settings are wrong", hint="mend each of them", faults=different)
