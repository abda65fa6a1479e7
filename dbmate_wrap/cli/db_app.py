"""The commands `dbmate-wrap db ...` as people type them; each imports its verb when it runs."""

from typing import Annotated

import typer

from dbmate_wrap.cli.command import command, group_options, run_verb
from dbmate_wrap.cli.help import GroupWithExamples
from dbmate_wrap.cli.options import Arguments, Common, Format, Yes

db = typer.Typer(
    name="db",
    cls=GroupWithExamples,
    help="The embedded development database.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
group_options(db)


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(db)


@command(db, "start")
def start(common: Common) -> None:
    """Start the embedded server."""
    from dbmate_wrap.commands import db as database

    run_verb("db start", common, database.start)


@command(db, "stop")
def stop(common: Common) -> None:
    """Stop the embedded server."""
    from dbmate_wrap.commands import db as database

    run_verb("db stop", common, database.stop)


@command(db, "url")
def url(
    common: Common,
    tcp: Annotated[
        bool, typer.Option("--tcp", help="For clients that know no sockets: 127.0.0.1, with a password.")
    ] = False,
) -> None:
    """Print the URL of the embedded database."""
    from dbmate_wrap.commands import db as database

    if tcp and common.format not in (Format.TEXT, Format.JSON):
        message = "it prints a password, which belongs in no report: use --format text or json"
        raise typer.BadParameter(message, param_hint="--tcp")
    run_verb("db url", common, lambda context, outcome: database.url(context, outcome, tcp=tcp))


@command(db, "psql", passes_arguments_on=True)
def psql(common: Common, arguments: Arguments = None) -> None:
    """Open psql on the embedded database."""
    from dbmate_wrap.commands import db as database

    run_verb("db psql", common, lambda context, outcome: database.psql(context, outcome, arguments or []))


@command(db, "reset")
def reset(common: Common, yes: Yes = False) -> None:
    """Destroy the environment's embedded database."""
    from dbmate_wrap.commands import db as database

    run_verb("db reset", common, lambda context, outcome: database.reset(context, outcome, yes=yes))
