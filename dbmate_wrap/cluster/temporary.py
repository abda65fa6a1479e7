"""A throw-away server or folder, removed at the end and after a failure; after a SIGKILL by the next one."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from dbmate_wrap.cluster import file_lock, paths, server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.server import Endpoint
from dbmate_wrap.errors import ConfigError

_PREFIX = "dbmate-wrap-temporary-"


@contextmanager
def temporary(
    binaries: Binaries, *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Endpoint]:
    """Start a new, empty server without a network for the time of the block.

    Raises as `server.start`, and ConfigError where its folder cannot be made.
    """
    remove_abandoned()
    folder = _made_folder()
    # The server's account has to enter it; nothing in it is readable for others.
    folder.chmod(0o711)
    with _owned(folder):
        yield server.start(folder / "pg", binaries, durable=durable, isolated=True, settings=settings)


def folder_of(key: str) -> Path:
    """Return the temporary folder of a key, which `make_folder` makes: the same for all who know the key."""
    return paths.SOCKETS / f"{_PREFIX}{sha256(key.encode()).hexdigest()[:16]}"


@contextmanager
def make_folder(key: str) -> Iterator[Path]:
    """Make the folder of a key, for our account alone, for the time of the block.

    One that a killed process left is removed first. Raises FileExistsError where another process has it.
    """
    remove_abandoned()
    folder = folder_of(key)
    folder.mkdir(mode=0o700)
    with _owned(folder):
        yield folder


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Hold the lock that keeps a new folder from being abandoned, and remove the folder at the end."""
    alive = os.open(folder / "alive.new", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Locked before it gets the name that `remove_abandoned` looks for.
        file_lock.try_lock(alive)
        (folder / "alive.new").rename(folder / "alive")
        yield
    finally:
        _remove(folder)
        os.close(alive)


def remove_abandoned() -> None:
    """Remove the servers of killed processes: folders of ours whose lock no process holds."""
    for folder in paths.SOCKETS.glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.geteuid():
                continue
            alive = os.open(folder / "alive", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue  # Another account's, or made or removed by its owner right now.
        try:
            if file_lock.try_lock(alive):
                _remove(folder)
        finally:
            os.close(alive)


def _made_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=paths.SOCKETS))
    except OSError as error:
        # The names of sockets are short: another folder may not do.
        raise ConfigError(
            f"a throw-away server needs a folder in {paths.SOCKETS}: {error.strerror or error}",
            hint=f"let {paths.SOCKETS} be written (in a container: a tmpfs); "
            'or set shadow = "url", or run dbmate-wrap check --no-shadow',
        ) from None


def _remove(folder: Path) -> None:
    try:
        server.destroy(folder / "pg")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
