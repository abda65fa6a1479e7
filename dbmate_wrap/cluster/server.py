"""Start, stop, look at and remove the PostgreSQL server of one home folder."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from dbmate_wrap.cluster import layout, postmaster
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError, UnreachableError

# Imported here is only the way of a server that runs: every command of the development environment takes it.


@dataclass(frozen=True)
class Endpoint:
    """Where a server listens, and whether this call started it. It trusts whoever can enter `socket_dir`."""

    socket_dir: Path
    port: int
    user: str
    started: bool


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    endpoint: Endpoint
    pid: int
    data: Path
    major: int | None


@dataclass(frozen=True)
class Stopped:
    """A data directory without a server that can be reached; `major` is None where it is damaged."""

    data: Path
    major: int | None


@dataclass(frozen=True)
class Absent:
    """Nothing was made yet."""


State = Running | Stopped | Absent
_NOTHING: Mapping[str, str] = MappingProxyType({})


def start(
    home: Path, binaries: Binaries, *, durable: bool = True, settings: Mapping[str, str] = _NOTHING
) -> Endpoint:
    """Make sure that the server of `home` runs; makes its database where there is none.

    Safe to call from several processes at once, and quick when it runs already. `settings` are those of the
    server (`autovacuum`: `off`), where this call starts it. Raises ConfigError for a data
    directory of another major version or another account, and for what the machine lacks; UnreachableError
    with the end of the log when PostgreSQL does not start; LockedError when another starter hangs.
    """
    home = _resolved(home)
    found = _ready(home, binaries)
    if found is not None:
        return _endpoint(found, started=False)
    from dbmate_wrap.cluster import file_lock, launch

    with file_lock.hold_file_lock(layout.lock_file(home)):
        found = _ready(home, binaries)
        if found is not None:
            return _endpoint(found, started=False)
        launched = launch.launch(home, _locate(home), binaries, durable=durable, settings=settings)
        return _endpoint(launched, started=True)


def stop(home: Path) -> bool:
    """End the server of `home` and its sessions; False when none ran."""
    home = _resolved(home)
    if _locate(home) is None:
        return False
    from dbmate_wrap.cluster import file_lock

    with file_lock.hold_file_lock(layout.lock_file(home)):
        return _end(home, postmaster.FAST)


def state(home: Path) -> State:
    """What is there now; starts and changes nothing."""
    home = _resolved(home)
    data = _locate(home)
    if data is None:
        return Absent()
    found = postmaster.ready(data)
    if found is None:
        return Stopped(data, layout.major(data))
    return Running(_endpoint(found, started=False), found.pid, data, layout.major(data))


def destroy(home: Path) -> None:
    """End the server and remove all its data, wherever it lies; the lock file beside `home` stays."""
    home = _resolved(home)
    _locate(home)  # Says so where the home is closed to us.
    if not home.exists():
        return
    from dbmate_wrap.cluster import file_lock, placement

    with file_lock.hold_file_lock(layout.lock_file(home)):
        _end(home, postmaster.IMMEDIATE)
        placement.clear(home, _locate(home))


def _ready(home: Path, binaries: Binaries) -> postmaster.PidFile | None:
    data = _locate(home)
    if data is None:
        return None
    made_by = layout.major(data)
    if made_by is None:
        raise ConfigError(
            f"{data} is not a PostgreSQL data directory (no PG_VERSION)",
            hint="dbmate-wrap db reset makes a new one (it destroys the data)",
        )
    if made_by != binaries.major:
        raise ConfigError(
            f"{data} was made by PostgreSQL {made_by}, and the programs here are PostgreSQL {binaries.major}",
            hint=f"dbmate-wrap db reset (it destroys the data), or install PostgreSQL {made_by} again",
        )
    return postmaster.ready(data)


def _locate(home: Path) -> Path | None:
    if home.exists() and not home.is_dir():
        raise ConfigError(
            f"{home} is meant to be the folder of the embedded database, and is a file",
            hint=f"move it away: {home}",
        )
    try:
        data = layout.locate(home)
        if data is not None:
            (data / "PG_VERSION").exists()  # Raises where the folder is closed to us.
    except PermissionError as error:
        from dbmate_wrap.cluster.account import foreign

        raise foreign(layout.pointer(home), "another account") from error
    return data


def _end(home: Path, mode: int) -> bool:
    data = _locate(home)
    found = postmaster.read(data) if data is not None else None
    if data is None or found is None or not postmaster.runs_in(found.pid, data):
        return False
    if not postmaster.end(found.pid, data, mode=mode):
        raise UnreachableError(
            f"the server of {data} (process {found.pid}) does not end",
            kind="other",
            hint=f"kill -QUIT {found.pid}",
        )
    return True


def _endpoint(found: postmaster.PidFile, *, started: bool) -> Endpoint:
    assert found.socket_dir is not None  # postmaster.ready has connected to it.
    return Endpoint(found.socket_dir, found.port, "postgres", started)


def _resolved(home: Path) -> Path:
    if sys.platform == "win32":
        raise ConfigError(
            "the embedded PostgreSQL needs Unix sockets and does not run on Windows",
            hint="set DEV_DATABASE_URL to a PostgreSQL of your own, or work in WSL",
        )
    if os.path.islink(home):
        # Somebody else's: we would hand over and remove what it names.
        raise ConfigError(f"{home} is a link, which is not ours", hint=f"rm {home}")
    return home.resolve()
