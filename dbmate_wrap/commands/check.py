"""Judges files and lockfile without touching a database: for pull requests."""

from dbmate_wrap.commands import files as project_files
from dbmate_wrap.commands.call import Call


def check(call: Call) -> None:
    """Raises PolicyError (12) or HistoryError (13); findings are in the outcome either way."""
    files = project_files.read(call, contents=True)
    project_files.demand(call)
    warnings = sum(1 for finding in call.outcome.findings if not finding.is_error)
    noted = f", {warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
    number = len(files.migrations)
    call.outcome.summary = f"{number} migration{'' if number == 1 else 's'} checked: no errors{noted}"
