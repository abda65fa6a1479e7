"""The commands as people type them; each imports its verb when it runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from dbmate_wrap.cli.options import (
    Common,
    Env,
    Format,
    OutputFormat,
    ProjectDir,
    Quiet,
    To,
    Verbose,
    Wait,
    Yes,
)

if TYPE_CHECKING:
    from dbmate_wrap.commands.call import Call

app = typer.Typer(
    name="dbmate-wrap",
    help="SQL-first PostgreSQL migrations, run by a pinned dbmate.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
db = typer.Typer(help="The embedded development database.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(db, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        from dbmate_wrap import __version__
        from dbmate_wrap.dbmate import pins

        typer.echo(f"dbmate-wrap {__version__} (dbmate {pins.load().version})")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the versions and exit.")
    ] = False,
) -> None:
    """SQL-first PostgreSQL migrations, run by a pinned dbmate."""


@app.command()
def up(
    env: Env = None,
    to: To = None,
    wait: Wait = None,
    yes: Yes = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done (the same as plan).")
    ] = False,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Apply every pending migration."""
    if dry_run:
        plan(env, to, wait, format, quiet, verbose, project)
    from dbmate_wrap.commands.up import Wish, up

    wish = Wish(to, _seconds(wait), yes)
    run("up", Common(env, format, quiet, verbose, project), lambda call: up(call, wish))


@app.command()
def plan(
    env: Env = None,
    to: To = None,
    wait: Wait = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Say what `up` would do, and do nothing."""
    from dbmate_wrap.commands.plan import plan
    from dbmate_wrap.commands.up import Wish

    wish = Wish(to, _seconds(wait))
    run("plan", Common(env, format, quiet, verbose, project), lambda call: plan(call, wish))


@app.command()
def status(
    env: Env = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 32 when anything is pending.")
    ] = False,
    all: Annotated[bool, typer.Option("--all", help="Every environment beside each other.")] = False,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Show every migration with its state."""
    common = Common(env, format, quiet, verbose, project)
    if all:
        from dbmate_wrap.commands.status_all import status_all

        run("status", common, lambda call: status_all(call, exit_code=exit_code))
    from dbmate_wrap.commands.status import status

    run("status", common, lambda call: status(call, exit_code=exit_code))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What changes, in a few words: add_orders.")],
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Create the next migration file."""
    from dbmate_wrap.commands.new import new

    run("new", Common(env, format, quiet, verbose, project), lambda call: new(call, name))


@app.command()
def check(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Judge migration files and lockfile without a database."""
    from dbmate_wrap.commands.check import check

    run("check", Common(env, format, quiet, verbose, project), check)


@app.command()
def seal(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Append new migrations to the lockfile."""
    from dbmate_wrap.commands.seal import seal

    run("seal", Common(env, format, quiet, verbose, project), seal)


@app.command()
def rollback(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Undo the last migration (refused where protected)."""
    from dbmate_wrap.commands.rollback import rollback

    run("rollback", Common(env, format, quiet, verbose, project), rollback)


@app.command()
def history(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Show the ledger: what was applied when, by whom, from which commit."""
    from dbmate_wrap.commands.ledger import history

    run("history", Common(env, format, quiet, verbose, project), history)


@app.command()
def stamp(
    env: Env = None,
    yes: Yes = False,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """(Re)write the environment's name that is kept in the database."""
    from dbmate_wrap.commands.stamp import stamp

    run("stamp", Common(env, format, quiet, verbose, project), lambda call: stamp(call, yes=yes))


@app.command()
def dump(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Write the schema file."""
    from dbmate_wrap.commands.dump import dump

    run("dump", Common(env, format, quiet, verbose, project), dump)


@app.command()
def doctor(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Show every setting with its source, and what is wrong."""
    from dbmate_wrap.commands.doctor import doctor

    run("doctor", Common(env, format, quiet, verbose, project), doctor)


@app.command()
def envs(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """List the environments."""
    from dbmate_wrap.commands.envs import envs

    run("envs", Common(env, format, quiet, verbose, project), envs)


@app.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def exec_(
    arguments: Annotated[list[str], typer.Argument(metavar="-- ARGS...", help="The arguments for dbmate.")],
    env: Env = None,
    yes: Yes = False,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Run the pinned dbmate with the environment resolved."""
    from dbmate_wrap.commands.exec_ import exec_

    run("exec", Common(env, format, quiet, verbose, project), lambda call: exec_(call, arguments, yes=yes))


@db.command("start")
def db_start(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Start the embedded server."""
    from dbmate_wrap.commands import database

    run("db start", Common(env, format, quiet, verbose, project), database.start)


@db.command("stop")
def db_stop(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Stop the embedded server."""
    from dbmate_wrap.commands import database

    run("db stop", Common(env, format, quiet, verbose, project), database.stop)


@db.command("url")
def db_url(
    env: Env = None,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Print the URL of the embedded database."""
    from dbmate_wrap.commands import database

    run("db url", Common(env, format, quiet, verbose, project), database.url)


@db.command("psql", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def db_psql(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="-- ARGS...", help="The arguments for psql.")
    ] = None,
    env: Env = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Open psql on the embedded database."""
    from dbmate_wrap.commands import database

    run(
        "db psql",
        Common(env, Format.TEXT, quiet, verbose, project),
        lambda call: database.psql(call, arguments or []),
    )


@db.command("reset")
def db_reset(
    env: Env = None,
    yes: Yes = False,
    format: OutputFormat = Format.TEXT,
    quiet: Quiet = False,
    verbose: Verbose = False,
    project: ProjectDir = None,
) -> None:
    """Destroy the environment's embedded database."""
    from dbmate_wrap.commands import database

    run("db reset", Common(env, format, quiet, verbose, project), lambda call: database.reset(call, yes=yes))


def run(command: str, common: Common, verb: "Callable[[Call], None]") -> None:
    """Run one verb; imported here, so that `--version` and `--help` need none of it."""
    from dbmate_wrap.cli import boundary

    boundary.run(command, common, verb)


def _seconds(duration: str | None) -> float | None:
    if duration is None:
        return None
    from dbmate_wrap.settings.durations import seconds

    try:
        return seconds(duration)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--wait") from None
