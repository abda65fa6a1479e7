"""A project with a fleet of one environment, whose databases and processes are none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Generic, TypeVar

import pytest

from dbmate_wrap import settings
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.fleet import run as fleet_run
from dbmate_wrap.fleet.journal import TargetDocuments
from dbmate_wrap.fleet.messages import TargetProcesses
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace.context import Context
from tests.support.consoles import FakeConsole
from tests.support.fleet_databases import Databases
from tests.support.fleet_runs import STARTED, FakeRun, context_of, outcome_of
from tests.support.projects import migration
from tests.support.settings_files import empty_project, write

_R = TypeVar("_R")
MIGRATIONS = {
    "001_a.sql": migration("create table public.a (id int);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (id int);", "drop table public.b;"),
    "003_c.sql": migration("create table public.c (id int);", "drop table public.c;"),
}


@dataclass
class FakeFork(Generic[_R]):
    """Gives the processes of a `FakeRun`, and keeps what each of them would get."""

    run: FakeRun
    prepared: int = 0
    requests: list[_R] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)

    def prepare(self) -> None:
        self.prepared += 1

    def share(self, context: Context, request: _R) -> TargetProcesses:
        self.contexts.append(context)
        self.requests.append(request)
        return self.run


@dataclass
class FleetProject:
    """The project; `targets` are names, of which those that begin with c are canaries."""

    root: Path
    monkeypatch: pytest.MonkeyPatch
    run: FakeRun = field(default_factory=FakeRun)
    console: FakeConsole = field(default_factory=FakeConsole)
    reported: list[Outcome] = field(default_factory=list)
    whole: Outcome = field(default_factory=lambda: Outcome("fleet up", "staging", "0123456789ab", STARTED))

    def set_up(self, databases: Databases, keys: str = "", environment: str = "") -> None:
        """Write the settings and the list, and let the targets be these databases."""
        lines = [f"{name},{'canary' if name.startswith('c') else ''}" for name in databases.answers]
        own = f'[environments.staging]\n{environment}\n[fleets.tenants]\nenvironment = "staging"\n'
        files = {
            "dbmate-wrap.toml": f'{own}targets = "tenants.csv"\n{keys}\n',
            "tenants.csv": "\n".join(["name,wave", *lines]),
        }
        write(self.root, files)
        databases.install(self.monkeypatch)

    def load(self) -> tuple[Context, FleetSettings]:
        """The context of a run, and the fleet."""
        project = settings.load(environment="staging")
        return context_of(project, self.console), project.fleet()

    @property
    def documents(self) -> TargetDocuments:
        """Keeps the documents in `reported`."""
        return TargetDocuments(outcome_of, self.reported.append)

    @property
    def told(self) -> dict[str, tuple[str, int]]:
        """The state and the exit code that each target's document has."""
        found = {}
        for outcome in self.reported:
            row = outcome.result.fleet_target  # type: ignore[union-attr]
            assert row.name not in found
            found[row.name] = (row.state, int(outcome.exit))
        return found

    @property
    def error(self) -> ErrorReport:
        """The error of the whole run."""
        assert self.whole.error is not None
        return self.whole.error


def fleet_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FleetProject:
    """A project with three sealed migrations, and nothing of it that waits or has signals."""
    root = empty_project(folder, monkeypatch)
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://app:hunter2-Long@db.example.com/crm")
    write(root, {f"db/migrations/{name}": text for name, text in MIGRATIONS.items()})
    write(root, {"db/migrations.lock": "\n".join(_sealed(list(MIGRATIONS)))})
    made = FleetProject(root, monkeypatch)
    monkeypatch.setattr(fleet_run, "wait_for", made.run.wait_for)
    monkeypatch.setattr(fleet_run, "signals_held", made.run.signals_held)
    return made


def _sealed(names: Sequence[str]) -> list[str]:
    sums = {name: sha256(MIGRATIONS[name].encode()).hexdigest() for name in names}
    return ["# made by the tests", *(f"{name} sha256:{sums[name]}" for name in names), ""]
