"""Makes the data directory of a home, all or nothing and the same on every machine, and removes it."""

import errno
import os
import secrets
import shutil
import time
from pathlib import Path

from dbmate_wrap.cluster import paths, postmaster
from dbmate_wrap.cluster.account import Account, can_enter, hand_over, run_as
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.programs import accepts_path
from dbmate_wrap.errors import ConfigError, UnreachableError

_UNFINISHED = "data.new-"
_OURS = ("data", "log", "log.1")
# The initdb of a killed start goes on making files, and removes them too, in a folder that is being removed.
_REMOVED_CONCURRENTLY = (errno.ENOENT, errno.ENOTEMPTY)
_REMOVE_SECONDS = 5.0


def create_data_directory(home: Path, programs: Binaries, account: Account) -> Path:
    """Make the data directory of `home` and return its real path.

    Raises ConfigError for a folder that cannot be used, UnreachableError with the output of initdb.
    """
    base = _prepare_base(home, account)
    for killed in base.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(killed, ignore_errors=True)  # The next start tries again what cannot be removed now.
    # A name of its own: the initdb of a killed start may still run, and removes its folder when it fails.
    new = base / f"{_UNFINISHED}{secrets.token_hex(4)}"
    # initdb is told not to flush: should the machine lose power now, there is no data yet to be lost.
    initdb = [str(programs.bin_dir / "initdb"), "-D", str(new), "-U", "postgres", "--auth=trust", "--no-sync"]
    initdb += ["--encoding=UTF8", "--locale=C"]
    if programs.major >= 17:
        # The builtin provider sorts by code point everywhere, and has upper('é') all the same.
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    done = run_as(account, initdb, timeout=120)
    if done.returncode != 0:
        _remove(new)
        lines = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise UnreachableError(
            f"initdb could not make the database in {base}:\n{lines}",
            kind="other",
            hint="fix what initdb names and run the command again: nothing was left behind",
        )
    return _publish(new, home)


def remove_home(home: Path, data: Path | None) -> None:
    """Remove everything of a home whose server has ended: data, log, and the folder of its socket."""
    paths.remove_socket_dirs(home)
    if os.path.lexists(paths.data_link(home)):
        # By one rename, so that other processes never find half a data directory.
        paths.data_link(home).rename(home / f"{_UNFINISHED}removed-{secrets.token_hex(4)}")
    if data is not None and data.parent != home:
        _remove(data.parent)
    for path in filter(_is_ours, list(home.iterdir())):
        _remove(path)
    if not any(home.iterdir()):
        home.rmdir()


def _prepare_base(home: Path, account: Account) -> Path:
    """Make the folder that will hold a new data directory of `home` and return it.

    That is `home`, or, where the server's account cannot enter it (a project under /root) or its path means
    something to a shell, a folder in /var/tmp; folders that are not ours keep their modes.
    """
    _make_home(home)
    if account.is_other and (foreign := [path.name for path in home.iterdir() if not _is_ours(path)]):
        raise ConfigError(f"{home} is not ours to use: it holds {foreign[0]}", hint="move that elsewhere")
    paths.data_link(home).unlink(missing_ok=True)  # A link that leads nowhere.
    hand_over(home, account)
    if accepts_path(home) and can_enter(account, home):
        return home
    external = paths.external_folder(home, account)
    # No link leads there, so a removed project or a killed start left it behind.
    _remove_with_server(external)
    return paths.make_private(external, account)


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {home} for the embedded database: {error.strerror}",
            hint="make the folder writable, or set a database URL of your own (DEV_DATABASE_URL)",
        ) from error


def _publish(new: Path, home: Path) -> Path:
    """Turn a complete new data directory into that of `home`; returns its final path."""
    data = new.with_name("data")
    if data != paths.data_link(home):
        paths.owner_file(data.parent).write_bytes(os.fsencode(home))
    new.rename(data)
    if data != paths.data_link(home):
        paths.data_link(home).symlink_to(data)
    return data


def _remove_with_server(folder: Path) -> None:
    """Remove a folder with (part of) a data directory, and first end the server that may still run in it."""
    data = folder / "data"
    running = postmaster.read_pid_file(data) if data.is_dir() else None
    if running is not None and postmaster.runs_in(running.pid, data):
        postmaster.shut_down(running.pid, data, mode=postmaster.IMMEDIATE)
    _remove(folder)


def _is_ours(path: Path) -> bool:
    return path.name in _OURS or path.name.startswith(_UNFINISHED)


def _remove(path: Path) -> None:
    """Remove a folder or link, if it exists, and never the target of a link."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    while os.path.lexists(path):
        try:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError as error:
            if error.errno in _REMOVED_CONCURRENTLY and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            raise ConfigError(
                f"cannot remove {path}: {error.strerror}", hint=f"sudo rm -rf {path}"
            ) from error
