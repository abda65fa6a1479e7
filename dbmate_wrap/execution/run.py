"""What a run of `up` stands on while dbmate works, and how that work is attended and read back."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from dbmate_wrap.dbmate.client import Dbmate, RunEvents
from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.domain.leftovers import DatabaseObject
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.execution.exclusive import HeldLock
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.workspace import history as histories
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.project_files import ProjectFiles

Inventory: TypeAlias = tuple[DatabaseObject, ...]


@dataclass
class Timings:
    """When each migration ended, and how long it took, as dbmate told; by file name."""

    ended: dict[str, tuple[float, float]] = field(default_factory=dict)

    def note(self, name: str, seconds: float) -> None:
        """dbmate has just ended with this file; from another thread."""
        self.ended[name] = (seconds, time.monotonic())

    def record(self, migration: ParsedMigration) -> Record:
        """The ledger's line for a migration that the database says was applied."""
        file = migration.file
        seconds, at = self.ended.get(file.name, (None, time.monotonic()))
        duration = None if seconds is None else round(seconds * 1000)
        ago = round((time.monotonic() - at) * 1000)
        return Record(file.version, file.name, file.checksum, Origin.APPLIED, duration, ago)


@dataclass(frozen=True)
class AttendedRun:
    """What applying stands on; `before` is the history as it was under the advisory lock."""

    call: Context
    session: Session
    dbmate: Dbmate
    files: ProjectFiles
    before: History
    tenure: HeldLock
    book: LedgerWriter
    watcher: Monitor
    clock: Timings = field(default_factory=Timings)
    begun: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    cut: list[int] = field(default_factory=list)

    def attendance(self) -> RunEvents:
        """What dbmate's run is attended by."""

        def started(name: str) -> None:
            self.begun.add(name)
            self.refused.discard(name)
            self.watcher.started(name)
            self.call.say(f"applying {name}")

        def tick() -> bool:
            self.watcher.tick()
            return self.tenure.tick() or self._begun_anew()

        return RunEvents(started, self.clock.note, tick)

    def _begun_anew(self) -> bool:
        # Outside a transaction dbmate's driver (Go's database/sql) sends the file once more, in silence, when
        # the connection was closed in good order before the answer came (seen with dbmate 2.37.0).
        former = self.watcher.former
        if former is None or catalog.is_connected(self.session, former, self.call.dbmate_name):
            return False
        self.cut.append(former)
        return True

    def read_again(self) -> History:
        """The history as it is now; what of it is this run's is recorded in the outcome."""
        server = catalog.read_server(self.session, self.call.environment.values.migrations_table)
        now = histories.read(self.call, self.session, server, self.files)
        self.call.outcome.applied = self.ours(now)
        return now

    def write_down(self, batch: Sequence[ParsedMigration]) -> None:
        """Record in the ledger what of `batch` this run applied."""
        # Whoever lost the lock may not speak for what another run has recorded meanwhile.
        self.tenure.demand()
        ours = self.call.outcome.applied
        self.book.write([self.clock.record(each) for each in batch if each.file.version in ours])

    def inventory(self) -> Inventory:
        """What the database has now."""
        server = catalog.read_server(self.session, self.call.environment.values.migrations_table)
        return catalog.inventory(self.session, server)

    def ours(self, now: History) -> list[str]:
        """The versions that this run applied: new in the database, and begun by our dbmate.

        What is new without that is another tool's; so is a file for which our dbmate got an error.
        """
        names = self.begun - self.refused
        versions = {file.version for file in self.files.migrations if file.name in names}
        return [version for version in now.applied if version in versions - set(self.before.applied)]


@contextmanager
def watched(context: Context, dbmate: Dbmate) -> Iterator[Monitor]:
    """A watcher on dbmate's server session."""
    timeout = context.environment.values.connect_timeout
    name = f"{context.application_name}/watch"
    watcher = Monitor(
        lambda: connect(dbmate.url, application_name=name, timeout=timeout),
        context.dbmate_name,
        context.say,
        context.show_in_place,
        lock_timeout=context.environment.values.lock_timeout,
    )
    try:
        yield watcher
    finally:
        watcher.close()
