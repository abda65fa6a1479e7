"""Tells what came of a run: the result on stdout, complaints on stderr, and for whom else it was asked."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.terminal import Terminal, paint_for
from dbmate_wrap.domain.outcome import ErrorReport, Outcome
from dbmate_wrap.errors import ConfigError, ExitCode

Mask = Callable[[str], str]


def shown_while_running(chosen: Format, mask: Mask) -> Mask:
    """How text is made safe before it is written: on GitHub nothing from outside may look like a command."""
    if chosen is not Format.GITHUB:
        return mask
    from dbmate_wrap.render.github import inert

    return lambda words: inert(mask(words))


def tell(outcome: Outcome, common: Common, terminal: Terminal, mask: Mask, reports: ReportFiles) -> None:
    """Write everything that was asked for.

    Report files come first: one that cannot be written gives a run that was good so far its exit code (10),
    but hides no result.
    """
    ended_at = datetime.now(UTC)
    unwritten = _reports(outcome, reports, mask, ended_at)
    if unwritten and outcome.exit is ExitCode.OK:
        outcome.exit, outcome.error = ExitCode.CONFIG, ErrorReport.of(unwritten.pop(0))
    _result(outcome, common.format, terminal, mask, ended_at)
    if common.format is Format.GITHUB:
        _step_summary(outcome, terminal, mask)
    for error in unwritten:
        terminal.err(f"error: {error.message}\n" + (f"  hint: {error.hint}\n" if error.hint else ""))
    from dbmate_wrap.render.complaints import complaints

    # Who is shown only a part of the findings is told that the log has them all.
    whole = common.verbose or common.format in (Format.GITHUB, Format.MARKDOWN)
    terminal.err(complaints(outcome, paint_for(sys.stderr), quiet=common.quiet, verbose=whole))


def _result(outcome: Outcome, chosen: Format, terminal: Terminal, mask: Mask, ended_at: datetime) -> None:
    match chosen:
        case Format.TEXT:
            from dbmate_wrap.render import text

            terminal.out(text.result(outcome, paint_for(sys.stdout)))
        case Format.JSON:
            from dbmate_wrap.render import json

            terminal.document(json.render(outcome, ended_at, mask))
        case Format.GITHUB:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import github, masked

            terminal.document(github.render(masked.masked(outcome, mask), repository_of(outcome)))
        case Format.MARKDOWN:
            from dbmate_wrap.cli.repository import repository_of
            from dbmate_wrap.render import markdown, masked

            terminal.document(markdown.render(masked.masked(outcome, mask), repository_of(outcome)))


def _reports(outcome: Outcome, wanted: ReportFiles, mask: Mask, ended_at: datetime) -> list[ConfigError]:
    if wanted == ReportFiles():
        return []
    from dbmate_wrap.cli.reports import write_reports

    return write_reports(outcome, wanted, mask, ended_at)


def _step_summary(outcome: Outcome, terminal: Terminal, mask: Mask) -> None:
    from dbmate_wrap.cli.reports import append_step_summary

    if warning := append_step_summary(outcome, mask):
        terminal.say(f"warning: {warning}")
