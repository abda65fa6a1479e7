"""One attended run: the advisory lock, the ledger, dbmate, and the history read again after it."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from dbmate_wrap import __version__
from dbmate_wrap.dbmate.client import Dbmate, DbmateError, RunEvents
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.ledger import Ledger, Record, Run
from dbmate_wrap.domain.leftovers import DatabaseObject
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import HistoryError, PreflightError
from dbmate_wrap.execution import lost_history
from dbmate_wrap.execution.causes import with_cause
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.poller import Watched
from dbmate_wrap.execution.provenance import provenance
from dbmate_wrap.execution.timings import Timings
from dbmate_wrap.migrations.stage import stage_unless_staged
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.advisory_lock import HeldLock
from dbmate_wrap.postgres.session import connect
from dbmate_wrap.settings import Environment
from dbmate_wrap.settings.typist import typist
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.dbmate import fit_lock_timeout
from dbmate_wrap.workspace.history import History, read_history
from dbmate_wrap.workspace.project_files import ProjectFiles

Inventory: TypeAlias = tuple[DatabaseObject, ...]
Direction: TypeAlias = Literal["up", "down"]

_RECONNECTED = "its connection was lost, dbmate began it again, and was stopped: it may have been done twice"
_VERBS: dict[Direction, tuple[str, str]] = {
    "up": ("applying", "applied"),
    "down": ("rolling back", "rolled back"),
}


@dataclass(frozen=True)
class Attempt:
    """One run of dbmate: its error, the history after it, and whether it began a file a second time."""

    error: DbmateError | None
    history: History
    reconnected: bool = False


@dataclass
class AttendedRun:
    """The state of one run while it holds the advisory lock.

    `history` is the last one read, `before` the one read under the lock; `applied` are the versions that this
    run applied, in order. `dbmate` is None for a verb that only writes the ledger. `writes` once it has begun
    to change the database.
    """

    db: Database
    files: ProjectFiles
    environment: Environment
    invocation: Invocation
    console: Console
    dbmate: Dbmate | None
    lock: HeldLock
    stack: ExitStack
    before: History
    history: History
    applied: list[str] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)
    started_files: set[str] = field(default_factory=set)
    failed_files: set[str] = field(default_factory=set)
    writes: bool = False

    def read_history(self, db: Database) -> History:
        """Read the history again over the session of `db`, which may be another than ours; `applied` follows.

        This run's own versions are those that are new and were begun by our dbmate without an error of the
        server: what is new without that was applied by another tool.
        """
        self.history = read_history(db, self.files, self.environment.values)
        names = self.started_files - self.failed_files
        ours = {file.version for file in self.files.migrations if file.name in names}
        ours -= set(self.before.applied)
        self.applied = [version for version in self.history.applied if version in ours]
        return self.history

    def begin_again(self) -> None:
        """Take the history as it is now for the one before: what is applied from here on is this run's."""
        # This run itself may have emptied the history: a ledger that cannot be read does not matter then.
        ledger = self.history.ledger if isinstance(self.history.ledger, Ledger) else None
        self.history = replace(self.history, ledger=ledger)
        self.before, self.applied = self.history, []
        self.started_files, self.failed_files, self.timings = set(), set(), Timings()

    def open_ledger(self) -> LedgerWriter:
        """Begin this run in the ledger, for as long as the lock is held."""
        root, folder = self.environment.root, self.environment.values.migrations_dir
        run = Run(
            self.invocation.run_id,
            self.invocation.command,
            self.environment.name,
            __version__,
            self.dbmate.version if self.dbmate is not None else None,
            self.db.server.history.name,
            self.invocation.provenance or provenance(root, [folder], self.environment.commit),
            typist().consent,
        )
        self.writes = True
        writer = LedgerWriter(self.db.session, run, self.console.say)
        self.stack.enter_context(writer)
        writer.open(self.history, self.files, protected=self.environment.values.protected)
        return writer

    def open_monitor(self) -> Monitor:
        """Begin to watch dbmate's server session, for as long as the lock is held."""
        timeout = self.environment.values.connect_timeout
        name = f"{self.invocation.application_name}/watch"
        # By the URL as it is then: its password may be a new one.
        watched = Watched(
            lambda: connect(self.db.url, application_name=name, timeout=timeout), self.invocation.dbmate_name
        )
        monitor = Monitor(watched, self.console, self.environment.values.lock_timeout)
        self.stack.callback(monitor.close)
        return monitor

    @property
    def account(self) -> str:
        """The role that migrates."""
        return self.environment.values.role or self.db.url.user

    @property
    def names(self) -> ProjectNames:
        """The names that errors give."""
        sealed = frozenset(line.name for line in self.files.sealed)
        many = self.environment.target is not None
        table = self.db.server.history.name
        return ProjectNames(self.files.folder, table, self.account, sealed, one_of_many=many)

    def attempt(self, direction: Direction, batch: Sequence[ParsedMigration], monitor: Monitor) -> Attempt:
        """Run dbmate once over `batch`, end what it left running, and read the history again.

        Raises LockedError where the advisory lock was lost, UnreachableError where nobody answers.
        """
        self.lock.verify()
        begun = time.monotonic()
        former: list[int] = []
        events = self._events(direction, monitor, former)
        error = self._run_dbmate(direction, batch, events, monitor)
        if error is not None and error.is_refused_login and self._renew_url():
            error = self._run_dbmate(direction, batch, events, monitor)
        if error is not None and error.file is not None and error.sqlstate is not None:
            self.failed_files.add(error.file)
        if error is not None and error.sqlstate is None:
            # dbmate is gone without an answer of the server: its session may still be at work.
            catalog.end_sessions(self.db.session, self.invocation.dbmate_name)
        if error is not None:
            error = with_cause(error, self.db.session, time.monotonic() - begun)
        if error is not None and former:
            error = replace(error, message=_RECONNECTED)
        return Attempt(error, self._read_history_after(direction, batch), bool(former))

    def _run_dbmate(
        self, direction: Direction, batch: Sequence[ParsedMigration], events: RunEvents, monitor: Monitor
    ) -> DbmateError | None:
        assert self.dbmate is not None, "a verb that runs migrations has bound dbmate"
        # A concurrent statement is no transaction, and so alone in its batch.
        sections = [section for migration in batch for section in migration.sections]
        blocks = [section.up if direction == "up" else section.down for section in sections]
        dbmate = fit_lock_timeout(self.dbmate, blocks, self.environment.values.concurrent_lock_timeout)
        try:
            # dbmate is shown these files alone: it undoes the last applied one of those that it sees.
            with stage_unless_staged([each.file for each in batch], self.files.staged) as folder:
                verb = dbmate.migrate if direction == "up" else dbmate.rollback
                error = verb(folder, events)
        finally:
            monitor.ended()
        self.lock.raise_if_lost()
        return error

    def _renew_url(self) -> bool:
        """Ask for the URL again, where its password was refused; False where it is the same."""
        renewed = self.db.renewed()
        if renewed is not None and self.dbmate is not None:
            self.db = renewed
            self.dbmate = self.dbmate.with_url(renewed.url, self.environment.values.connect_timeout)
        return renewed is not None

    def _read_history_after(self, direction: Direction, batch: Sequence[ParsedMigration]) -> History:
        """Read the history again. Raises PartialError where migrations took it or rows away, or hid it."""
        table, recorded = self.db.server.history, set(self.history.applied)
        self.db = self.db.look_again()
        try:
            found = self.read_history(self.db)
        except (HistoryError, PreflightError) as error:
            raise lost_history.history_unreadable(self._last_started(batch), error) from None
        recorded |= {each.file.version for each in batch if each.file.name in self.timings.ended}
        if (table.exists or recorded) and not self.db.server.history.exists:
            moved_to = catalog.tables_like_history(self.db.session, self.db.server)
            raise lost_history.history_gone(self._last_started(batch), table, sorted(recorded), moved_to)
        undone = {each.file.version for each in batch} if direction == "down" else set[str]()
        if lost := lost_history.lost_versions(self.files.migrations, recorded - undone, found.applied):
            raise lost_history.history_thinned(self._last_started(batch), table, lost)
        return found

    def _last_started(self, batch: Sequence[ParsedMigration]) -> str:
        names = [each.file.name for each in batch if each.file.name in self.started_files]
        return names[-1] if names else batch[0].file.name

    def _events(self, direction: Direction, monitor: Monitor, former: list[int]) -> RunEvents:
        doing, done = _VERBS[direction]

        def started(name: str) -> None:
            self.started_files.add(name)
            self.failed_files.discard(name)
            monitor.started(name, doing=doing, done=done)

        def ended(name: str, seconds: float) -> None:
            self.timings.note(name, seconds)
            monitor.finished(seconds)

        def should_stop() -> bool:
            monitor.tick()
            return self.lock.is_lost() or (direction == "up" and self._has_reconnected(monitor, former))

        return RunEvents(started, ended, should_stop)

    def _has_reconnected(self, monitor: Monitor, former: list[int]) -> bool:
        # Outside a transaction dbmate's driver (Go's database/sql) sends the file once more, in silence, when
        # the connection was closed in good order before the answer came (seen with dbmate 2.37.0).
        pid = monitor.former
        if pid is None or catalog.is_connected(self.db.session, pid, self.invocation.dbmate_name):
            return False
        former.append(pid)
        return True

    def inventory(self) -> Inventory:
        """Read the inventory of all objects in the database."""
        return catalog.inventory(self.db.session, self.db.server)

    def applied_records(self, batch: Sequence[ParsedMigration]) -> list[Record]:
        """The ledger's lines for the migrations of `batch` that this run applied."""
        return [self.timings.record(each.file) for each in batch if each.file.version in self.applied]
