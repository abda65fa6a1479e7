"""Reads what a project's folder has of the files that a scaffold writes, appends to or learns from."""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# The text files that people write are smaller; nothing else is appended to.
_LARGEST = 1 << 20
_OUTSIDE = "a symbolic link leads out of the folder"
WORKFLOWS = ".github/workflows"


@dataclass(frozen=True)
class PresentFile:
    """A file that is there; `obstacle` says why its content was not read, or is not written to."""

    content: bytes = field(default=b"", repr=False)
    obstacle: str | None = None

    @property
    def text(self) -> str:
        """The content as text; empty where it was not read."""
        return self.content.decode("utf-8")


# Files by their path from the project's folder, with slashes; a file that is not there has no entry.
Files = Mapping[str, PresentFile]


def read_files(root: Path, names: Iterable[str]) -> dict[str, PresentFile]:
    """Return those of `names` that are there, and those that could not be written for a reason that shows."""
    found = ((name, _read(root, name)) for name in names)
    return {name: file for name, file in found if file is not None}


def list_names(root: Path, folder: str) -> tuple[str, ...]:
    """Return the sorted names in a folder of the project; none where it cannot be read."""
    try:
        return tuple(sorted(os.listdir(root / folder)))
    except OSError:
        return ()


def read_workflows(root: Path) -> dict[str, PresentFile]:
    """Return the workflows of GitHub."""
    names = [name for name in list_names(root, WORKFLOWS) if name.endswith((".yml", ".yaml"))]
    return read_files(root, (f"{WORKFLOWS}/{name}" for name in names))


def _read(root: Path, name: str) -> PresentFile | None:
    path, top = root / name, os.path.realpath(root)
    real = os.path.realpath(path)
    if os.path.commonpath([top, real]) != top:
        return PresentFile(obstacle=_OUTSIDE)
    try:
        mode = path.stat().st_mode
        # Not opened where it is no regular file: a pipe would wait for a writer.
        if not stat.S_ISREG(mode):
            return PresentFile(obstacle="is not a file")
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return PresentFile(obstacle="is a symbolic link to nothing") if path.is_symlink() else None
    except NotADirectoryError:
        return PresentFile(obstacle="lies in what is not a folder")
    except OSError as error:
        return PresentFile(obstacle=f"cannot be read: {error.strerror}")
    return _judge(content)


def _judge(content: bytes) -> PresentFile:
    if len(content) > _LARGEST:
        return PresentFile(obstacle="is larger than 1 MiB")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return PresentFile(obstacle="is not UTF-8 text")
    if b"\0" in content:
        return PresentFile(obstacle="is not UTF-8 text")
    return PresentFile(content)
