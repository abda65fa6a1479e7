"""The project's local folder `.dbmate-wrap/`, which version control ignores."""

import contextlib
from pathlib import Path


def judgements_dir(root: Path) -> Path:
    """Return the folder of what the rules have said of migrations before."""
    return root / ".dbmate-wrap" / "check"


def create_local_folder(root: Path) -> None:
    """Create the local folder where it is missing, with a `.gitignore` in it: it holds whole databases.

    The project's own `.gitignore` may not name the folder, and is not ours to change.
    """
    # Whoever writes to the folder next reports that it cannot be created.
    with contextlib.suppress(OSError):
        folder = root / ".dbmate-wrap"
        folder.mkdir(exist_ok=True)
        with (folder / ".gitignore").open("x", encoding="ascii") as file:
            file.write("*\n")
