"""Reads the arguments before they are parsed: the format that they ask for, and passwords to mask."""

import re
from collections.abc import Sequence
from contextlib import suppress

from dbmate_wrap.cli.options import Format
from dbmate_wrap.redact import Secrets

# Up to the first and up to the last @: a password may hold one, and so may what follows it.
_IN_URL = (re.compile(r"//[^/:@]*:(.+?)@", re.DOTALL), re.compile(r"//[^/:@]*:(.+)@", re.DOTALL))
_AFTER_NAME = re.compile(r"pass(?:word|wd)?=(?:'([^']+)|([^'&\s][^&\s]*))", re.IGNORECASE)


def requested_format(arguments: Sequence[str]) -> Format:
    """Return the last valid `--format` before `--`; text without one."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    chosen = Format.TEXT
    for number, argument in enumerate(ours, 1):
        name, equals, value = argument.partition("=")
        if name == "--format":
            with suppress(ValueError):
                chosen = Format(value if equals else "".join(ours[number : number + 1]))
    return chosen


def secrets_of(arguments: Sequence[str]) -> Secrets:
    """Return the passwords of URLs and connection strings, to be masked: no argument should be one."""
    secrets = Secrets()
    for argument in arguments:
        for pattern in _IN_URL:
            for found in pattern.finditer(argument):
                secrets.learn(found[1])
        for found in _AFTER_NAME.finditer(argument):
            secrets.learn(found[1] or found[2])
    return secrets
