"""Decides where a new data directory lies, and makes and removes the folders for it."""

import errno
import os
import secrets
import shutil
import time
from pathlib import Path

from dbmate_wrap.cluster import folders, layout, postmaster
from dbmate_wrap.cluster.account import Account, can_enter, hand_over
from dbmate_wrap.cluster.shell import can_be_given
from dbmate_wrap.errors import ConfigError

UNFINISHED = "data.new-"
_OURS = ("data", "log", "log.1")
# The initdb of a killed start goes on making files, and removes them too, in a folder that is being removed.
_OTHERS_AT_WORK = (errno.ENOENT, errno.ENOTEMPTY)
_PATIENCE = 5.0


def settle(home: Path, account: Account) -> Path:
    """Make the folder that will hold a new data directory of `home` and return it.

    That is `home`, or, where the server's account cannot enter it (a project under /root) or its path means
    something to a shell, a folder in /var/tmp; folders that are not ours keep their modes.
    """
    make_home(home)
    if account.is_other and (strange := [path.name for path in home.iterdir() if not _is_ours(path)]):
        raise ConfigError(f"{home} is not ours to use: it holds {strange[0]}", hint="move that elsewhere")
    layout.pointer(home).unlink(missing_ok=True)  # A link that leads nowhere.
    hand_over(home, account)
    if can_be_given(home) and can_enter(account, home):
        return home
    far = folders.external_folder(home, account)
    # No link leads there, so it is what a removed project or a killed start left behind.
    forget(far)
    return folders.private(far, account)


def make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {home} for the embedded database: {error.strerror}",
            hint="make the folder writable, or set a database URL of your own (DEV_DATABASE_URL)",
        ) from error


def sweep(base: Path) -> None:
    """Remove what killed starts left. Whatever resists is tried again by the next start."""
    for old in base.glob(f"{UNFINISHED}*"):
        shutil.rmtree(old, ignore_errors=True)


def publish(new: Path, home: Path) -> Path:
    """Turn a complete new data directory into that of `home`; returns its final path."""
    data = new.with_name("data")
    if data != layout.pointer(home):
        layout.owner_file(data.parent).write_bytes(os.fsencode(home))
    new.rename(data)
    if data != layout.pointer(home):
        layout.pointer(home).symlink_to(data)
    return data


def clear(home: Path, data: Path | None) -> None:
    """Remove everything of a home whose server has ended: data, log, and the folder of its socket."""
    folders.remove_sockets(home)
    if os.path.lexists(layout.pointer(home)):
        # At one stroke, so that nobody who looks meanwhile finds half a data directory.
        layout.pointer(home).rename(home / f"{UNFINISHED}removed-{secrets.token_hex(4)}")
    if data is not None and data.parent != home:
        remove(data.parent)
    for path in filter(_is_ours, list(home.iterdir())):
        remove(path)
    if not any(home.iterdir()):
        home.rmdir()


def forget(folder: Path) -> None:
    """Remove a folder that holds (part of) a data directory, with the server that may still run in it."""
    data = folder / "data"
    running = postmaster.read(data) if data.is_dir() else None
    if running is not None and postmaster.runs_in(running.pid, data):
        postmaster.end(running.pid, data, mode=postmaster.IMMEDIATE)
    remove(folder)


def _is_ours(path: Path) -> bool:
    return path.name in _OURS or path.name.startswith(UNFINISHED)


def remove(path: Path) -> None:
    """Remove a folder or link, if it exists, and never what a link leads to."""
    deadline = time.monotonic() + _PATIENCE
    while os.path.lexists(path):
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError as error:
            if error.errno in _OTHERS_AT_WORK and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise ConfigError(
                f"cannot remove {path}: {error.strerror}", hint=f"sudo rm -rf {path}"
            ) from error
