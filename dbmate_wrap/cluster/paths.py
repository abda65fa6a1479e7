"""Paths of a server's home: data, log, lock and socket; in /var/tmp where the account cannot enter the home.

Every command of the development environment imports this: what only a start needs is imported there.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.errors import ConfigError

if TYPE_CHECKING:
    from dbmate_wrap.cluster.account import Account

FOLDER_PREFIX = "dbmate-wrap-"
# For data and programs that the server's account cannot reach in the project. Survives a reboot, unlike /tmp.
EXTERNAL = Path("/var/tmp")  # noqa: S108 - `make_private` checks what it makes there
# Not the environment's temporary folder: a socket's path may have some 100 bytes, and all shells must agree.
SOCKETS = Path("/tmp")  # noqa: S108 - `make_private` checks what it makes there


def data_link(home: Path) -> Path:
    """Return `<home>/data`: the data directory, or a link to it."""
    return home / "data"


def lock_file(home: Path) -> Path:
    """Return the lock file; beside the home, whose removal must not remove a lock that others wait for."""
    return home.parent / f"{home.name}.lock"


def loopback_file(home: Path) -> Path:
    """Return the file with port and password for TCP; beside the home, which is the server's account's."""
    return home.parent / f"{home.name}.tcp"


def log_file(data: Path) -> Path:
    return data.parent / "log"


def find_data(home: Path) -> Path | None:
    """Return the real data directory of a resolved `home`, None without one.

    There is none where the link leads nowhere, and in a copy of a project, whose link leads to the data of
    the original. Raises ConfigError for a link that is not ours: as root we would run and remove its target.
    """
    here = data_link(home)
    if not here.is_symlink():
        return here if here.exists() else None
    target = here.readlink()
    folder = target.parent
    if target.name != "data" or folder.parent != EXTERNAL or not folder.name.startswith(FOLDER_PREFIX):
        raise ConfigError(f"{here} is a link to {target}, which is not ours", hint=f"rm {here}")
    usable = not folder.is_symlink() and target.exists() and not _is_of_other_home(target, home)
    return target if usable else None


def owner_file(folder: Path) -> Path:
    """Return the file in an external folder with the path of its home, which may have moved since."""
    return folder / "home"


def external_folder(home: Path, account: "Account") -> Path:
    """Return the folder for the data of `home` when the account cannot enter `home` itself."""
    return EXTERNAL / f"{FOLDER_PREFIX}{account.uid}-{_digest(home)}"


def data_major(data: Path) -> int | None:
    """Return the major version that made the data directory; None where it is none, or damaged."""
    try:
        text = (data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(text) if text.isdigit() else None


def socket_dir(home: Path, account: "Account") -> Path:
    """Return the short folder for the socket of the server of `home`; `make_private` makes it."""
    return _sockets() / f"{FOLDER_PREFIX}{account.uid}-{_digest(home)}"


def remove_socket_dirs(home: Path) -> None:
    """Remove the socket folders of `home`, of every account that ran its server."""
    for path in _sockets().glob(f"{FOLDER_PREFIX}*-{_digest(home)}"):
        remove_socket_dir(path)


def remove_socket_dir(path: Path | None) -> None:
    """Remove a socket folder that no server uses any more, if it is one of ours."""
    if path is not None and path.parent == _sockets() and path.name.startswith(FOLDER_PREFIX):
        import shutil

        shutil.rmtree(path, ignore_errors=True)  # Which refuses a link.


def make_private(path: Path, account: "Account") -> Path:
    """Make a folder for `account` (and root) alone. Raises ConfigError where another account owns it.

    The parent has the sticky bit or is ours, so nobody can replace the folder after this check.
    """
    from dbmate_wrap.cluster.account import hand_over

    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(
            f"cannot make the folder {path}: {error.strerror}", hint=f"make {path.parent} writable"
        ) from error
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise ConfigError(
            f"{path} is not a folder of the account {account.name}: somebody else made it",
            hint=f"look at it (ls -ld {path}) and remove it",
        )
    path.chmod(0o700)
    if found.st_uid != account.uid:
        hand_over(path, account)  # New, or left by a start that was killed right here.
    return path


def _is_of_other_home(data: Path, home: Path) -> bool:
    try:
        owner = Path(os.fsdecode(owner_file(data.parent).read_bytes()))
        return owner != home and data_link(owner).readlink() == data
    except OSError:
        return False  # The other home has moved, or its link leads elsewhere.


def _sockets() -> Path:
    if os.access(SOCKETS, os.W_OK | os.X_OK):
        return SOCKETS
    import tempfile

    return Path(tempfile.gettempdir())


def _digest(home: Path) -> str:
    from hashlib import sha256

    return sha256(os.fsencode(home)).hexdigest()[:12]
