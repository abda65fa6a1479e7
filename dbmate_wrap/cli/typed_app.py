"""The part of the command line that what is typed is about."""

from collections.abc import Sequence
from copy import copy

import typer

from dbmate_wrap.cli.app import app


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return `app` with the one command or group that the line begins with, or all of it.

    Typer makes every parameter of every command before it looks at the line: 15 ms of a `status` of 250.
    `help` shows any of them.
    """
    named = next(iter(arguments), "")
    commands = [each for each in app.registered_commands if each.name == named != "help"]
    groups = [
        each
        for each in app.registered_groups
        if each.typer_instance and each.typer_instance.info.name == named
    ]
    if not commands and not groups:
        return app
    narrowed = copy(app)
    narrowed.registered_commands, narrowed.registered_groups = commands, groups
    return narrowed
