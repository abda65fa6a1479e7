"""Measures `plan` of five pending migrations on 300 tables, and counts what it asks the live server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import Project, forget_shadows, in_turns, ms, project, psql
from scripts.bench.rows import Row
from scripts.bench.samples import milliseconds

_PENDING = {
    "0301_index": "create index t1_name on public.t1 (name);",
    "0302_key": "alter table public.t2 add column parent bigint references public.t1 (id);",
    "0303_check": "alter table public.t3 add constraint named check (name <> '') not valid;",
    "0304_valid": "alter table public.t3 validate constraint named;",
    "0305_type": "alter table public.t4 alter column name type varchar(200);",
}
_QUERY = re.compile(r"LOG:  (?:statement|execute)")


def plan_rows(server: Endpoint, repeat: int) -> list[Row]:
    """What is promised of `plan`."""
    with _pending(server) as made:
        made.wrap("plan")  # The template of the history is made once.
        warm, start = in_turns(repeat, lambda: made.wrap("plan"), lambda: made.wrap("status"))
        log = _log_of(server)
        asked = _queries(server, log, made, "plan") - _queries(server, log, made, "status")
    return [
        Row(
            "`plan` of 5 pending migrations on 300 tables, cache warm, a second of traffic included",
            milliseconds(warm),
            "ms",
            3000,
            f"`status` {ms(start)}",
        ),
        Row("its queries to the live server, beyond those of `status`", [asked], "", 10),
    ]


def _log_of(server: Endpoint) -> Path:
    """Return the log, which is beside the data."""
    return Path(psql(server, "show data_directory").strip()).parent / "log"


def _queries(server: Endpoint, log: Path, made: Project, verb: str) -> int:
    psql(server, f"alter database {made.database} set log_statement = 'all'")
    before = log.stat().st_size
    made.wrap(verb)
    psql(server, f"alter database {made.database} reset log_statement")
    with log.open("rb") as file:
        file.seek(before)
        return len(_QUERY.findall(file.read().decode("utf-8", "replace")))


@contextmanager
def _pending(server: Endpoint) -> Iterator[Project]:
    """A project with 300 applied migrations of a table each, and five that are pending."""
    with project(server, 300) as made:
        made.wrap("up")
        for name, text in _PENDING.items():
            file = made.folder / "db" / "migrations" / f"{name}.sql"
            file.write_text(f"-- migrate:up\n{text}\n\n-- migrate:down\n")
        made.wrap("seal")
        try:
            yield made
        finally:
            forget_shadows(made.folder)
