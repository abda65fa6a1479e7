"""Runs one verb and turns its end, whatever it is, into a result and an exit code."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import typer

from dbmate_wrap import process
from dbmate_wrap.cli.arguments import secrets_of
from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import begin_outcome, finish
from dbmate_wrap.cli.terminal import Terminal, escape_for_log
from dbmate_wrap.cli.verb_end import end_verb
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.outcome import Outcome, ProjectLocation
from dbmate_wrap.redact import Secrets
from dbmate_wrap.workspace.context import Context

Verb = Callable[[Context, Outcome], None]
_Started = Callable[[Outcome, Secrets, Terminal], None]


def run_and_exit(command: str, common: Common, verb: Verb, reports: ReportFiles | None = None) -> NoReturn:
    """Run `verb` and exit with the outcome's code (typer.Exit)."""
    opened: list[Context] = []

    def start(outcome: Outcome, secrets: Secrets, terminal: Terminal) -> None:
        opened.append(_context(common, outcome, secrets, terminal))
        verb(opened[0], outcome)

    _run(command, common, start, reports or ReportFiles(), opened)


def run_without_project(
    command: str, common: Common, verb: Callable[[Outcome], None], reports: ReportFiles | None = None
) -> NoReturn:
    """Run a verb that needs no project, so that it works where the settings are wrong; exit as `run`."""
    _run(command, common, lambda outcome, secrets, terminal: verb(outcome), reports or ReportFiles(), ())


def _run(
    command: str, common: Common, verb: _Started, reports: ReportFiles, opened: Sequence[Context]
) -> NoReturn:
    """Run a verb, and exit; `opened` has its context once that is known."""
    secrets = secrets_of(sys.argv[1:])
    escape = escape_for_log(common.format)
    streams = common.format in (Format.TEXT, Format.GITHUB)
    terminal = Terminal(lambda text: escape(secrets.mask(text)), common.quiet, common.verbose, streams)
    outcome = begin_outcome(command)
    with process.terminations_as_exceptions():
        end_verb(lambda: verb(outcome, secrets, terminal), outcome, terminal, common.project, secrets)
    code = finish(outcome, common, terminal, secrets, reports)
    if outcome.wrote and opened:
        from dbmate_wrap.cli.notification import notify

        notify(opened[0], outcome, terminal)
    raise typer.Exit(int(code))


def _context(common: Common, outcome: Outcome, secrets: Secrets, terminal: Terminal) -> Context:
    from dbmate_wrap import settings
    from dbmate_wrap.settings.names import is_name

    # A text that cannot be a name may be a URL in the wrong place: it is not repeated.
    if common.environment is not None and is_name(common.environment):
        outcome.environment = common.environment
    project = settings.load(common.project, common.environment, common.about)
    environment = project.environment()
    outcome.environment = environment.name
    terminal.environment = None if environment.is_default else environment.name
    migrations = environment.display_path(environment.values.migrations_dir)
    outcome.location = ProjectLocation(project.root, migrations)
    context = Context(
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
    if common.about is None or common.about.target is None:
        return context
    from dbmate_wrap.cli.one_target import at_target

    context, terminal.environment = at_target(context, common.about)
    return context
