"""Runs one verb and turns whatever comes of it into a result and an exit code."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer

from dbmate_wrap import process
from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import shown_while_running, write_result
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.outcome import Outcome, ProjectLocation
from dbmate_wrap.errors import ErrorReport, ExitCode, WrapError
from dbmate_wrap.redact import Secrets
from dbmate_wrap.workspace.context import Context

Verb = Callable[[Context, Outcome], None]
_SEE = "see the state with `dbmate-wrap status`"


def run(command: str, common: Common, verb: Verb, reports: ReportFiles | None = None) -> NoReturn:
    """Run `verb` and exit with the outcome's code (typer.Exit)."""
    secrets = Secrets()
    streams = common.format in (Format.TEXT, Format.GITHUB)
    mask = shown_while_running(common.format, secrets.mask)
    terminal = Terminal(mask, common.quiet, common.verbose, streams)
    outcome = Outcome(command, None, _run_id(), datetime.now(UTC))
    with process.terminations_as_exceptions():
        _carry_out(verb, common, outcome, secrets, terminal)
    try:
        write_result(outcome, common, terminal, secrets, reports or ReportFiles())
    except Exception as error:  # noqa: BLE001 - a bug while showing must not hide that there was a result
        _tell_plainly(outcome, _bug(error, outcome, common, secrets), terminal)
    raise typer.Exit(int(_ended(outcome, terminal)))


def _ended(outcome: Outcome, terminal: Terminal) -> ExitCode:
    """The exit code; a run whose result nobody can read does not end with 0."""
    if not terminal.lost:
        return outcome.exit
    code = outcome.exit if outcome.exit is not ExitCode.OK else ExitCode.CONFIG
    terminal.err(
        f"error: the result could not be written to stdout: {terminal.lost[0]}\n"
        f"  hint: the run itself ended with {int(outcome.exit)} ({outcome.exit.label}); free some space\n"
        f"  exit: {int(code)} ({code.label})\n"
    )
    return code


def _carry_out(verb: Verb, common: Common, outcome: Outcome, secrets: Secrets, terminal: Terminal) -> None:
    try:
        verb(_context(common, outcome, secrets, terminal), outcome)
    except WrapError as error:
        outcome.exit = error.code
        outcome.error = error.report()
    except KeyboardInterrupt:
        outcome.exit = ExitCode.INTERRUPTED
        outcome.error = ErrorReport("interrupted", hint=_SEE)
    except process.Terminated:
        outcome.exit = ExitCode.TERMINATED
        outcome.error = ErrorReport("terminated", hint=_SEE)
    except Exception as error:  # noqa: BLE001 - the one boundary: a bug must not end in a traceback
        outcome.exit = ExitCode.INTERNAL
        outcome.error = _bug(error, outcome, common, secrets)


def _tell_plainly(outcome: Outcome, bug: ErrorReport, terminal: Terminal) -> None:
    """Print the run's own error, then the bug, without renderers; only a run that was good becomes 1."""
    from dbmate_wrap.render.escape import visible_lines

    if outcome.exit is ExitCode.OK:
        outcome.exit = ExitCode.INTERNAL
    for error in (outcome.error, bug):
        if error is None:
            continue
        parts = [f"error: {visible_lines(error.message)}"]
        parts += [f"  {visible_lines(error.frame)}"] if error.frame else []
        parts += [f"  {visible_lines(f'{each.source}: {each.message}', '    ')}" for each in error.faults]
        parts += [f"  hint: {visible_lines(error.hint, '    ')}"] if error.hint else []
        terminal.err("\n".join(parts) + "\n")
    terminal.err(f"  exit: {int(outcome.exit)} ({outcome.exit.label})\n")


def _bug(error: Exception, outcome: Outcome, common: Common, secrets: Secrets) -> ErrorReport:
    from dbmate_wrap.cli.crash_report import write_report

    where = write_report(error, outcome, common.project, secrets.mask)
    return ErrorReport(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a bug: please report it" + (f" with {where}" if where else ""),
    )


def _context(common: Common, outcome: Outcome, secrets: Secrets, terminal: Terminal) -> Context:
    from dbmate_wrap import settings
    from dbmate_wrap.settings.names import is_name

    # What cannot be a name may be a URL in the wrong place: it is not repeated.
    if common.environment is not None and is_name(common.environment):
        outcome.environment = common.environment
    project = settings.load(common.project, common.environment)
    environment = project.environment(common.environment)
    outcome.environment = environment.name
    outcome.location = _location(project.root, environment.values.migrations_dir)
    return Context(
        project=project,
        environment=environment,
        invocation=Invocation(outcome.command, outcome.run_id),
        secrets=secrets,
        console=terminal,
        # The folder where pip puts the dbmate of the environment that runs us; not resolved: a venv's python
        # is a link.
        scripts_dir=Path(sys.executable).parent,
        search_path=process.inherited(("PATH",)).get("PATH", ""),
    )


def _location(root: Path, migrations: Path) -> ProjectLocation:
    inside = migrations.is_relative_to(root)
    return ProjectLocation(root, migrations.relative_to(root).as_posix() if inside else str(migrations))


def _run_id() -> str:
    return os.urandom(6).hex()
