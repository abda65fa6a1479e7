"""The commands about one new or sealed file as people type them: amend, renumber."""

from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Base, Common

_NotAppliedIn = Annotated[
    list[str] | None,
    typer.Option(
        "--not-applied-in",
        metavar="NAME",
        help="An environment that cannot be asked from here, and has not applied it (may be repeated).",
        autocompletion=completion_values.environments,
    ),
]


def add(app: typer.Typer) -> None:
    """Add the commands to the program."""
    command(app, "amend")(amend)
    command(app, "renumber")(renumber)


def amend(
    common: Common,
    file: Annotated[
        str,
        typer.Argument(
            help="The edited migration: its name, path or version.",
            autocompletion=completion_values.migrations,
        ),
    ],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="The reason, for the lockfile.")],
    not_applied_in: _NotAppliedIn = None,
) -> None:
    """Mend a sealed migration that failed and that no protected environment has applied."""
    from dbmate_wrap.commands.amend import amend

    named = tuple(not_applied_in or ())
    run_verb("amend", common, lambda context, outcome: amend(context, outcome, file, because, named))


def renumber(
    common: Common,
    file: Annotated[
        str,
        typer.Argument(
            help="The new migration: its name, path or version.", autocompletion=completion_values.migrations
        ),
    ],
    base: Base = None,
) -> None:
    """Give a new migration that lost its number to another branch the next free one."""
    from dbmate_wrap.commands.renumber import renumber

    run_verb("renumber", common, lambda context, outcome: renumber(context, outcome, file, base=base))
