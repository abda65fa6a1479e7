"""How long the same bytes took in other environments, from the ledgers of real databases."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.ledger import Ledger, Origin, Provenance, Record, Run
from dbmate_wrap.domain.live_relation import Took
from dbmate_wrap.postgres import ledger, ledger_write, stamp
from dbmate_wrap.redact import Secrets
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.took_elsewhere import read_durations
from tests.support.consoles import RecordedConsole
from tests.support.migrations import parsed_migration
from tests.support.network import black_hole
from tests.support.projects import MakeProject
from tests.support.servers import Database, Server
from tests.support.sessions import open_session

pytestmark = pytest.mark.integration

FIRST, SECOND = parsed_migration("001_a.sql", "select 1;"), parsed_migration("002_b.sql", "select 2;")
HISTORY = "public.schema_migrations"
PASSWORD = "never-Shown-77"


def fill_ledger(database: Database, environment: str, *records: Record) -> None:
    run = Run("r1", "up", environment, "0.1.0", None, HISTORY, Provenance(None, None, None, git_dirty=None))
    with open_session(database) as session:
        found = ledger.read(session, HISTORY)
        assert isinstance(found, Ledger)
        assert ledger_write.ensure(session, found) is None
        found = ledger.read(session, HISTORY)
        assert isinstance(found, Ledger)
        assert ledger_write.begin_run(session, run, found.access) is None
        assert ledger_write.record(session, run.run_id, records) is None
        assert stamp.write(session, found.access, environment=environment, run_id=run.run_id) is None


@pytest.fixture
def context(project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Context]:
    def make(said: list[str], **urls: str) -> Context:
        names = "".join(f"[environments.{name}]\n" for name in urls)
        folder = project(toml=f'connect_timeout = "2s"\n{names}')
        for name, url in urls.items():
            monkeypatch.setenv(f"{name.upper()}_DATABASE_URL", url)
        loaded = settings.load(folder.root, "production")
        invocation = Invocation("plan", "0123456789ab")
        console = RecordedConsole(said.append)
        here = loaded.environment("production")
        return Context(
            loaded, here, invocation, Secrets(), console, Path(sys.executable).parent, "/usr/bin:/bin"
        )

    return make


def test_durations_of_runs_are_read_by_checksum_from_all_that_answer(
    context: Callable[..., Context], embedded: Server, embedded_database: Database
) -> None:
    embedded_database.execute("create table t as select generate_series(1, 1000)")
    first, second = FIRST.file, SECOND.file
    fill_ledger(
        embedded_database,
        "staging",
        # Another number, the same bytes; the last time counts.
        Record("900", "900_a.sql", first.checksum, Origin.APPLIED, 1),
        Record("901", "901_a.sql", first.checksum, Origin.APPLIED, 38_500),
        Record("902", "902_x.sql", first.checksum, Origin.ADOPTED, None),
        Record("002", "002_b.sql", second.checksum, Origin.BASELINE, 7),
    )
    said: list[str] = []
    with embedded.new_database() as empty, embedded.new_database() as foreign, black_hole() as port:
        fill_ledger(foreign, "somebody", Record("001", "001_a.sql", first.checksum, Origin.APPLIED, 5))
        there = context(
            said,
            production=foreign.url.replace(foreign.name, "none"),
            staging=embedded_database.url,
            empty=empty.url,
            foreign=foreign.url,
            far=f"postgres://u:{PASSWORD}@127.0.0.1:{port}/d",
            broken="postgres://u@h:port/d",
        )
        found = read_durations(there, [FIRST, SECOND], {"001": ["public.t", "public.gone"]})
    [took] = found.took["001"]
    assert list(found.took) == ["001"]
    assert replace(took, bytes=0) == Took("staging", 0, 38.5)
    assert took.bytes is not None
    assert took.bytes >= 8192
    note = "2 other environments could not be asked how long these migrations took there: broken, far"
    assert found.notes == (note,)
    # They were not there to be written to.
    assert not any("error" in line for line in said)


def test_nobody_is_asked_where_nothing_is_pending(context: Callable[..., Context]) -> None:
    said: list[str] = []
    found = read_durations(context(said, staging="postgres://u@h:port/d"), [])
    assert (found.took, found.notes, said) == ({}, (), [])
