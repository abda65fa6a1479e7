"""The part of the program that what is typed is about."""

from collections.abc import Sequence

import typer

from dbmate_wrap.cli.base_app import new_app
from dbmate_wrap.cli.command_modules import MODULES, add_command


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """Return the program with the one command or group that the line begins with, or all of it.

    All would be loaded, and Typer makes every parameter of every command before it looks at the line: 20 ms
    of a `status` of 250. `help` shows any of them.
    """
    named = next(iter(arguments), "")
    if named == "help" or named not in MODULES:
        from dbmate_wrap.cli.app import app as whole

        return whole
    app = new_app()
    add_command(app, named)
    app.registered_commands = [each for each in app.registered_commands if each.name == named]
    return app
