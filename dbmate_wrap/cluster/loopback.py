"""The loopback port of a server: its password, the settings that open it, and the URL for other programs."""

import os
import secrets
import socket
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac, sha256
from hmac import digest
from pathlib import Path

from dbmate_wrap.cluster.paths import loopback_file
from dbmate_wrap.errors import ConfigError

ADDRESS = "127.0.0.1"
HBA_FILE = "pg_hba_loopback.conf"
# Whoever can enter the socket's folder is trusted, as without this file; TCP is open to every account.
HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
_ITERATIONS = 4096


@dataclass(frozen=True)
class Loopback:
    """The access by TCP that a home has: the port that its server takes where it is free, the password."""

    port: int
    password: str = field(repr=False)

    def url(self, user: str, port: int, database: str) -> str:
        """Return the URL with the password, which nothing else writes: clients without sockets need it."""
        return f"postgres://{user}:{self.password}@{ADDRESS}:{port}/{database}?sslmode=disable"

    def settings(self) -> Mapping[str, str]:
        """Return the settings of a server that listens there, on another port where this one is taken."""
        return {"listen_addresses": ADDRESS, "port": str(self.port if _is_free(self.port) else _free_port())}


def find_loopback(home: Path) -> Loopback | None:
    """Return the access of a home; None where it has none."""
    try:
        port, password = loopback_file(home).read_text(encoding="ascii").split()
        return Loopback(int(port), password)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        hint = f"rm {loopback_file(home)}; `dbmate-wrap db url --tcp` makes it again"
        raise ConfigError(
            f"{loopback_file(home)} cannot be read: {type(error).__name__}", hint=hint
        ) from None


def make_loopback(home: Path) -> Loopback:
    """Return the access of a home, made where it has none: a free port, and a random password in a file
    that its owner alone can read.
    """
    if found := find_loopback(home):
        return found
    made = Loopback(_free_port(), secrets.token_hex(16))
    new = loopback_file(home).with_name(f"{loopback_file(home).name}.new-{secrets.token_hex(4)}")
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{made.port} {made.password}\n")
        os.replace(new, loopback_file(home))
    except OSError as error:
        raise ConfigError(
            f"cannot write {loopback_file(home)}: {error.strerror}", hint=f"make {home.parent} writable"
        ) from None
    return made


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL keeps of a password of plain ASCII (RFC 5803), so that no statement holds it."""
    salted = pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = sha256(digest(salted, b"Client Key", "sha256")).digest()
    server = digest(salted, b"Server Key", "sha256")
    parts = [b64encode(part).decode("ascii") for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: a connection that has just ended is no reason to take another port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True
