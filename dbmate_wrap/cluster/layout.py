"""Where the data, log and lock of a server's home are: in the home itself, or in /var/tmp behind a link."""

import os
import stat
from pathlib import Path

from dbmate_wrap.errors import ConfigError

PREFIX = "dbmate-wrap-"
# For data and programs that the server's account cannot reach in the project. Survives a reboot, unlike /tmp.
EXTERNAL = Path("/var/tmp")  # noqa: S108 - folders.private checks what it makes there


def pointer(home: Path) -> Path:
    """`<home>/data`: the data directory, or a link to it."""
    return home / "data"


def lock_file(home: Path) -> Path:
    """Beside the home, so that removing the home does not remove the lock somebody waits for."""
    return home.parent / f"{home.name}.lock"


def log_file(data: Path) -> Path:
    return data.parent / "log"


def locate(home: Path) -> Path | None:
    """The real data directory of a resolved `home`; None where there is none (or its link leads nowhere).

    Nor has a copy of a project one: its link leads to the data of the original.

    Raises ConfigError for a link that is not of our making: as root we would run, and remove, what it names.
    """
    here = pointer(home)
    if not here.is_symlink():
        return here if here.exists() else None
    target = here.readlink()
    if target.name != "data" or not _is_far_name(target.parent):
        raise ConfigError(f"{here} is a link to {target}, which is not ours", hint=f"rm {here}")
    usable = is_external_folder(target.parent) and target.exists() and not _is_anothers(target, home)
    return target if usable else None


def owner_file(far: Path) -> Path:
    """In a folder in /var/tmp: the path of the home that it was made for, which may have moved since."""
    return far / "home"


def is_external_folder(path: Path) -> bool:
    """True for a folder in /var/tmp of our kind that is no link: what we may use and remove as a whole."""
    try:
        return _is_far_name(path) and stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _is_anothers(data: Path, home: Path) -> bool:
    try:
        owner = Path(os.fsdecode(owner_file(data.parent).read_bytes()))
        return owner != home and pointer(owner).readlink() == data
    except OSError:
        return False  # It has moved, or no longer leads there.


def _is_far_name(path: Path) -> bool:
    return path.parent == EXTERNAL and path.name.startswith(PREFIX)


def major(data: Path) -> int | None:
    """The major version that made the data directory; None where it is none, or damaged."""
    try:
        text = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(text) if text.isdigit() else None
