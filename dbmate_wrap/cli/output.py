"""Writes the result of a run: to stdout, stderr, report files and the step summary of GitHub Actions."""

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from dbmate_wrap import __version__, process
from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.repository import repository_of
from dbmate_wrap.cli.terminal import Terminal, escape_for_log, is_terminal, paint_for, view_for
from dbmate_wrap.domain.escape import visible_lines
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, ErrorReport, ExitCode
from dbmate_wrap.redact import Secrets
from dbmate_wrap.render import text

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
# Bytes that GitHub takes from one step; it shows nothing of a larger summary.
_MAX_SUMMARY = 1 << 20
# As JSON these are lines: a document for each target as it ends, and then the last one.
_STREAMS = frozenset({"fleet up", "fleet status", "fleet drift"})


def begin_outcome(command: str) -> Outcome:
    """Return the outcome of a run that begins now, with a random id of 12 hex digits."""
    return Outcome(command, None, os.urandom(6).hex(), datetime.now(UTC))


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
    _write_stdout(masked, common, terminal, ended_at)
    if common.format is Format.GITHUB and (warning := _append_step_summary(masked)):
        terminal.say(f"warning: {warning}")
    for error in unwritten:
        hint = f"  hint: {visible_lines(error.hint, '    ')}\n" if error.hint else ""
        terminal.err(f"error: {visible_lines(error.message)}\n{hint}")
    # GitHub and Markdown show only a part of the findings, and say that the log has them all.
    whole = common.verbose or common.format in (Format.GITHUB, Format.MARKDOWN)
    if masked.findings or masked.error is not None:
        from dbmate_wrap.render.stderr_text import stderr_text

        shown = stderr_text(masked, paint_for(sys.stderr), quiet=common.quiet, verbose=whole)
        terminal.err_masked(escape_for_log(common.format)(shown))


def write_target_document(
    outcome: Outcome, common: Common, terminal: Terminal, secrets: Secrets, ended_at: datetime
) -> None:
    """Write the document of one target that has ended, with `--format json`; nothing in the other formats.

    It is on stdout when this returns, and whole: what has ended is known where this process is killed. A
    reader that has gone away keeps no target from being migrated. For one thread at a time.
    """
    if common.format is Format.JSON:
        from dbmate_wrap.render import json

        terminal.out_masked(json.render_line(_mask_outcome(outcome, secrets), ended_at))


def _mask_outcome(outcome: Outcome, secrets: Secrets) -> Outcome:
    if secrets.is_empty:
        return outcome
    from dbmate_wrap.render import mask

    return mask.mask_outcome(outcome, secrets.mask)


def _write_stdout(outcome: Outcome, common: Common, terminal: Terminal, ended_at: datetime) -> None:
    match common.format:
        case Format.TEXT:
            verbatim = text.verbatim_text(outcome)
            if verbatim is None or is_terminal(sys.stdout):
                shown = text.render(
                    outcome, paint_for(sys.stdout), view_for(sys.stdout, verbose=common.verbose)
                )
            else:
                shown = verbatim
            terminal.out_masked(escape_for_log(common.format)(shown))
        case Format.JSON:
            from dbmate_wrap.render import json

            render = json.render_line if outcome.command in _STREAMS else json.render
            terminal.out_masked(render(outcome, ended_at))
        case Format.GITHUB:
            from dbmate_wrap.render import github

            terminal.out_masked(github.render(outcome, repository_of(outcome)))
        case Format.MARKDOWN:
            from dbmate_wrap.render import markdown

            terminal.out_masked(markdown.render(outcome, repository_of(outcome)))


def _write_reports(outcome: Outcome, reports: ReportFiles, ended_at: datetime) -> list[ConfigError]:
    """Write each report of a masked outcome whole or not at all; return why some were not written."""
    failed: list[ConfigError] = []
    refuse_link = _refusal_of_links() if reports != ReportFiles() else None
    for path, report in _rendered(outcome, reports, ended_at):
        try:
            if refuse_link is not None:
                refuse_link(path)
            if not os.path.isdir(path.parent):
                hint = f"make it first: mkdir -p {shlex.quote(str(path.parent))}"
                raise ConfigError(f"cannot write {path}: there is no folder {path.parent}", hint=hint)
            write_by_rename(path, report.encode("utf-8", "backslashreplace"))
        except ConfigError as error:
            failed.append(error)
    return failed


def _refusal_of_links() -> Callable[[Path], None] | None:
    """Return what raises ConfigError for a link of a pull request's branch: a report would go through it."""
    from dbmate_wrap.settings.pull_request import untrusted_checkout

    with contextlib.suppress(ConfigError):  # A wrong variable is the error of the run already.
        checkout = untrusted_checkout(None)
        return checkout.refuse_link if checkout is not None else None
    return None


def _rendered(outcome: Outcome, reports: ReportFiles, ended_at: datetime) -> Iterator[tuple[Path, str]]:
    if reports.sarif is not None:
        from dbmate_wrap.render import sarif

        yield reports.sarif, sarif.render(outcome, repository_of(outcome), ended_at, __version__)
    if reports.junit is not None:
        from dbmate_wrap.render import junit

        yield reports.junit, junit.render(outcome, repository_of(outcome), ended_at)
    if reports.gitlab is not None:
        from dbmate_wrap.render import gitlab

        yield reports.gitlab, gitlab.render(outcome, repository_of(outcome))


def _append_step_summary(outcome: Outcome) -> str | None:
    """Append a masked outcome to the file that GitHub Actions names, if it does; return why that failed."""
    from dbmate_wrap.render import markdown

    path = process.inherited((_STEP_SUMMARY,)).get(_STEP_SUMMARY)
    if not path:
        return None
    try:
        with open(path, "ab") as file:
            room = _MAX_SUMMARY - file.tell()
            # The text of earlier steps stays.
            if room < markdown.LIMIT:
                return f"the step summary {path} is full: nothing was added to it"
            summary = markdown.render(outcome, repository_of(outcome), room)
            file.write(summary.encode("utf-8", "backslashreplace"))
    except OSError as error:
        return f"cannot write the step summary {path}: {error.strerror}"
    return None


def _write_without_renderers(outcome: Outcome, bug: ErrorReport, terminal: Terminal) -> None:
    """Write the run's own error, then the bug; only a run without an error ends with the bug's code, 1."""
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
