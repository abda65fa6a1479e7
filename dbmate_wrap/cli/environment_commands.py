"""The commands about environments and their databases; each imports its verb when it runs."""

from typing import Annotated

import typer

from dbmate_wrap.cli.command import command, run_verb
from dbmate_wrap.cli.options import Arguments, Common, Last, Output, Show, Unknown, Write, Yes


def add(app: typer.Typer) -> None:
    """Add the commands to the program."""
    command(app, "redo")(redo)
    command(app, "rollback", takes_target=True)(rollback)
    command(app, "history", takes_target=True)(history)
    command(app, "stamp", takes_target=True)(stamp)
    command(app, "dump", takes_target=True)(dump)
    command(app, "psql", passes_arguments_on=True, takes_target=True)(psql)
    command(app, "doctor", takes_target=True)(doctor)
    command(app, "envs")(envs)
    command(app, "exec", passes_arguments_on=True, takes_target=True)(exec_)


def redo(common: Common) -> None:
    """Undo what was edited by the text that ran, apply the new text, and seal it again if need be."""
    from dbmate_wrap.commands.redo import redo

    run_verb("redo", common, redo)


def rollback(
    common: Common,
    unknown: Unknown = False,
) -> None:
    """Undo the last migration (refused where protected)."""
    from dbmate_wrap.commands.rollback import rollback

    run_verb("rollback", common, lambda context, outcome: rollback(context, outcome, unknown=unknown))


def history(common: Common, show: Show = None, last: Last = None) -> None:
    """Show the ledger: what was applied when, by whom, from which commit."""
    from dbmate_wrap.commands.history import history

    run_verb("history", common, lambda context, outcome: history(context, outcome, show=show, last=last))


def stamp(common: Common, yes: Yes = False) -> None:
    """(Re)write the stamp: the environment's name in its database."""
    from dbmate_wrap.commands.stamp import stamp

    run_verb("stamp", common, lambda context, outcome: stamp(context, outcome, yes=yes))


def dump(
    common: Common,
    output: Output = None,
) -> None:
    """Write the schema file."""
    from dbmate_wrap.commands.dump import dump

    run_verb("dump", common, lambda context, outcome: dump(context, outcome, output=output))


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


def doctor(common: Common) -> None:
    """Show every setting with its source, and what is wrong."""
    from dbmate_wrap.commands.doctor import doctor

    run_verb("doctor", common, doctor)


def envs(common: Common) -> None:
    """List the environments."""
    from dbmate_wrap.commands.envs import envs

    run_verb("envs", common, envs)


def exec_(
    common: Common,
    arguments: Annotated[list[str], typer.Argument(metavar="-- ARGS...", help="The arguments for dbmate.")],
    yes: Yes = False,
) -> None:
    """Run the pinned dbmate with the environment resolved; what may write passes the guards of `up`."""
    from dbmate_wrap.commands.exec_ import exec_

    run_verb("exec", common, lambda context, outcome: exec_(context, outcome, arguments, yes=yes))
