"""Keeps what is local to this machine out of the project's version control."""

import contextlib
from pathlib import Path

_NAME = ".dbmate-wrap"
_EVERYTHING = "*\n"


def hide(root: Path) -> None:
    """Let git ignore the local folder of the project, if it is there: it holds whole databases.

    By a file within it: the project's own `.gitignore` may not name it, and is not ours to change.
    """
    # Where it cannot be written, the run itself is not worse for it.
    with contextlib.suppress(OSError):
        if (root / _NAME).is_dir():
            with (root / _NAME / ".gitignore").open("x", encoding="ascii") as file:
                file.write(_EVERYTHING)
