"""The command `init` as people type it."""

from typing import Annotated

import typer

from dbmate_wrap.cli.command import run_verb
from dbmate_wrap.cli.options import Common


def init(
    common: Common,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be written, and to which files.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without being asked.")] = False,
) -> None:
    """Set up a repository: folder, settings, .env.example, Makefile, CI, pre-commit; overwrites nothing."""
    from dbmate_wrap.commands.init import init

    run_verb("init", common, lambda context, outcome: init(context, outcome, dry_run=dry_run, yes=yes))
