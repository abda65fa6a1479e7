"""Measures what is typed every day, on a server without flushes: version, status, up, and the first start."""

import shutil
import sys

from dbmate_wrap.cluster.server import Endpoint, destroy
from scripts.bench.measure import ROOT, WRAP, Project, Run, in_turns, ms, project, scratch, timed
from scripts.bench.rows import Row
from scripts.bench.samples import beyond, mebibytes, milliseconds, ratios

# What `status` imports of others, in its order; then only that is imported.
_LISTED = """
import sys
before = set(sys.modules)
sys.argv = ["dbmate-wrap", "status", "-e", "bench", "-q"]
from dbmate_wrap.cli.main import run_command_line
try:
    run_command_line()
except SystemExit as end:
    assert not end.code, end.code
names = [name for name in sys.modules if name not in before and name.partition(".")[0] != "dbmate_wrap"]
names = [name for name in names if name.replace(".", "").isidentifier() and name != "__main__"]
open("imports.py", "w").write("".join(f"import {name}\\n" for name in names))
"""


def command_rows(server: Endpoint, repeat: int) -> list[Row]:
    """All that is promised of them."""
    return [
        _version(repeat * 3),
        *_status(server, repeat),
        *_up_of_a_thousand(server, repeat),
        _no_op_up(server, repeat),
        _embedded_from_nothing(),
    ]


def _version(repeat: int) -> Row:
    """`--version` against an empty interpreter, in turns."""
    empty, ours = in_turns(
        repeat, lambda: timed([sys.executable, "-c", "pass"]), lambda: timed([*WRAP, "--version"])
    )
    name = "`dbmate-wrap --version` against `python -c pass`"
    return Row(name, ratios(ours, empty), "x", 8, f"{ms(ours)} and {ms(empty)}")


def _status(server: Endpoint, repeat: int) -> list[Row]:
    """`status` on applied histories of 100 and of 1,000, in turns, beside dbmate's own, and its imports."""
    with project(server, 100) as small, project(server, 1000) as large:
        for made in (small, large):
            made.wrap("up")
        timed([sys.executable, "-c", _LISTED], small.folder, {"BENCH_DATABASE_URL": small.url})
        hundred, thousand, raw, imports = in_turns(
            repeat,
            lambda: small.wrap("status"),
            lambda: large.wrap("status"),
            lambda: small.dbmate("status"),
            lambda: _imports(small),
        )
    return [
        Row("`status`, 100 applied", milliseconds(hundred), "ms", 350, f"dbmate's own {ms(raw)}"),
        Row(
            "`status`, 100 applied, against the import of its libraries alone",
            ratios(hundred, imports),
            "x",
            1.05,
            ms(imports),
        ),
        Row("`status`, 1,000 applied, against 100", ratios(thousand, hundred), "x", 1.2, ms(thousand)),
    ]


def _imports(made: Project) -> Run:
    return timed([sys.executable, "imports.py"], made.folder)


def _up_of_a_thousand(server: Endpoint, repeat: int) -> list[Row]:
    """`up` of 1,000 pending migrations on a new database against raw `dbmate migrate`, in turns."""

    def ours() -> Run:
        with project(server, 1000) as made:
            return made.wrap("up")

    def raw() -> Run:
        with project(server, 1000) as made:
            return made.dbmate("--no-dump-schema", "migrate")

    mine, theirs = in_turns(repeat, ours, raw)
    name = "`up` of 1,000 on a new database against `dbmate migrate`, without flushes"
    return [
        Row(name, ratios(mine, theirs), "x", 1.15, f"{ms(mine)} and {ms(theirs)}"),
        Row("its memory", mebibytes(mine), "MiB", 120),
    ]


def _no_op_up(server: Endpoint, repeat: int) -> Row:
    """`up` with nothing pending against `status`, in turns."""
    with project(server, 100) as made:
        made.wrap("up")
        nothing, shown = in_turns(repeat, lambda: made.wrap("up"), lambda: made.wrap("status"))
    name = "`up` with nothing pending, beyond `status`"
    return Row(name, beyond(nothing, shown), "ms", 60, f"{ms(nothing)} and {ms(shown)}")


def _embedded_from_nothing() -> Row:
    """From an installed tool to this repository's own migrations applied in a new embedded server."""
    with scratch() as folder:
        for name in ("db", "pyproject.toml"):
            source = ROOT / name
            shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder)
        try:
            run = timed([*WRAP, "up"], cwd=folder)
        finally:
            # Its data may lie elsewhere, where root runs it: see cluster/data_directory.py.
            destroy(folder / ".dbmate-wrap" / "postgres")
    return Row("from `make setup` done to a migrated embedded database", milliseconds([run]), "ms", 4000)
