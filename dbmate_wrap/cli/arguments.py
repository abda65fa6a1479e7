"""Reads the arguments before they are parsed: the format that they ask for, and passwords to mask."""

import re
from collections.abc import Sequence

from dbmate_wrap.cli.options import Format
from dbmate_wrap.redact import Secrets

# Up to the first and up to the last @: a password may hold one, and so may what follows it.
_IN_URL = (re.compile(r"//[^/:@]*:(.+?)@", re.DOTALL), re.compile(r"//[^/:@]*:(.+)@", re.DOTALL))
_AFTER_NAME = re.compile(r"pass(?:word|wd)?=(?:'([^']+)|([^'&\s][^&\s]*))", re.IGNORECASE)


def requested_format(arguments: Sequence[str]) -> Format:
    """The last valid `--format` before `--`; text without one."""
    ours = arguments[: arguments.index("--")] if "--" in arguments else arguments
    chosen = Format.TEXT
    for number, argument in enumerate(ours, 1):
        name, equals, value = argument.partition("=")
        if name == "--format":
            chosen = _format(value if equals else "".join(ours[number : number + 1])) or chosen
    return chosen


def learn_passwords(secrets: Secrets, arguments: Sequence[str]) -> None:
    """Mask the passwords of URLs and connection strings from now on: no argument of ours should be one."""
    for argument in arguments:
        for pattern in _IN_URL:
            for found in pattern.finditer(argument):
                secrets.learn(found[1])
        for found in _AFTER_NAME.finditer(argument):
            secrets.learn(found[1] or found[2])


def _format(value: str) -> Format | None:
    try:
        return Format(value)
    except ValueError:
        return None
