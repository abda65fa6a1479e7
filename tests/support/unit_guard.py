"""The guard of the unit tests: they start no process and reach no server."""

import os
import socket
import subprocess
from typing import NoReturn

import psycopg
import pytest

_WAYS_OUT = (
    (subprocess.Popen, "__init__"),
    (os, "fork"),
    (os, "forkpty"),
    (os, "posix_spawn"),
    (os, "posix_spawnp"),
    (os, "system"),
    (socket.socket, "connect"),
    (socket.socket, "connect_ex"),
    # libpq connects without Python's sockets.
    (psycopg.Connection, "connect"),
    (psycopg, "connect"),
)


def refuse_processes_and_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail the test when it starts a process or connects a socket."""
    for owner, name in _WAYS_OUT:
        monkeypatch.setattr(owner, name, _refuse)


def _refuse(*args: object, **options: object) -> NoReturn:
    # Not an Exception: no `except Exception` in the code under test takes it for a fault of its own.
    pytest.fail("a unit test started a process or connected a socket: its place is tests/integration")
