"""Writes the result of a run: to stdout, stderr, report files and the step summary of GitHub Actions."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.terminal import Terminal, paint_for
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, ErrorReport, ExitCode
from dbmate_wrap.redact import Secrets

Mask = Callable[[str], str]


def new_run_id() -> str:
    """A random id of 12 hex digits."""
    return os.urandom(6).hex()


def stream_mask(chosen: Format, mask: Mask) -> Mask:
    """The mask for text that is written while a verb runs; for GitHub it also escapes workflow commands."""
    if chosen is not Format.GITHUB:
        return mask
    return lambda text: _escape_commands(mask(text))


def finish(
    outcome: Outcome, common: Common, terminal: Terminal, secrets: Secrets, reports: ReportFiles
) -> ExitCode:
    """Write the result, whatever breaks on the way, and return the exit code of the process."""
    try:
        write_result(outcome, common, terminal, secrets, reports)
    except Exception as error:  # noqa: BLE001 - a bug in a renderer must not hide the result of the run
        from dbmate_wrap.cli.crash_report import report_bug

        bug = report_bug(error, outcome, common.project, secrets.mask)
        _write_without_renderers(outcome, bug, terminal)
    return _exit_code(outcome, terminal)


def write_result(
    outcome: Outcome, common: Common, terminal: Terminal, secrets: Secrets, reports: ReportFiles
) -> None:
    """Write everything that was asked for, from an outcome that is masked once for all formats.

    Report files come first: one that cannot be written gives a run that was good so far its exit code (10),
    but hides no result.
    """
    ended_at = datetime.now(UTC)
    masked = _mask_outcome(outcome, secrets)
    unwritten = _write_reports(masked, reports, ended_at)
    if unwritten and outcome.exit is ExitCode.OK:
        outcome.exit, outcome.error = ExitCode.CONFIG, unwritten.pop(0).report()
        masked = _mask_outcome(outcome, secrets)
    _write_stdout(masked, common.format, terminal, ended_at)
    if common.format is Format.GITHUB:
        _write_step_summary(masked, terminal)
    for error in unwritten:
        terminal.err(f"error: {error.message}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
    from dbmate_wrap.render.stderr_text import stderr_text

    # GitHub and Markdown show only a part of the findings, and say that the log has them all.
    whole = common.verbose or common.format in (Format.GITHUB, Format.MARKDOWN)
    text = stderr_text(masked, paint_for(sys.stderr), quiet=common.quiet, verbose=whole)
    terminal.err_masked(_escape_commands(text) if common.format is Format.GITHUB else text)


def _mask_outcome(outcome: Outcome, secrets: Secrets) -> Outcome:
    if secrets.is_empty:
        return outcome
    from dbmate_wrap.render.mask import mask_outcome

    return mask_outcome(outcome, secrets.mask)


def _write_stdout(outcome: Outcome, chosen: Format, terminal: Terminal, ended_at: datetime) -> None:
    match chosen:
        case Format.TEXT:
            from dbmate_wrap.render import text

            terminal.out_masked(text.render(outcome, paint_for(sys.stdout)))
        case Format.JSON:
            from dbmate_wrap.render import json

            terminal.out_masked(json.render(outcome, ended_at))
        case Format.GITHUB:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import github

            terminal.out_masked(github.render(outcome, repository_of(outcome)))
        case Format.MARKDOWN:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import markdown

            terminal.out_masked(markdown.render(outcome, repository_of(outcome)))


def _write_reports(outcome: Outcome, reports: ReportFiles, ended_at: datetime) -> list[ConfigError]:
    if reports == ReportFiles():
        return []
    from dbmate_wrap.cli.report_files import write_reports

    return write_reports(outcome, reports, ended_at)


def _write_step_summary(outcome: Outcome, terminal: Terminal) -> None:
    from dbmate_wrap.cli.report_files import append_step_summary

    if warning := append_step_summary(outcome):
        terminal.say(f"warning: {warning}")


def _write_without_renderers(outcome: Outcome, bug: ErrorReport, terminal: Terminal) -> None:
    """Write the run's own error, then the bug; only a run without an error ends with the bug's code, 1."""
    from dbmate_wrap.domain.escape import visible_lines

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


def _exit_code(outcome: Outcome, terminal: Terminal) -> ExitCode:
    """Return the outcome's code, but never 0 for a result that could not be written."""
    if not terminal.write_errors:
        return outcome.exit
    code = outcome.exit if outcome.exit is not ExitCode.OK else ExitCode.CONFIG
    terminal.err(
        f"error: the result could not be written to stdout: {terminal.write_errors[0]}\n"
        f"  hint: the run itself ended with {int(outcome.exit)} ({outcome.exit.label}); free some space\n"
        f"  exit: {int(code)} ({code.label})\n"
    )
    return code


def _escape_commands(text: str) -> str:
    from dbmate_wrap.render.github import escape_commands

    return escape_commands(text)
