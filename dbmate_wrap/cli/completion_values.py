"""What a shell completes an option or an argument with: names of the project, its files, and of pages.

Every name here is plain: none has a character that means something to a shell. Nothing is connected to and no
command of the settings is run. Imports are inside: every command imports the options, which name these.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from typer._click import Command, Context

    from dbmate_wrap.settings.outline import Outline

Values = list[tuple[str, str]]

# Instead of a description: the shell itself completes names of files or folders.
FILES = "\0files"
FOLDERS = "\0folders"
# A name is a file of a branch that somebody else may have made.
_PLAIN = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_.@+-]*")


def files(incomplete: str) -> Values:
    """Let the shell complete the name of a file."""
    return [(incomplete, FILES)]


def folders(incomplete: str) -> Values:
    """Let the shell complete the name of a folder."""
    return [(incomplete, FOLDERS)]


def environments(ctx: typer.Context, incomplete: str) -> Values:
    """Return the environments, and after ``fleet:`` the targets of fleets that a file lists."""
    from dbmate_wrap.domain.fleet_reference import PREFIX

    outline = _outline(ctx)
    if not incomplete.startswith(PREFIX):
        return [*((name, "environment") for name in outline.environments), *_references(outline)]
    fleet = incomplete.removeprefix(PREFIX).partition("/")[0]
    if "/" not in incomplete:
        return _references(outline)
    return [(f"{PREFIX}{fleet}/{name}", "target") for name in _listed(outline, fleet)]


def versions(ctx: typer.Context) -> Values:
    """Return the versions of the migration files."""
    from dbmate_wrap.domain.migration import version_of

    return [(version, name) for name in _migrations(ctx) if (version := version_of(name))]


def migrations(ctx: typer.Context, incomplete: str) -> Values:
    """Return the names of the migration files; a path is completed by the shell."""
    return files(incomplete) if "/" in incomplete else [(name, "migration") for name in _migrations(ctx)]


def shells() -> Values:
    """Return the shells that have a script."""
    return [("bash", "shell"), ("zsh", "shell"), ("fish", "shell")]


def phases() -> Values:
    """Return the one phase that `--phase` takes."""
    return [("before", "what does not wait for the rollout")]


def waves() -> Values:
    """Return the one wave that `--wave` takes."""
    return [("canary", "the databases that go before the rest")]


def fleets(ctx: typer.Context) -> Values:
    """Return the names of the fleets."""
    outline = _outline(ctx)
    return [(name, f"fleet of {_environment_of(outline, name)}") for name in outline.fleets]


def targets(ctx: typer.Context) -> Values:
    """Return the targets of the fleets of the environment that a file lists."""
    outline, environment = _outline(ctx), _given(ctx, "env")
    wanted = [name for name in outline.fleets if environment in (None, _environment_of(outline, name))]
    return [(target, f"target of {name}") for name in wanted for target in _listed(outline, name)]


def pages() -> Values:
    """Return the names that `explain` knows."""
    from dbmate_wrap.errors import ExitCode
    from dbmate_wrap.pages.guides import GUIDES
    from dbmate_wrap.pages.states import state_pages
    from dbmate_wrap.policy.registry import RULES

    return [
        *((name, "rule") for name in (*RULES, "squawk")),
        *((str(int(code)), f"exit code: {code.label}") for code in ExitCode),
        *((code.label, f"exit code: {int(code)}") for code in ExitCode),
        *((page.name, "state of a migration") for page in state_pages()),
        *((name, "guide") for name in ("rules", "states", *GUIDES)),
    ]


def commands(ctx: typer.Context) -> Values:
    """Return the commands, for `help`; after the name of a group its own."""
    found: Mapping[str, Command] = getattr(ctx.find_root().command, "commands", {})
    for word in ctx.params.get("words") or ():
        found = getattr(found.get(word), "commands", {})
    return [(name, each.get_short_help_str()) for name, each in found.items() if not each.hidden]


def _outline(ctx: typer.Context) -> "Outline":
    from dbmate_wrap.settings.outline import read_outline

    project = _given(ctx, "project")
    return read_outline(Path(project).expanduser() if project is not None else None)


def _given(ctx: typer.Context, option: str) -> str | None:
    """Return what a common option has, after the command or before it."""
    at: Context | None = ctx
    while at is not None:
        if (value := at.params.get(option)) is not None:
            return str(value)
        at = at.parent
    return None


def _migrations(ctx: typer.Context) -> list[str]:
    """Return the plain names of the migration files in the order of their versions."""
    import os

    from dbmate_wrap.domain.migration import version_of

    environment = _given(ctx, "env")
    with os.scandir(_outline(ctx).migrations_dir(environment)) as found:
        plain = [entry.name for entry in found if _PLAIN.fullmatch(entry.name)]
    named = [(int(version), name) for name in plain if (version := version_of(name))]
    return [name for _, name in sorted(named)]


def _references(outline: "Outline") -> Values:
    """Return the beginning of a target's name for each fleet that has one in a file."""
    from dbmate_wrap.domain.fleet_reference import PREFIX

    listed = [name for name in outline.fleets if any(_files_of(outline, name))]
    return [(f"{PREFIX}{name}/", "a target of the fleet") for name in listed]


def _listed(outline: "Outline", fleet: str) -> list[str]:
    from dbmate_wrap.fleet.target_files import listed_names

    return [name for path in _files_of(outline, fleet) for name in listed_names(path)]


def _files_of(outline: "Outline", fleet: str) -> Iterator[Path]:
    """Yield the file that lists the targets, where it is a file and no command or query."""
    path = outline.fleets.get(fleet, {}).get("targets")
    if isinstance(path, str) and "\0" not in path:
        yield outline.root / path


def _environment_of(outline: "Outline", fleet: str) -> str:
    """Return the environment of a fleet, as settings/fleets.py has it."""
    named = outline.fleets[fleet].get("environment")
    return named if isinstance(named, str) else "production"
