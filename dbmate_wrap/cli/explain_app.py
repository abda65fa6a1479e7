"""The commands that explain the others: `explain` and `help`."""

from typing import Annotated

import typer

from dbmate_wrap.cli import completion_values
from dbmate_wrap.cli.command import command, run_without_project
from dbmate_wrap.cli.help import CommandWithExamples
from dbmate_wrap.cli.options import Common, PageName


def add(app: typer.Typer) -> None:
    """Add both commands to the program."""

    @command(app, "explain")
    def explain(common: Common, name: PageName = None) -> None:
        """Print the page of a rule, an exit code or a state."""
        from dbmate_wrap.commands.explain import explain

        run_without_project("explain", common, lambda outcome: explain(outcome, name))

    @app.command("help", cls=CommandWithExamples)
    def show_help(
        words: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="[COMMAND]", help="The command.", autocompletion=completion_values.commands
            ),
        ] = None,
    ) -> None:
        """Show the help of a command."""
        app([*(words or []), "--help"], prog_name="dbmate-wrap", standalone_mode=False)
