"""Measures fleets beside GNU parallel running dbmate alone over the same databases."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import (
    DBMATE,
    WRAP,
    Run,
    add_migration,
    folder_of,
    in_turns,
    ms,
    new_database,
    psql,
    timed,
)
from scripts.bench.rows import Row
from scripts.bench.samples import mebibytes, milliseconds, ratios

_MANY, _FEW, _JOBS = 1000, 200, 8
_MIGRATIONS = 20


@dataclass(frozen=True)
class _Fleet:
    """A project with a fleet of databases that are all at one version; `base` is the URL of the first."""

    folder: Path
    base: str
    names: Sequence[str]

    def wrap(self, *words: str) -> Run:
        """Run a fleet command over all of them."""
        limits = ("--jobs", str(_JOBS), "--per-server", str(_JOBS))
        command = [*WRAP, "fleet", *words, *limits, "-q"]
        return timed(command, cwd=self.folder, extra={"BENCH_DATABASE_URL": self.base})

    def dbmate(self) -> Run:
        """Run dbmate alone on each, as many at once, by GNU parallel."""
        program = shutil.which("parallel")
        assert program is not None, "asked before"
        before, _, after = self.base.partition("?")
        url = f"{before.rpartition('/')[0]}/{{}}?{after}&sslmode=disable"
        up = f"DATABASE_URL='{url}' {DBMATE} -d db/migrations --no-dump-schema up"
        return timed([program, "--will-cite", "-j", str(_JOBS), "-a", "names.txt", up], cwd=self.folder)

    def add_migration(self) -> None:
        """Let all of them have something pending."""
        folder = self.folder / "db" / "migrations"
        add_migration(folder, len(list(folder.iterdir())) + 1)
        timed([*WRAP, "seal", "-q"], cwd=self.folder)


def fleet_rows(server: Endpoint, repeat: int) -> list[Row]:
    """What is promised of fleets."""
    with _fleet(server, _MANY) as fleet:
        status, no_op = in_turns(repeat, lambda: fleet.wrap("status"), lambda: fleet.wrap("up"))
    [memory] = mebibytes(status, no_op)
    rows = [
        Row(f"`fleet status` of {_MANY:,} databases, nothing pending", milliseconds(status), "ms", 10_000),
        Row(f"`fleet up` of {_MANY:,} databases, nothing pending", milliseconds(no_op), "ms", 10_000),
        Row("their memory", [memory], "MiB", 200),
    ]
    if shutil.which("parallel") is None:
        print("GNU parallel is missing: fleet up is not measured beside it", file=sys.stderr)
        return rows
    return [*rows, *_beside_parallel(server, repeat, memory)]


def _beside_parallel(server: Endpoint, repeat: int, memory: float) -> list[Row]:
    """One migration over few databases; `memory` is what many of them take, in MiB."""
    with _fleet(server, _FEW) as fleet:

        def ours() -> Run:
            fleet.add_migration()
            return fleet.wrap("up")

        def raw() -> Run:
            fleet.add_migration()
            return fleet.dbmate()

        up, loop = in_turns(repeat, ours, raw)
    [few] = mebibytes(up)
    name = f"`fleet up` of one migration over {_FEW} databases against GNU parallel with dbmate alone"
    flat = f"memory for {_MANY:,} databases against that for {_FEW}: flat"
    return [
        Row(name, ratios(up, loop), "x", 1.3, f"{ms(up)} and {ms(loop)}"),
        Row(flat, [round(memory / few, 3)], "x", 1.1, f"{memory:.0f} MiB and {few:.0f} MiB"),
    ]


@contextmanager
def _fleet(server: Endpoint, number: int) -> Iterator[_Fleet]:
    """A fleet of copies of one migrated database."""
    names = [f"fleet_{number}_{each}" for each in range(number)]
    with folder_of(_MIGRATIONS) as folder, new_database(server) as template:
        (folder / "targets.csv").write_text("name\n" + "".join(f"{name}\n" for name in names))
        (folder / "names.txt").write_text("".join(f"{name}\n" for name in names))
        with (folder / "dbmate-wrap.toml").open("a") as settings:
            settings.write('[fleets.all]\nenvironment = "bench"\ntargets = "targets.csv"\n')
        timed([*WRAP, "up", "-e", "bench", "-q"], cwd=folder, extra={"BENCH_DATABASE_URL": template})
        source = template.partition("?")[0].rpartition("/")[2]
        for name in names:
            psql(server, f"create database {name} template {source} strategy file_copy")
        fleet = _Fleet(folder, template.replace(f"/{source}?", f"/{names[0]}?"), names)
        try:
            # The copies get stamps of their own first.
            fleet.add_migration()
            fleet.wrap("up")
            yield fleet
        finally:
            for name in names:
                psql(server, f"drop database {name} with (force)")
