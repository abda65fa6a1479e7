"""Writes down a bug, redacted."""

import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dbmate_wrap import __version__
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.workspace.local_folder import create_local_folder


def report_bug(
    error: Exception, outcome: Outcome, project: Path | None, mask: Callable[[str], str]
) -> ErrorReport:
    """Write a file with the traceback, and return the error to show."""
    path = write_report(error, outcome, project, mask)
    hint = "this is a bug: please report it" + (f" with {path}" if path else "")
    return ErrorReport(f"internal error: {type(error).__name__}: {error}", hint=hint)


def write_report(
    error: Exception, outcome: Outcome, project: Path | None, mask: Callable[[str], str]
) -> Path | None:
    """Return the file's path: in `.dbmate-wrap/reports/`, else in the temporary folder, else None."""
    # No local variables: they may hold a secret in a form that masking does not recognize.
    trace = "".join(traceback.format_exception(error))
    text = mask(f"dbmate-wrap {__version__}\ncommand {outcome.command}\nrun {outcome.run_id}\n\n{trace}")
    name = f"dbmate-wrap-{outcome.run_id}.txt"
    with suppress(OSError):
        root = project or Path.cwd()
        create_local_folder(root)
        return _write(root / ".dbmate-wrap" / "reports" / name, text)
    with suppress(OSError):
        return _write(Path(tempfile.gettempdir(), name), text)
    return None


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
