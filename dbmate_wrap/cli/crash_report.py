"""Writes down a bug, redacted."""

import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from dbmate_wrap import __version__
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.workspace import local_folder


def report_bug(
    error: Exception, outcome: Outcome, project: Path | None, mask: Callable[[str], str]
) -> ErrorReport:
    """Write a file with the traceback, and return the error to show."""
    path = write_report(error, outcome, project, mask)
    return ErrorReport(
        f"internal error: {type(error).__name__}: {error}",
        hint="this is a bug: please report it" + (f" with {path}" if path else ""),
    )


def write_report(
    error: Exception, outcome: Outcome, project: Path | None, mask: Callable[[str], str]
) -> Path | None:
    """Return the file's path: in `.dbmate-wrap/reports/`, else in the temporary folder, else None."""
    # No local variables: they may hold a secret in a form that masking does not recognize.
    trace = "".join(traceback.format_exception(error))
    text = mask(f"dbmate-wrap {__version__}\ncommand {outcome.command}\nrun {outcome.run_id}\n\n{trace}")
    for folder in (_reports(project), tempfile.gettempdir):
        try:
            path = Path(folder(), f"dbmate-wrap-{outcome.run_id}.txt")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError:
            continue
        return path
    return None


def _reports(project: Path | None) -> Callable[[], str]:
    def folder() -> str:
        root = project or Path.cwd()
        local_folder.create_local_folder(root)
        return str(root / ".dbmate-wrap" / "reports")

    return folder
