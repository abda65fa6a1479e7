"""Measures commands as processes: generated projects, children timed in turns, medians."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.server import Endpoint, destroy

ROOT = Path(__file__).resolve().parents[2]
WRAP = [str(Path(sys.executable).parent / "dbmate-wrap")]
# Variables of libpq, and of the peers.
_OTHERS = ("PG", "SQITCH", "DJANGO", "ALEMBIC", "NODE_", "KNEX", "PYTHON")
DBMATE = str(Path(sys.executable).parent / "dbmate")


@dataclass(frozen=True)
class Run:
    """One timed child: wall time in seconds, peak resident memory in MiB (its own or its largest child's)."""

    seconds: float
    mebibytes: float


@dataclass(frozen=True)
class Project:
    """A generated project on a database of its own."""

    folder: Path
    url: str

    @property
    def database(self) -> str:
        """The name of its database."""
        return self.url.partition("?")[0].rpartition("/")[2]

    def wrap(self, *words: str, ends: int = 0) -> Run:
        """Run our command there; `ends` is the exit code."""
        command = [*WRAP, *words, "-e", "bench", "-q"]
        return timed(command, cwd=self.folder, extra={"BENCH_DATABASE_URL": self.url}, ends=ends)

    def dbmate(self, *words: str) -> Run:
        """Run the real dbmate there."""
        extra = {"DATABASE_URL": f"{self.url}&sslmode=disable"}
        return timed([DBMATE, "-d", "db/migrations", *words], cwd=self.folder, extra=extra)


@contextmanager
def project(server: Endpoint, migrations: int) -> Iterator[Project]:
    """A project of `migrations` small tables, sealed, on a new database; both are removed."""
    with folder_of(migrations) as folder, new_database(server) as url:
        yield Project(folder, url)


@contextmanager
def new_database(server: Endpoint) -> Iterator[str]:
    """The URL of a new database, which is removed."""
    name = f"bench_{time.monotonic_ns()}"
    psql(server, f"create database {name}")
    try:
        yield f"postgres://{server.user}@/{name}?host={server.socket_dir}&port={server.port}"
    finally:
        psql(server, f"drop database {name} with (force)")


@contextmanager
def folder_of(migrations: int) -> Iterator[Path]:
    """A project folder of `migrations` small tables, sealed."""
    with scratch() as folder:
        made = folder / "db" / "migrations"
        made.mkdir(parents=True)
        for number in range(1, migrations + 1):
            add_migration(made, number)
        (folder / "dbmate-wrap.toml").write_text("[environments.bench]\n")
        subprocess.run([*WRAP, "seal"], cwd=folder, env=environment(), check=True, capture_output=True)
        yield folder


def add_migration(folder: Path, number: int, column: str = "name") -> None:
    """One small table; `column` makes two files of one number differ."""
    (folder / f"{number:04}_table_{number}.sql").write_text(
        f"-- migrate:up\ncreate table public.t{number} (\n"
        f"    id bigint primary key,\n    {column} text not null\n);\n"
        f"\n-- migrate:down\ndrop table public.t{number};\n"
    )


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="dbmate-wrap-bench-") as folder:
        yield Path(folder)


def psql(server: Endpoint, statements: str, database: str = "postgres") -> str:
    """Run one statement, or several in one transaction; return what they answer, unaligned."""
    program = binaries.embedded().bin_dir / "psql"
    argv = [
        str(program),
        "-h",
        str(server.socket_dir),
        "-p",
        str(server.port),
        "-U",
        server.user,
        "-qXAtv",
        "ON_ERROR_STOP=1",
        database,
    ]
    return subprocess.run(argv, check=True, capture_output=True, input=statements, text=True).stdout


def environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what would change the measurement."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if "DATABASE_URL" not in name and "DBMATE" not in name and not name.startswith(_OTHERS)
    }
    return kept | (extra or {})


def forget_shadows(folder: Path) -> None:
    """Remove the shadow servers of `folder`, wherever their data lies."""
    shadow = folder / ".dbmate-wrap" / "shadow"
    for home in shadow.glob("*"):
        if home.is_dir():
            destroy(home)
    shutil.rmtree(shadow, ignore_errors=True)


def timed(argv: list[str], cwd: Path = ROOT, extra: dict[str, str] | None = None, *, ends: int = 0) -> Run:
    """Run a child to its end; `ends` is the exit code that it must have, or SystemExit says what it said."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(
            argv, cwd=cwd, env=environment(extra), stdout=subprocess.DEVNULL, stderr=said
        )
        _, ended, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(ended)
        if child.returncode != ends:
            said.seek(0)
            end = said.read()[-500:].decode("utf-8", "replace").strip()
            raise SystemExit(f"{' '.join(argv)} ended with {child.returncode}: {end}")
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Run(seconds, usage.ru_maxrss / unit)


def in_turns(repeat: int, *measurements: Callable[[], Run]) -> list[list[Run]]:
    """Each measurement `repeat` times, in turns: whatever else the machine does, it does to all of them."""
    runs: list[list[Run]] = [[] for _ in measurements]
    for _ in range(repeat):
        for number, measure in enumerate(measurements):
            runs[number].append(measure())
    return runs


def median(runs: list[Run]) -> float:
    """The median wall time in seconds."""
    return statistics.median(run.seconds for run in runs)


def ms(runs: list[Run]) -> str:
    """The median wall time, for people."""
    return f"{median(runs) * 1000:.0f} ms"
