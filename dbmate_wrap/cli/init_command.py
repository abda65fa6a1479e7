"""The command `init` as people type it."""

from dataclasses import replace
from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Common, Format

Source = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="ENV",
        help="Go on to `snapshot`: the database of ENV becomes 001.",
        autocompletion=completion_values.environments,
    ),
]


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    command(app, "init")(init)


def init(
    common: Common,
    source: Source = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be written, and to which files.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without being asked.")] = False,
) -> None:
    """Set up a repository: folder, settings, .env.example, Makefile, CI, pre-commit; overwrites nothing."""
    if source is not None and common.format is Format.JSON:
        raise typer.BadParameter("JSON is one document: type init, then snapshot", param_hint="--from")
    from dbmate_wrap.commands.init import init

    try:
        run_verb("init", common, lambda context, outcome: init(context, outcome, dry_run=dry_run, yes=yes))
    except typer.Exit as ended:
        if ended.exit_code or source is None or dry_run:
            raise
    from dbmate_wrap.commands.snapshot import snapshot

    # With the settings as they are now.
    common = replace(common, environment=source)
    run_verb("snapshot", common, lambda context, outcome: snapshot(context, outcome, excluded=()))
