"""Which module of this package has each command: it is loaded where its command is typed."""

from collections.abc import Mapping
from importlib import import_module

import typer

# In the order of `--help`; each module has `add`.
MODULES: Mapping[str, str] = {
    "init": "init_command",
    "up": "up_command",
    "plan": "plan_command",
    "status": "status_command",
    "wait": "wait_command",
    **dict.fromkeys(("new", "check", "seal"), "file_commands"),
    **dict.fromkeys(("amend", "renumber"), "amend_command"),
    **dict.fromkeys(
        ("redo", "rollback", "history", "stamp", "dump", "psql", "doctor", "envs", "exec"),
        "environment_commands",
    ),
    "diagram": "diagram_command",
    **dict.fromkeys(("snapshot", "baseline", "drift"), "adoption_app"),
    **dict.fromkeys(("explain", "help"), "explain_app"),
    "db": "db_app",
    "fleet": "fleet_app",
}


def add_command(app: typer.Typer, name: str) -> None:
    """Add the command or group of that name, with the others of its module."""
    _add(MODULES[name], app)


def add_all_commands(app: typer.Typer) -> None:
    """Add all of them."""
    for module in dict.fromkeys(MODULES.values()):
        _add(module, app)


def _add(module: str, app: typer.Typer) -> None:
    import_module(f"dbmate_wrap.cli.{module}").add(app)
