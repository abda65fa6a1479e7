"""Tells what came of a run: the result on stdout, complaints on stderr, and for whom else it was asked."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.terminal import Terminal, paint_for
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, ExitCode
from dbmate_wrap.redact import Secrets

Mask = Callable[[str], str]


def shown_while_running(chosen: Format, mask: Mask) -> Mask:
    """How text is made safe before it is written: on GitHub nothing from outside may look like a command."""
    if chosen is not Format.GITHUB:
        return mask
    return lambda words: _inert(mask(words))


def _inert(words: str) -> str:
    from dbmate_wrap.render.github import escape_commands

    return escape_commands(words)


def write_result(
    outcome: Outcome, common: Common, terminal: Terminal, secrets: Secrets, reports: ReportFiles
) -> None:
    """Write everything that was asked for, of an outcome that is masked once for all formats.

    Report files come first: one that cannot be written gives a run that was good so far its exit code (10),
    but hides no result.
    """
    ended_at = datetime.now(UTC)
    shown = _without_secrets(outcome, secrets)
    unwritten = _reports(shown, reports, ended_at)
    if unwritten and outcome.exit is ExitCode.OK:
        outcome.exit, outcome.error = ExitCode.CONFIG, unwritten.pop(0).report()
        shown = _without_secrets(outcome, secrets)
    _result(shown, common.format, terminal, ended_at)
    if common.format is Format.GITHUB:
        _step_summary(shown, terminal)
    for error in unwritten:
        terminal.err(f"error: {error.message}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
    from dbmate_wrap.render.stderr_text import stderr_text

    # Who is shown only a part of the findings is told that the log has them all.
    whole = common.verbose or common.format in (Format.GITHUB, Format.MARKDOWN)
    words = stderr_text(shown, paint_for(sys.stderr), quiet=common.quiet, verbose=whole)
    terminal.complaint(_inert(words) if common.format is Format.GITHUB else words)


def _without_secrets(outcome: Outcome, secrets: Secrets) -> Outcome:
    if secrets.is_empty:
        return outcome
    from dbmate_wrap.render.mask import mask_outcome

    return mask_outcome(outcome, secrets.mask)


def _result(outcome: Outcome, chosen: Format, terminal: Terminal, ended_at: datetime) -> None:
    match chosen:
        case Format.TEXT:
            from dbmate_wrap.render import text

            terminal.document(text.render(outcome, paint_for(sys.stdout)))
        case Format.JSON:
            from dbmate_wrap.render import json

            terminal.document(json.render(outcome, ended_at))
        case Format.GITHUB:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import github

            terminal.document(github.render(outcome, repository_of(outcome)))
        case Format.MARKDOWN:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import markdown

            terminal.document(markdown.render(outcome, repository_of(outcome)))


def _reports(outcome: Outcome, wanted: ReportFiles, ended_at: datetime) -> list[ConfigError]:
    if wanted == ReportFiles():
        return []
    from dbmate_wrap.cli.report_files import write_reports

    return write_reports(outcome, wanted, ended_at)


def _step_summary(outcome: Outcome, terminal: Terminal) -> None:
    from dbmate_wrap.cli.report_files import append_step_summary

    if warning := append_step_summary(outcome):
        terminal.say(f"warning: {warning}")
