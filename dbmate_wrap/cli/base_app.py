"""The program that commands are added to: its name, and the options before any command."""

from inspect import Parameter
from typing import Annotated

import typer

from dbmate_wrap.cli.command import group_options
from dbmate_wrap.cli.completion_install import COMPLETION_OPTIONS
from dbmate_wrap.cli.help import MainGroup


def new_app() -> typer.Typer:
    """Return the program without its commands."""
    app = typer.Typer(
        name="dbmate-wrap",
        cls=MainGroup,
        help="SQL-first PostgreSQL migrations, run by a pinned dbmate.",
        no_args_is_help=True,
        # Theirs splits the line again, and lets zsh evaluate the names of files: see cli/shells/.
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    version = Parameter("version", Parameter.KEYWORD_ONLY, default=False, annotation=_Version)
    group_options(app, version, *COMPLETION_OPTIONS)
    return app


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from dbmate_wrap import __version__
        from dbmate_wrap.dbmate import pins

        typer.echo(f"dbmate-wrap {__version__} (dbmate {pins.load_pins().version})")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the versions and exit."),
]
