"""Writes report files for other tools, and the summary of a step of GitHub Actions."""

import os
import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from dbmate_wrap import __version__, process
from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.cli.options import ReportFiles
from dbmate_wrap.cli.repository import repository_of
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
# Bytes that GitHub takes from one step; it shows nothing of a larger summary.
_MAX_SUMMARY = 1 << 20


def write_reports(outcome: Outcome, reports: ReportFiles, ended_at: datetime) -> list[ConfigError]:
    """Write each report of a masked outcome whole or not at all; return why some were not written."""
    failed: list[ConfigError] = []
    for path, text in _rendered(outcome, reports, ended_at):
        try:
            _write(path, text)
        except ConfigError as error:
            failed.append(error)
    return failed


def append_step_summary(outcome: Outcome) -> str | None:
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
            text = markdown.render(outcome, repository_of(outcome), room)
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        return f"cannot write the step summary {path}: {error.strerror}"
    return None


def _rendered(outcome: Outcome, reports: ReportFiles, ended_at: datetime) -> Iterator[tuple[Path, str]]:
    repository = repository_of(outcome)
    if reports.sarif is not None:
        from dbmate_wrap.render import sarif

        yield reports.sarif, sarif.render(outcome, repository, ended_at, __version__)
    if reports.junit is not None:
        from dbmate_wrap.render import junit

        yield reports.junit, junit.render(outcome, repository, ended_at)
    if reports.gitlab is not None:
        from dbmate_wrap.render import gitlab

        yield reports.gitlab, gitlab.render(outcome, repository)


def _write(path: Path, text: str) -> None:
    if not os.path.isdir(path.parent):
        raise ConfigError(
            f"cannot write {path}: there is no folder {path.parent}",
            hint=f"make it first: mkdir -p {shlex.quote(str(path.parent))}",
        )
    write_by_rename(path, text.encode("utf-8", "backslashreplace"))
