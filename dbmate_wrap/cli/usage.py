"""Reports a command line that is wrong (exit code 2), in the format that it asks for."""

import re
from collections.abc import Sequence

import typer

from dbmate_wrap.cli.app import GROUPS, app
from dbmate_wrap.cli.arguments import requested_format, secrets_of
from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import begin_outcome, finish
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.errors import ExitCode, UsageError


def report_usage_error(error: typer.TyperException, arguments: Sequence[str]) -> ExitCode:
    """Write the error as a result of its own; passwords in the arguments are masked."""
    # The part of the command line that was recognized.
    parsed: typer.Context | None = getattr(error, "ctx", None)
    common = Common(format=requested_format(arguments))
    secrets = secrets_of(arguments)
    terminal = Terminal(secrets.mask)
    message = _message(error)
    # Typer shows the help instead of an error where a group was given no command.
    if parsed is not None and message == parsed.get_help():
        if common.format is Format.TEXT:
            terminal.err(f"{message}\n")
            return ExitCode.USAGE
        message = "Missing command."
    path = parsed.command_path if parsed is not None else _typed_path(arguments)
    outcome = begin_outcome(path.partition(" ")[2])
    outcome.exit = ExitCode.USAGE
    outcome.error = UsageError(message, hint=_hint(error, path)).report()
    if parsed is not None:
        terminal.err(f"{parsed.get_usage()}\n")
    return finish(outcome, common, terminal, secrets, ReportFiles())


def _hint(error: typer.TyperException, path: str) -> str:
    """Return what is to be typed instead, where that is known."""
    return next(iter(getattr(error, "__notes__", ())), f"see `{path} --help`")


def _message(error: typer.TyperException) -> str:
    """Return what is wrong; the texts of a bad choice come from pydantic, with a prefix that says nothing."""
    message = error.format_message().replace("Value error, ", "")
    return re.sub(r" \(Possible options: (.+)\)$", r". Did you mean \1?", message)


def _typed_path(arguments: Sequence[str]) -> str:
    """Return the path of the first command in the arguments: Typer gives none when an option has no value."""
    group, path = app, "dbmate-wrap"
    groups = {each.info.name: each for each in GROUPS}
    for argument in arguments:
        if argument in {each.name for each in group.registered_commands}:
            return f"{path} {argument}"
        if group is app and argument in groups:
            group, path = groups[argument], f"{path} {argument}"
    return path
