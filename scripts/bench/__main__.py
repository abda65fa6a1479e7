"""Measures what docs/benchmarks.md promises; with --write, writes the numbers there."""

import argparse
import os
import platform
import shutil
import sys
from pathlib import Path

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.server import Endpoint, destroy
from dbmate_wrap.cluster.temporary import temporary
from scripts.bench.adoption import adoption_rows
from scripts.bench.check import check_rows
from scripts.bench.environments import environment_rows
from scripts.bench.fleet import fleet_rows
from scripts.bench.measure import WRAP, Row, Run, in_turns, median, ms, project, scratch, timed
from scripts.bench.plan import plan_rows

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run every measurement and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument(
        "--repeat", type=int, default=7, help="runs a measurement; medians are shown (default 7)"
    )
    arguments = parser.parse_args()
    rows = [version(arguments.repeat * 3)]
    with temporary(binaries.embedded()) as server:
        rows += status(server, arguments.repeat)
        rows += up_of_a_thousand(server, max(arguments.repeat // 2, 3))
        rows.append(no_op_up(server, arguments.repeat))
        rows += adoption_rows(server, max(arguments.repeat // 2, 3))
        rows += plan_rows(server, max(arguments.repeat // 2, 3))
        rows += environment_rows(server, max(arguments.repeat // 2, 3))
        rows += fleet_rows(server, max(arguments.repeat // 2, 3))
    rows.append(embedded_from_nothing())
    rows += check_rows(max(arguments.repeat // 2, 3))
    text = table(rows)
    print(text)
    if arguments.write:
        write(text)


def version(repeat: int) -> Row:
    """`--version` against an empty interpreter, in turns."""
    empty, ours = in_turns(
        repeat, lambda: timed([sys.executable, "-c", "pass"]), lambda: timed([*WRAP, "--version"])
    )
    ratio = median(ours) / median(empty)
    return Row(
        "`dbmate-wrap --version` against `python -c pass`",
        f"{ratio:.1f}x ({ms(ours)} against {ms(empty)})",
        "at most 8x",
    )


def status(server: Endpoint, repeat: int) -> list[Row]:
    """`status` on applied histories of 100 and of 1,000, in turns, beside dbmate's own."""
    with project(server, 100) as small, project(server, 1000) as large:
        for made in (small, large):
            made.wrap("up")
        hundred, thousand, raw = in_turns(
            repeat, lambda: small.wrap("status"), lambda: large.wrap("status"), lambda: small.dbmate("status")
        )
    ratio = median(thousand) / median(hundred)
    return [
        Row(
            "`status`, 100 applied",
            f"{ms(hundred)} (dbmate's own: {ms(raw)})",
            "at most 350 ms",
        ),
        Row("`status`, 1,000 applied", f"{ms(thousand)}, {ratio:.2f}x of 100", "at most 1.2x of 100"),
    ]


def up_of_a_thousand(server: Endpoint, repeat: int) -> list[Row]:
    """`up` of 1,000 pending migrations on a new database against raw `dbmate migrate`, in turns."""

    def ours() -> Run:
        with project(server, 1000) as made:
            return made.wrap("up")

    def raw() -> Run:
        with project(server, 1000) as made:
            return made.dbmate("--no-dump-schema", "migrate")

    mine, theirs = in_turns(repeat, ours, raw)
    ratio = median(mine) / median(theirs)
    peak = max(run.mebibytes for run in mine)
    return [
        Row(
            "`up` of 1,000 on a new database against raw `dbmate migrate`",
            f"{ratio:.2f}x ({ms(mine)} against {ms(theirs)})",
            "at most 1.15x",
        ),
        Row("its memory", f"{peak:.0f} MiB", "at most 120 MiB"),
    ]


def no_op_up(server: Endpoint, repeat: int) -> Row:
    """`up` with nothing pending against `status`, in turns."""
    with project(server, 100) as made:
        made.wrap("up")
        nothing, shown = in_turns(repeat, lambda: made.wrap("up"), lambda: made.wrap("status"))
    added = (median(nothing) - median(shown)) * 1000
    return Row("`up` with nothing pending, beyond `status`", f"{added:+.0f} ms", "at most +60 ms")


def embedded_from_nothing() -> Row:
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
    return Row("from `make setup` done to a migrated embedded database", ms([run]), "at most 4,000 ms")


def table(rows: list[Row]) -> str:
    """Markdown."""
    lines = ["| measured | result | goal |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {row.name} | {row.measured} | {row.goal} |" for row in rows)])


_WHERE = """## Where the time goes

A command is mostly imports: typer with pydantic about 110 ms, pydantic-settings 50 ms, psycopg 50 ms. An
`up` with something pending adds PostgreSQL's parser (70 ms, and 20 ms for a thousand migrations), preflight,
advisory lock and stamp (40 ms), and for a thousand migrations reading, checking, staging and the ledger
(150 ms). That is why the goal for a thousand is missed: the start and the safety cost 0.6 s, whatever dbmate
takes.

`check` spends 0.5 s before it needs a server: imports, SQL parser and rules, squawk. With a warm cache the
rest is to start the shadow server and copy a template (0.15 s), three runs of dbmate, a pg_dump after each
(0.1 s for a thousand tables). With nothing cached it is initdb (0.4 s) and dbmate itself.

A database of a fleet costs some 60 ms of the server's time in `fleet up` (three sessions with empty catalog
caches, of which preflight takes a third) and 40 ms of ours, where dbmate alone costs 13 and 13: with the
server on the same two cores that is all there is. Guards, lock, ledger and history are what it pays for.
"""


def write(text: str) -> None:
    """Write docs/benchmarks.md."""
    page = (
        "# Benchmarks\n\nWritten by `make bench`. Medians of runs taken in turns on a shared "
        f"machine ({os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}): trust the ratios more than the milliseconds.\n\n"
    )
    (ROOT / "docs" / "benchmarks.md").write_text(f"{page}{text}\n\n{_WHERE}", encoding="utf-8")


if __name__ == "__main__":
    main()
