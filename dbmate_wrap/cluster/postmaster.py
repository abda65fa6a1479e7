"""Reads the pid file of a data directory and verifies its server; every command imports this."""

import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The signals of pg_ctl's shutdown modes "fast" (SIGINT) and "immediate" (SIGQUIT), by their POSIX numbers.
FAST, IMMEDIATE = 2, 3
# A server without flushes ends within some milliseconds, and a check waits for that.
_POLL = 0.003
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class PidFile:
    """The content of postmaster.pid (src/include/utils/pidfile.h); short while the server starts."""

    pid: int
    data: Path
    port: int
    socket_dir: Path | None
    status: str  # "starting", "ready", "stopping", or empty
    address: str = ""  # The first one that it listens on by TCP.

    @property
    def socket(self) -> Path | None:
        return self.socket_dir / f".s.PGSQL.{self.port}" if self.socket_dir is not None else None


def read_pid_file(data: Path) -> PidFile | None:
    """Read postmaster.pid; None where there is none or it is not yet written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    lines = [line.strip() for line in lines] + [""] * 8
    if not lines[0].lstrip("-").isdigit():
        return None
    port = int(lines[3]) if lines[3].isdigit() else 0
    socket_dir = Path(lines[4]) if lines[4] else None
    return PidFile(abs(int(lines[0])), Path(lines[1]), port, socket_dir, lines[7], lines[5])


def find_ready(data: Path) -> PidFile | None:
    """Return the pid file of a server of `data` (a real path) that accepts connections, else None.

    Starts no process. The data directory is compared too: a copied project has a copy of the pid file of
    the original's server.
    """
    found = read_pid_file(data)
    if found is None or found.status != "ready" or found.data != data or found.socket is None:
        return None
    if not is_alive(found.pid) or not _same_owner(found.socket.parent, data):
        return None
    return found if accepts(found.socket) else None


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def accepts(path: Path) -> bool:
    """Return True where a process listens on that Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def runs_in(pid: int, data: Path) -> bool:
    """Return True where `pid` is a postmaster of `data`, which may have been deleted or moved meanwhile."""
    if sys.platform != "linux":
        return _listed_in(pid, data)
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        folder = os.readlink(f"/proc/{pid}/cwd")
        return name == "postgres" and (
            folder == f"{data} (deleted)" or os.path.samefile(f"/proc/{pid}/cwd", data)
        )
    except OSError:
        return False  # Ended, a zombie, or another account's.


def shut_down(pid: int, data: Path, *, mode: int = FAST) -> bool:
    """Shut the postmaster down; in immediate mode where that takes too long. True when it has ended."""
    for number in (mode, IMMEDIATE):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_until_gone(pid, data, _PATIENCE_SECONDS):
            return True
    return False


def wait_until_gone(pid: int, data: Path, patience: float) -> bool:
    # `is_alive` alone would wait for ever in a container whose first process reaps no zombies.
    deadline = time.monotonic() + patience
    while is_alive(pid) and runs_in(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def _same_owner(socket_dir: Path, data: Path) -> bool:
    try:
        return os.lstat(socket_dir).st_uid == os.lstat(data).st_uid
    except OSError:
        return False


def _listed_in(pid: int, data: Path) -> bool:
    # macOS has no /proc; never used while the server is ready.
    from dbmate_wrap import process

    command = process.Command(("/bin/ps", "-ww", "-o", "command=", "-p", str(pid)), {"LC_ALL": "C"})
    listed = process.run(command, timeout=10)
    return "postgres" in listed.stdout and f"-D {data}" in listed.stdout
