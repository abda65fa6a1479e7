"""A real PgBouncer in front of a server of the tests."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dbmate_wrap.cluster.account import choose_account, hand_over
from tests.support.servers import TcpServer, free_port

PoolMode = Literal["session", "transaction", "statement"]
# Debian's package puts it where an ordinary user's PATH does not look.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"])


@dataclass(frozen=True)
class Pooler:
    """A running PgBouncer; it knows the superuser and the role `app`, with the server's passwords."""

    server: TcpServer
    port: int
    log: Path

    def url(self, database: str = "postgres", *, user: str = "app") -> str:
        """A URL that leads through the pooler."""
        direct = urlsplit(self.server.tcp_url(database, user=user))
        where = direct.netloc.rpartition(":")[0]
        return direct._replace(netloc=f"{where}:{self.port}").geturl()


def find_pgbouncer() -> Path | None:
    """The program, if this machine has it."""
    found = shutil.which("pgbouncer", path=_PATH)
    return Path(found) if found else None


@contextmanager
def run_pooler(
    program: Path, server: TcpServer, mode: PoolMode, settings: Mapping[str, str] | None = None
) -> Iterator[Pooler]:
    """A PgBouncer of its own, gone afterwards; `settings` are further lines of its section [pgbouncer]."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-pooler-", dir="/tmp"))
    account = choose_account(folder / "none")
    port = free_port()
    try:
        _configure(folder, server, port, {"pool_mode": mode, **(settings or {})})
        for path in (folder, *folder.iterdir()):
            hand_over(path, account)
        child = subprocess.Popen(
            [str(program), "-q", str(folder / "pgbouncer.ini")],
            cwd=folder,
            user=account.uid if account.is_other else None,
            group=account.gid if account.is_other else None,
            extra_groups=[] if account.is_other else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(child, port, folder / "log")
            yield Pooler(server, port, folder / "log")
        finally:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(5)
            child.kill()
            child.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, server: TcpServer, port: int, settings: Mapping[str, str]) -> None:
    users = {server.superuser: server.password, server.role: server.role_password}
    # PgBouncer needs the plain password to answer the server's SCRAM; a quote is doubled.
    lines = [f"{_quoted(user)} {_quoted(password)}" for user, password in users.items()]
    _write(folder / "users.txt", lines)
    own = {
        "listen_addr": "127.0.0.1",
        "listen_port": str(port),
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": str(folder / "users.txt"),
        "logfile": str(folder / "log"),
        **settings,
    }
    _write(
        folder / "pgbouncer.ini",
        [
            "[databases]",
            f"* = host={server.host} port={server.port}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in own.items()),
        ],
    )


def _write(path: Path, lines: list[str]) -> None:
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _wait(child: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and child.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise AssertionError(f"PgBouncer does not answer: {log.read_text() if log.exists() else 'no log'}")
