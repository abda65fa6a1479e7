"""A unit test that leaves this process fails, whatever the code under test catches."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from dbmate_wrap import process


def connected(one: socket.socket) -> None:
    with one:
        one.connect(("127.0.0.1", 9))


WAYS: dict[str, Callable[[], object]] = {
    "run": lambda: subprocess.run([sys.executable, "-V"], check=False),
    "popen": lambda: subprocess.Popen([sys.executable, "-V"]),
    "ours": lambda: process.run(process.Command((sys.executable, "-V"), {})),
    "fork": lambda: os.fork() or os._exit(0),
    "system": lambda: os.system("true"),
    "spawn": lambda: os.posix_spawn(sys.executable, [sys.executable, "-V"], {}),
    "socket": lambda: connected(socket.socket()),
    "libpq": lambda: psycopg.connect("postgres://127.0.0.1:9/d"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_unit_test_that_starts_a_process_or_connects_fails(way: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="its place is tests/integration"):
        way()
