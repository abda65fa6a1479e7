"""The commands as people type them; each imports its verb when it runs."""

import os
from functools import partial
from inspect import Parameter
from typing import Annotated

import typer

from dbmate_wrap.cli.adoption_app import add_adoption
from dbmate_wrap.cli.amend_command import amend, renumber
from dbmate_wrap.cli.command import command, group_options, run_verb
from dbmate_wrap.cli.completion_install import COMPLETION_OPTIONS
from dbmate_wrap.cli.db_app import db
from dbmate_wrap.cli.diagram_command import diagram
from dbmate_wrap.cli.explain_app import add_explain_and_help
from dbmate_wrap.cli.fleet_app import fleet
from dbmate_wrap.cli.help import MainGroup
from dbmate_wrap.cli.init_command import init
from dbmate_wrap.cli.options import (
    AllEnvironments,
    AllFiles,
    Arguments,
    Base,
    Common,
    ExitWhenPending,
    Full,
    Gitlab,
    Junit,
    Last,
    NewName,
    NoShadow,
    Output,
    ReportFiles,
    Sarif,
    Show,
    Unknown,
    Write,
    Yes,
)
from dbmate_wrap.cli.plan_command import plan
from dbmate_wrap.cli.up_command import up
from dbmate_wrap.cli.wait_command import wait

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
group_options(
    app, Parameter("version", Parameter.KEYWORD_ONLY, default=False, annotation=_Version), *COMPLETION_OPTIONS
)
GROUPS = (db, fleet)
for _group in GROUPS:
    app.add_typer(_group)
command(app, "init")(init)


command(app, "up", takes_target=True)(up)
command(app, "plan", takes_target=True)(plan)


@command(app, "status", takes_target=True)
def status(
    common: Common, exit_code: ExitWhenPending = False, all: AllEnvironments = False, full: Full = False
) -> None:
    """Show every migration with its state."""
    if all and common.about is not None:
        message = "all environments have no target in common; `dbmate-wrap fleet status` shows a fleet"
        raise typer.BadParameter(message, param_hint="--all, --target")
    if all:
        from dbmate_wrap.commands.status_all import status_all

        verb = partial(status_all, exit_code=exit_code)
    else:
        from dbmate_wrap.commands.status import status

        verb = partial(status, exit_code=exit_code, full=full)
    run_verb("status", common, verb)


command(app, "wait", takes_target=True)(wait)


@command(app, "new")
def new(common: Common, name: NewName) -> None:
    """Create the next migration file."""
    from dbmate_wrap.commands.new import new

    run_verb("new", common, lambda context, outcome: new(context, outcome, name))


@command(app, "check")
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


@command(app, "seal")
def seal(common: Common) -> None:
    """Append new migrations to the lockfile."""
    from dbmate_wrap.commands.seal import seal

    run_verb("seal", common, seal)


command(app, "amend")(amend)
command(app, "renumber")(renumber)


@command(app, "redo")
def redo(common: Common) -> None:
    """Undo what was edited by the text that ran, apply the new text, and seal it again if need be."""
    from dbmate_wrap.commands.redo import redo

    run_verb("redo", common, redo)


@command(app, "rollback", takes_target=True)
def rollback(
    common: Common,
    unknown: Unknown = False,
) -> None:
    """Undo the last migration (refused where protected)."""
    from dbmate_wrap.commands.rollback import rollback

    run_verb("rollback", common, lambda context, outcome: rollback(context, outcome, unknown=unknown))


@command(app, "history", takes_target=True)
def history(common: Common, show: Show = None, last: Last = None) -> None:
    """Show the ledger: what was applied when, by whom, from which commit."""
    from dbmate_wrap.commands.history import history

    run_verb("history", common, lambda context, outcome: history(context, outcome, show=show, last=last))


@command(app, "stamp", takes_target=True)
def stamp(common: Common, yes: Yes = False) -> None:
    """(Re)write the stamp: the environment's name in its database."""
    from dbmate_wrap.commands.stamp import stamp

    run_verb("stamp", common, lambda context, outcome: stamp(context, outcome, yes=yes))


@command(app, "dump", takes_target=True)
def dump(
    common: Common,
    output: Output = None,
) -> None:
    """Write the schema file."""
    from dbmate_wrap.commands.dump import dump

    run_verb("dump", common, lambda context, outcome: dump(context, outcome, output=output))


@command(app, "psql", passes_arguments_on=True, takes_target=True)
def psql(
    common: Common,
    arguments: Arguments = None,
    write: Write = False,
    yes: Yes = False,
) -> None:
    """Open psql on any environment, read only unless --write."""
    from dbmate_wrap.commands.psql import psql

    words = arguments or []
    run_verb("psql", common, lambda context, outcome: psql(context, outcome, words, write=write, yes=yes))


@command(app, "doctor", takes_target=True)
def doctor(common: Common) -> None:
    """Show every setting with its source, and what is wrong."""
    from dbmate_wrap.commands.doctor import doctor

    run_verb("doctor", common, doctor)


@command(app, "envs")
def envs(common: Common) -> None:
    """List the environments."""
    from dbmate_wrap.commands.envs import envs

    run_verb("envs", common, envs)


@command(app, "exec", passes_arguments_on=True, takes_target=True)
def exec_(
    common: Common,
    arguments: Annotated[list[str], typer.Argument(metavar="-- ARGS...", help="The arguments for dbmate.")],
    yes: Yes = False,
) -> None:
    """Run the pinned dbmate with the environment resolved; what may write passes the guards of `up`."""
    from dbmate_wrap.commands.exec_ import exec_

    run_verb("exec", common, lambda context, outcome: exec_(context, outcome, arguments, yes=yes))


command(app, "diagram")(diagram)
add_adoption(app)
add_explain_and_help(app)
