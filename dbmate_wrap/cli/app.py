"""The whole program: for `--help`, completion, and what documents it."""

import typer

from dbmate_wrap.cli.base_app import new_app
from dbmate_wrap.cli.command_modules import add_all_commands

app = new_app()
add_all_commands(app)
GROUPS: tuple[typer.Typer, ...] = tuple(
    each.typer_instance for each in app.registered_groups if each.typer_instance is not None
)
