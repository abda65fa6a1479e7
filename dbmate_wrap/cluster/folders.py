"""Private folders in /tmp and /var/tmp, made and checked so that nobody else can plant one."""

import os
import shutil
import stat
import tempfile
from hashlib import sha256
from pathlib import Path

from dbmate_wrap.cluster.account import Account, hand_over
from dbmate_wrap.cluster.layout import EXTERNAL, PREFIX
from dbmate_wrap.errors import ConfigError

# Not the environment's temporary folder: a socket's path may have some 100 bytes, and all shells must agree.
SOCKETS = Path("/tmp")  # noqa: S108 - `private` checks what it makes there


def socket_dir(home: Path, account: Account) -> Path:
    """The short folder that holds the socket of the server of `home`; `private` makes it."""
    return _sockets() / f"{PREFIX}{account.uid}-{_mark(home)}"


def remove_sockets(home: Path) -> None:
    """Remove the folders of the sockets of `home`, whichever account ran it."""
    for path in _sockets().glob(f"{PREFIX}*-{_mark(home)}"):
        discard(path)


def discard(path: Path | None) -> None:
    """Remove a socket folder that no server uses any more, if it is one of ours."""
    if (
        path is not None
        and path.parent == _sockets()
        and path.name.startswith(PREFIX)
        and not path.is_symlink()
    ):
        shutil.rmtree(path, ignore_errors=True)


def external_folder(home: Path, account: Account) -> Path:
    """Where the data of `home` lies when the account cannot enter `home` itself."""
    return EXTERNAL / f"{PREFIX}{account.uid}-{_mark(home)}"


def private(path: Path, account: Account) -> Path:
    """Make `path` a folder that only `account` (and root) can enter; ConfigError where it is somebody else's.

    The parent has the sticky bit or is ours, so what was checked here cannot be exchanged afterwards.
    """
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


def _sockets() -> Path:
    return SOCKETS if os.access(SOCKETS, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def _mark(home: Path) -> str:
    return sha256(os.fsencode(home)).hexdigest()[:12]
