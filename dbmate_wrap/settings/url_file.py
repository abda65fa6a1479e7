"""Reads a database URL from a file, such as a mounted secret."""

import stat
import sys
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.text_file import read_text

_ANYONE_READS = stat.S_IROTH


def read_url_file(path: Path, *, environment: str, source: str) -> tuple[str, tuple[Fault, ...]]:
    """Return the one line of the file and warnings about the file. Raises ConfigError."""
    faults: list[Fault] = []
    text = read_text(path, str(path), faults)
    problem = faults[0].message if faults else _problem(text)
    if text is None or problem:
        message = f"the url_file of {environment} {problem}"
        hint = f"{path} must hold one line, the database URL"
        raise config_error([Fault(message, source, hint)])
    return text.strip("\r\n"), _warnings(path, source)


def _problem(text: str | None) -> str | None:
    if text is None:
        return "does not exist"
    if not text.strip():
        return "is empty"
    lines = len(text.strip("\r\n").splitlines())
    return f"has {lines} lines, and a URL is one" if lines > 1 else None


def _warnings(path: Path, source: str) -> tuple[Fault, ...]:
    if sys.platform == "win32" or not path.stat().st_mode & _ANYONE_READS:
        return ()
    return (Fault(f"{path} can be read by every user of this machine", source, hint=f"chmod o-r {path}"),)
