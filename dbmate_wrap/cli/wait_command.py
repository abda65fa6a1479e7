"""The command `wait` as people type it."""

from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Common, seconds_of

_For = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="VERSION",
        help="Wait for this version; without it, for what `up --phase before` would apply of the files here.",
        autocompletion=completion_values.versions,
    ),
]
_Timeout = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="Give up after this time (32); 0 looks once.")
]
# The longest name of a file has no longer one.
_MOST_DIGITS = 250


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "wait", takes_target=True)(wait)


def wait(common: Common, version: _For = None, timeout: _Timeout = "10m") -> None:
    """Wait until the newest migration is applied, and change nothing: for init containers."""
    from dbmate_wrap.commands.wait import wait

    seconds, wanted = seconds_of(timeout, "--timeout") or 0.0, _version_of(version)
    run_verb("wait", common, lambda context, outcome: wait(context, outcome, wanted, timeout=seconds))


def _version_of(typed: str | None) -> str | None:
    """Return the version that is typed as such or as the name of a file. Raises BadParameter."""
    from dbmate_wrap.domain.migration import version_of

    if typed is None:
        return None
    version = version_of(typed) or typed
    if not (version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS):
        message = f"{typed!r} is no version: a version is the number that a file's name begins with, as 012"
        raise typer.BadParameter(message, param_hint="--for")
    return version
