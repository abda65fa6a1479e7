"""The commands about the files of the project as people type them; each imports its verb when it runs."""

import os

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import (
    AllFiles,
    Base,
    Common,
    Gitlab,
    Junit,
    NewName,
    NoShadow,
    ReportFiles,
    Sarif,
)


def add(app: typer.Typer) -> None:
    """Add the commands to the program."""
    command(app, "new")(new)
    command(app, "check")(check)
    command(app, "seal")(seal)


def new(common: Common, name: NewName) -> None:
    """Create the next migration file."""
    from dbmate_wrap.commands.new import new

    run_verb("new", common, lambda context, outcome: new(context, outcome, name))


def check(  # noqa: PLR0913 - one parameter for each option of the command
    common: Common,
    base: Base = None,
    all: AllFiles = False,
    no_shadow: NoShadow = False,
    sarif: Sarif = None,
    junit: Junit = None,
    gitlab: Gitlab = None,
) -> None:
    """Check a pull request: files, lockfile, SQL, and a replay on a throw-away database."""
    from dbmate_wrap.commands.check import check

    reports = ReportFiles(sarif, junit, gitlab)
    named = [os.path.realpath(path) for path in (sarif, junit, gitlab) if path is not None]
    if len(set(named)) < len(named):
        raise typer.BadParameter("two reports cannot be one file", param_hint="--sarif, --junit, --gitlab")
    run_verb(
        "check",
        common,
        lambda context, outcome: check(context, outcome, base=base, all_files=all, shadow=not no_shadow),
        reports,
    )


def seal(common: Common) -> None:
    """Append new migrations to the lockfile."""
    from dbmate_wrap.commands.seal import seal

    run_verb("seal", common, seal)
