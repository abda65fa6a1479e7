"""Starts, stops, inspects and removes the PostgreSQL server of one home folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster import paths, postmaster
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.file_lock import hold_file_lock
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import ConfigError, UnreachableError

# Only what a running server needs is imported at the top: this path is on every command.


@dataclass(frozen=True)
class Endpoint:
    """The address of a server; it trusts every account that can enter `socket_dir`.

    `started`: this call started it. `listens`: it is reached by TCP as well, on the same port.
    """

    socket_dir: Path
    port: int
    user: str
    started: bool
    listens: bool = False

    def url(self, database: str) -> DatabaseUrl:
        """Return the URL of a database of the server."""
        # A socket has no TLS; said explicitly, because dbmate's driver would otherwise insist on it.
        no_tls = (("sslmode", "disable"),)
        return DatabaseUrl(self.user, None, str(self.socket_dir), self.port, database, no_tls)


@dataclass(frozen=True)
class State:
    """The state of a home: `data` is None where none was made, `pid` where no server accepts connections."""

    data: Path | None
    pid: int | None


def start(
    home: Path,
    binaries: Binaries,
    *,
    durable: bool = True,
    isolated: bool = False,
    settings: Mapping[str, str] | None = None,
) -> Endpoint:
    """Start the server of `home` where it does not run; makes its data directory where there is none.

    Safe to call from several processes at once, and quick when it runs already. `settings` are server
    settings (`autovacuum`: `off`) for the case that this call starts it. Raises ConfigError for a data
    directory of another major version or another account, and for what the machine lacks; UnreachableError
    with the end of the log when PostgreSQL does not start; LockedError when another starter hangs.
    """
    home = _resolved(home)
    if found := _find_ready(home, binaries):
        return _endpoint(found, started=False)
    from dbmate_wrap.cluster.start import start_server

    with hold_file_lock(paths.lock_file(home)):
        if found := _find_ready(home, binaries):
            return _endpoint(found, started=False)
        data = _find_data(home)
        started = start_server(
            home, data, binaries, durable=durable, isolated=isolated, settings=settings or {}
        )
        return _endpoint(started, started=True)


def stop(home: Path) -> bool:
    """End the server of `home` and its sessions; False when none ran."""
    home = _resolved(home)
    if _find_data(home) is None:
        return False
    with hold_file_lock(paths.lock_file(home)):
        return _end(home, postmaster.FAST)


def state(home: Path) -> State:
    """Return the present state; starts and changes nothing."""
    data = _find_data(_resolved(home))
    found = postmaster.find_ready(data) if data is not None else None
    return State(data, found.pid if found is not None else None)


def destroy(home: Path) -> None:
    """End the server and remove all its data; the lock file beside `home` stays."""
    home = _resolved(home)
    _find_data(home)  # Raises where the home is closed to us.
    if not home.exists():
        return
    from dbmate_wrap.cluster.data_directory import remove_home

    with hold_file_lock(paths.lock_file(home)):
        _end(home, postmaster.IMMEDIATE)
        remove_home(home, _find_data(home))


def _find_ready(home: Path, binaries: Binaries) -> postmaster.PidFile | None:
    data = _find_data(home)
    if data is None:
        return None
    made_by = paths.data_major(data)
    if made_by is None:
        raise ConfigError(
            f"{data} is not a PostgreSQL data directory (no PG_VERSION)",
            hint="`dbmate-wrap db reset` makes a new one (it destroys the data)",
        )
    if made_by != binaries.major:
        raise ConfigError(
            f"{data} was made by PostgreSQL {made_by}, and the programs here are PostgreSQL {binaries.major}",
            hint=f"dbmate-wrap db reset (it destroys the data), or install PostgreSQL {made_by} again",
        )
    return postmaster.find_ready(data)


def _find_data(home: Path) -> Path | None:
    if home.exists() and not home.is_dir():
        raise ConfigError(
            f"{home} must be the folder of the embedded database, and is a file", hint=f"move it away: {home}"
        )
    try:
        data = paths.find_data(home)
        if data is not None:
            (data / "PG_VERSION").exists()  # Raises where the folder is closed to us.
    except PermissionError as error:
        from dbmate_wrap.cluster.account import foreign_owner_error

        raise foreign_owner_error(paths.data_link(home), "another account") from error
    return data


def _end(home: Path, mode: int) -> bool:
    data = _find_data(home)
    found = postmaster.read_pid_file(data) if data is not None else None
    if data is None or found is None or not postmaster.runs_in(found.pid, data):
        return False
    if not postmaster.shut_down(found.pid, data, mode=mode):
        raise UnreachableError(
            f"the server of {data} (process {found.pid}) does not end",
            kind="other",
            hint=f"kill -QUIT {found.pid}",
        )
    return True


def _endpoint(found: postmaster.PidFile, *, started: bool) -> Endpoint:
    assert found.socket_dir is not None  # postmaster.find_ready has connected to it.
    return Endpoint(found.socket_dir, found.port, "postgres", started, bool(found.address))


def _resolved(home: Path) -> Path:
    if sys.platform == "win32":
        raise ConfigError(
            "the embedded PostgreSQL needs Unix sockets and does not run on Windows",
            hint="set DEV_DATABASE_URL to a PostgreSQL of your own, or work in WSL",
        )
    if os.path.islink(home):
        # Its target may be another account's: we would hand it over and remove it.
        raise ConfigError(f"{home} is a link, which is not ours", hint=f"rm {home}")
    return home.resolve()
