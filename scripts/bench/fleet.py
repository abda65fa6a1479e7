"""Measures fleets beside GNU parallel running dbmate alone over the same databases."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import (
    DBMATE,
    WRAP,
    Row,
    Run,
    add_migration,
    folder_of,
    in_turns,
    median,
    ms,
    new_database,
    psql,
    timed,
)

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
    memory = max(run.mebibytes for run in (*status, *no_op))
    rows = [
        Row(f"`fleet status` of {_MANY:,} databases, nothing pending", ms(status), "at most 10,000 ms"),
        Row(f"`fleet up` of {_MANY:,} databases, nothing pending", ms(no_op), "at most 10,000 ms"),
        Row("their memory", f"{memory:.0f} MiB", "at most 200 MiB"),
    ]
    if shutil.which("parallel") is None:
        return [
            *rows,
            Row(f"`fleet up` of one migration over {_FEW} databases", "GNU parallel is missing", ""),
        ]
    with _fleet(server, _FEW) as fleet:

        def ours() -> Run:
            fleet.add_migration()
            return fleet.wrap("up")

        def raw() -> Run:
            fleet.add_migration()
            return fleet.dbmate()

        up, loop = in_turns(repeat, ours, raw)
    name = f"`fleet up` of one migration over {_FEW} databases against GNU parallel with dbmate alone"
    ratio = f"{median(up) / median(loop):.2f}x ({ms(up)} against {ms(loop)})"
    flat = f"{max(run.mebibytes for run in up):.0f} MiB for {_FEW}, {memory:.0f} MiB for {_MANY:,}"
    return [*rows, Row(name, ratio, "at most 1.30x"), Row("its memory", flat, "flat")]


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
