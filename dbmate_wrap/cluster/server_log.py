"""Reads what a server of our own has written to its log."""

import os
from pathlib import Path

from dbmate_wrap.cluster import paths

# What a migration writes in a loop is not read to its end.
_MOST_BYTES = 4_000_000


def find_log(data: Path) -> Path:
    """Return the log of the server of a data directory."""
    return paths.log_file(data)


def log_size(log: Path) -> int:
    """Return the bytes that are there now; 0 where it cannot be looked at."""
    try:
        return log.lstat().st_size
    except OSError:
        return 0


def read_log(log: Path, begin: int) -> str:
    """Return the text from byte `begin` on, at most 4 MB; empty where it cannot be read."""
    try:
        # The server's account could have put a link there, and we may be root.
        with open(os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            file.seek(begin)
            return file.read(_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
