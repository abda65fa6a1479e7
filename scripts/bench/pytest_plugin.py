#!/usr/bin/env python3
"""Measures the pytest plugin beside pytest-postgresql; --write puts the result into docs/pytest.md.

Both have a schema of 100 tables, the same programs of PostgreSQL and no flushes to the disk. PostgreSQL does
not run as root, and pytest-postgresql knows no other account: then all runs are by the account postgres or
nobody.
"""

import argparse
import os
import pwd
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "pytest.md"
MARKED = re.compile(r"(?s)(?<=<!-- measured:begin -->\n).*?(?=<!-- measured:end -->)")
TABLES, TESTS = 100, 40
TABLE = "create table public.t{0} (id int primary key, name text);\ncreate index on public.t{0} (name);\n"
BODY = "        connection.execute(\"insert into t1 values (1, 'x')\")\n"
OURS = (
    "import psycopg, pytest\n"
    "@pytest.mark.parametrize('number', range({0}))\n"
    "def test_it(migrated_database, number):\n"
    "    with psycopg.connect(migrated_database) as connection:\n" + BODY
)
THEIRS = (
    "import pathlib, pytest\n"
    "from pytest_postgresql import factories\n"
    "options = '-c fsync=off -c synchronous_commit=off -c full_page_writes=off'\n"
    "server = factories.postgresql_proc(executable='{1}', postgres_options=options,\n"
    "    load=[pathlib.Path(__file__).with_name('schema.sql')])\n"
    "connected = factories.postgresql('server')\n"
    "@pytest.mark.parametrize('number', range({0}))\n"
    "def test_it(connected, number):\n"
    "    with connected as connection:\n" + BODY
)
PG_CTL = "from dbmate_wrap.cluster import binaries; print(binaries.embedded().bin_dir / 'pg_ctl')"

IMPORT = (
    "import pytest, time; begin = time.process_time(); import dbmate_wrap.pytest_plugin.plugin;"
    " print(time.process_time() - begin)"
)


class Bench:
    """A folder with the environment and the tests, and the account that runs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names = [each.pw_name for each in pwd.getpwall() if each.pw_name in ("postgres", "nobody")]
        self.account = max(names) if os.geteuid() == 0 else None
        self.python = folder / "venv" / "bin" / "python"
        subprocess.run([interpreter(self.account), "-m", "venv", folder / "venv"], check=True)
        packages = [f"{ROOT}[pytest]", "pytest-postgresql", "pytest-xdist"]
        subprocess.run([self.python, "-m", "pip", "install", "-q", *packages], check=True)
        self.write()

    def write(self) -> None:
        """Write the migrations, the same as one file, and the tests; all belongs to the account."""
        migrations = self.folder / "db" / "migrations"
        migrations.mkdir(parents=True)
        for number in range(1, TABLES + 1):
            text = f"-- migrate:up\n{TABLE.format(number)}\n-- migrate:down\ndrop table public.t{number};\n"
            (migrations / f"{number:03}_t.sql").write_text(text)
        (self.folder / "schema.sql").write_text("".join(TABLE.format(n) for n in range(1, TABLES + 1)))
        found = subprocess.run([self.python, "-c", PG_CTL], check=True, capture_output=True, text=True)
        for number in (1, TESTS):
            (self.folder / f"ours_{number}.py").write_text(OURS.format(number))
            (self.folder / f"theirs_{number}.py").write_text(THEIRS.format(number, found.stdout.strip()))
        (self.folder / "pytest.ini").write_text("[pytest]\n")
        if self.account is not None:
            subprocess.run(["chown", "-R", self.account, self.folder], check=True)

    def run(self, *words: str) -> float:
        """Run pytest, and return its seconds."""
        argv = [str(self.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        start = time.perf_counter()
        done = subprocess.run(
            argv, cwd=self.folder, user=self.account, env=self.environment(), capture_output=True, text=True
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - start

    def import_seconds(self) -> float:
        """Return the time that the processor needs for what a pytest without our fixtures imports of us."""
        done = subprocess.run([self.python, "-c", IMPORT], check=True, capture_output=True, text=True)
        return float(done.stdout)

    def forget(self) -> None:
        """Let the next run of ours find nothing in the cache."""
        subprocess.run(["rm", "-rf", self.folder / ".dbmate-wrap"], check=True)

    def environment(self) -> Mapping[str, str]:
        """The environment of the runs."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}


def interpreter(account: str | None) -> str:
    """Return a Python that the account can run: root's own may be in a folder that is closed to others."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run([candidate, "-c", "import ensurepip, tomllib, venv"], user=account, cwd="/")
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    raise SystemExit(f"the account {account} can run no Python here with venv, 3.11 or newer")


def measure(bench: Bench, repeat: int) -> dict[str, list[float]]:
    """Return the seconds of each kind of run; the kinds take turns."""
    runs: dict[str, Sequence[str]] = {
        "cold": ("ours_1.py",),
        "ours 1": ("ours_1.py",),
        "ours": (f"ours_{TESTS}.py",),
        "ours x4": (f"ours_{TESTS}.py", "-n", "4"),
        "theirs 1": ("theirs_1.py",),
        "theirs": (f"theirs_{TESTS}.py",),
        "theirs x4": (f"theirs_{TESTS}.py", "-n", "4"),
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeat):
        for name, words in runs.items():
            if name == "cold":
                bench.forget()
            found[name].append(bench.run(*words))
        print(f"{turn + 1} of {repeat}", file=sys.stderr)
    return found


def report(found: Mapping[str, Sequence[float]], imports: float) -> str:
    """Return the table as Markdown; `imports` are the seconds of a run that uses no fixture."""
    # Others work on the machine: the fastest run is the one that they hindered least.
    at = {name: min(seconds) for name, seconds in found.items()}

    def each(name: str) -> str:
        return f"{(at[name] - at[f'{name} 1']) / (TESTS - 1) * 1000:.0f} ms"

    def seconds(name: str) -> str:
        return f"{at[name]:.1f} s (median {statistics.median(found[name]):.1f})"

    rows = [
        ("measured", "dbmate-wrap", "pytest-postgresql"),
        ("---", "---", "---"),
        ("one test, nothing cached", seconds("cold"), seconds("theirs 1")),
        ("one test, in the next run", seconds("ours 1"), seconds("theirs 1")),
        ("each further test", each("ours"), each("theirs")),
        (f"{TESTS} tests", seconds("ours"), seconds("theirs")),
        (f"{TESTS} tests, four workers", seconds("ours x4"), seconds("theirs x4")),
    ]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    cost = f"A run without the fixtures imports the plugin, {imports * 1000:.1f} ms, and nothing else."
    return f"{lines}\n\n{cost}\n"


def main() -> None:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/pytest.md")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-pytest-") as name:
        Path(name).chmod(0o755)
        bench = Bench(Path(name))
        text = report(measure(bench, options.repeat), min(bench.import_seconds() for _ in range(10)))
    print(text)
    if options.write:
        PAGE.write_text(MARKED.sub(lambda _: text, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
