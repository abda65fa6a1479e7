"""Measures `snapshot`, `baseline` and `drift` beside pg_dump, on generated schemas."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import Project, Run, forget_shadows, in_turns, ms, project, psql, timed
from scripts.bench.rows import Row
from scripts.bench.samples import beyond, mebibytes, milliseconds, ratios

_TABLE = """
create table public.t{number} (
    id bigint generated always as identity primary key,
    name text not null default 'x',
    amount numeric(10, 2) check (amount between 0 and 100000),
    kind varchar(10) check (kind in ('a', 'b')),
    parent bigint references public.t{number},
    tags text[] not null default '{{}}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index on public.t{number} (name);
create index on public.t{number} (parent);
comment on table public.t{number} is 'Table {number} of many';
"""
_PLANTED = 20
_DRIFT = 33


def adoption_rows(server: Endpoint, repeat: int) -> list[Row]:
    """All that is promised of the three verbs."""
    return [*_drift(server, repeat), *_snapshot(server, repeat)]


def _drift(server: Endpoint, repeat: int) -> list[Row]:
    """`drift` on 300 tables, without and with differences, against pg_dump and the start of the tool."""
    with _schema(server, 300) as made:
        for verb in ("snapshot", "seal", "baseline", "drift"):
            made.wrap(verb)
        same, dump, start = in_turns(
            repeat, lambda: made.wrap("drift"), lambda: _dump(made), lambda: made.wrap("status")
        )
        for number in range(_PLANTED // 2):
            psql(server, f"drop index public.t{number}_name_idx", made.database)
            psql(server, f"alter table public.t{number} alter column name drop default", made.database)
        other, again = in_turns(repeat, lambda: made.wrap("drift", ends=_DRIFT), lambda: _dump(made))
    return [
        Row(
            "`drift` on 300 tables without differences, beyond `status`, against pg_dump",
            _against_dump(same, start, dump),
            "x",
            3,
            f"{ms(same)}, {ms(start)} and {ms(dump)}",
        ),
        Row(f"with {_PLANTED} differences", _against_dump(other, start, again), "x", 6, ms(other)),
    ]


def _against_dump(whole: list[Run], start: list[Run], dump: list[Run]) -> list[float]:
    """What a verb takes beyond the start of the tool, in times of pg_dump, of each turn."""
    turns = zip(beyond(whole, start), milliseconds(dump), strict=True)
    return [round(more / dumped, 3) for more, dumped in turns]


def _snapshot(server: Endpoint, repeat: int) -> list[Row]:
    """`snapshot` and `baseline` on 1,000 tables against pg_dump."""
    with _schema(server, 1000) as made:

        def snapshot() -> Run:
            shutil.rmtree(made.folder / "db" / "migrations", ignore_errors=True)
            return made.wrap("snapshot")

        first = snapshot()
        written, dump = in_turns(repeat, snapshot, lambda: _dump(made))
        made.wrap("seal")
        [compared] = in_turns(repeat, lambda: made.wrap("baseline", "--dry-run"))
    return [
        Row(
            "`snapshot` of 1,000 tables against pg_dump",
            ratios(written, dump),
            "x",
            4,
            f"{ms(written)} and {ms(dump)}",
        ),
        Row("the first one, with a new shadow server", milliseconds([first]), "ms"),
        Row("its memory", mebibytes(written), "MiB", 250),
        Row(
            "`baseline --dry-run` on them against `snapshot`", ratios(compared, written), "x", 1, ms(compared)
        ),
    ]


def _dump(made: Project) -> Run:
    return timed([str(binaries.embedded().bin_dir / "pg_dump"), "--schema-only", made.url])


@contextmanager
def _schema(server: Endpoint, tables: int) -> Iterator[Project]:
    """A project without migrations, on a database with so many tables."""
    with project(server, 0) as made:
        psql(server, "".join(_TABLE.format(number=number) for number in range(tables)), made.database)
        try:
            yield made
        finally:
            forget_shadows(made.folder)
