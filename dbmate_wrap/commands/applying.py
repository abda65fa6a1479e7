"""Runs pending migrations through dbmate, batch by batch, and believes only the database about each."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from dbmate_wrap.commands import history as histories
from dbmate_wrap.commands.alone import Tenure, lost_error
from dbmate_wrap.commands.book import Book
from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.failure import blocked, explain, left_invalid, may_be_retried, may_leave_something
from dbmate_wrap.commands.files import Files
from dbmate_wrap.commands.history import History
from dbmate_wrap.commands.pending import count
from dbmate_wrap.commands.stopped import settle, stopped
from dbmate_wrap.commands.watching import Watcher
from dbmate_wrap.dbmate.client import Attendance, Dbmate, Failure
from dbmate_wrap.domain.backoff import delays
from dbmate_wrap.domain.ledger import How, Record
from dbmate_wrap.domain.leftovers import Thing, between
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import (
    FailedError,
    InterruptedRun,
    LockedError,
    PartialError,
    UnreachableError,
    WrapError,
)
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.policy.session_state import batches, may_be_done_twice
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.process import Terminated

_DEADLOCK = "40P01"
_BEGUN_ANEW = "its connection was lost, dbmate began it anew, and was stopped: it may have been done twice"
# A server that restarts is back within so many seconds, or will not be soon.
_COMES_BACK_SECONDS = 5.0
Inventory: TypeAlias = tuple[Thing, ...]


@dataclass
class Clock:
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
        return Record(file.version, file.name, file.checksum, How.APPLIED, duration, ago)


@dataclass(frozen=True)
class Ground:
    """What applying stands on; `before` is the history as it was under the advisory lock."""

    call: Call
    session: Session
    dbmate: Dbmate
    files: Files
    before: History
    tenure: Tenure
    book: Book
    watcher: Watcher
    clock: Clock = field(default_factory=Clock)
    begun: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    cut: list[int] = field(default_factory=list)

    def attendance(self) -> Attendance:
        """What dbmate's run is attended by."""

        def started(name: str) -> None:
            self.begun.add(name)
            self.refused.discard(name)
            self.watcher.started(name)
            self.call.say(f"applying {name}")

        def tick() -> bool:
            self.watcher.tick()
            return self.tenure.tick() or self._begun_anew()

        return Attendance(started, self.clock.note, tick)

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
def watched(call: Call, dbmate: Dbmate) -> Iterator[Watcher]:
    """A watcher on dbmate's server session."""
    timeout = call.environment.values.connect_timeout
    name = f"{call.application_name}/watch"
    watcher = Watcher(
        lambda: connect(dbmate.url, application_name=name, timeout=timeout),
        call.dbmate_name,
        call.say,
        call.show_in_place,
        lock_timeout=call.environment.values.lock_timeout,
    )
    try:
        yield watcher
    finally:
        watcher.close()


def apply(ground: Ground, todo: Sequence[ParsedMigration]) -> None:
    """Apply `todo` in order. Raises the one error that tells what happened; what was applied is recorded."""
    try:
        for batch in batches(todo):
            _apply_batch(ground, batch)
    except (KeyboardInterrupt, Terminated) as signal:
        raise _stopped(ground, todo, signal) from None
    except UnreachableError as error:
        raise _cut_off(ground, todo, error) from None
    except LockedError:
        if ground.tenure.lost:
            raise _lost(ground, todo) from None
        raise


def _apply_batch(ground: Ground, batch: Sequence[ParsedMigration]) -> None:
    """One batch to its end, with retries while a lock is not to be had and nothing stayed."""
    retries = _Retries(delays(ground.call.environment.values.lock_retries, random.random))
    left = batch
    while True:
        before = ground.inventory() if may_leave_something(left[0]) else None
        failure, now = _tried(ground, left)
        remaining = [migration for migration in left if migration.file.version not in now.applied]
        if not remaining:
            _judge_success(ground, failure, batch, before)
            return
        if failure is not None and (other := _applied_by_another(failure, left, remaining)):
            raise other
        pause = retries.pause(failure, remaining[0])
        if pause is None:
            raise _error(ground, failure, remaining[0], before)
        ground.call.say(f"{remaining[0].file.name} could not get its lock: trying again in {pause:.1f} s")
        time.sleep(pause)
        ground.tenure.demand()
        left = remaining


def _tried(ground: Ground, batch: Sequence[ParsedMigration]) -> tuple[Failure | None, History]:
    """One run of dbmate, the history after it, and the ledger's lines for what it applied."""
    marked = may_be_done_twice(batch[0])
    if marked:
        ground.book.mark(batch[0].file.version)
    failure = _run(ground, batch)
    if ground.tenure.lost:
        raise lost_error()
    if failure is not None and failure.file is not None and failure.sqlstate is not None:
        ground.refused.add(failure.file)
    if failure is not None and failure.sqlstate is None:
        # dbmate is gone without a word from the server: its session may still be at work.
        catalog.end_sessions(ground.session, ground.call.dbmate_name)
    now = ground.read_again()
    _write_down(ground, batch)
    if marked:
        ground.book.mark(None)
    return failure, now


@dataclass
class _Retries:
    """How often one batch may be tried again, and after how long."""

    waits: Iterator[float]
    deadlocks_left: int = 1

    def pause(self, failure: Failure | None, migration: ParsedMigration) -> float | None:
        """The seconds until the next try; None when there is none."""
        if failure is None or not may_be_retried(failure, migration):
            return None
        if failure.sqlstate == _DEADLOCK:
            self.deadlocks_left -= 1
            if self.deadlocks_left < 0:
                return None
        return next(self.waits, None)


def _run(ground: Ground, batch: Sequence[ParsedMigration]) -> Failure | None:
    ground.tenure.demand()
    try:
        with stage([migration.file for migration in batch]) as folder:
            failure = ground.dbmate.migrate(folder, ground.attendance())
        return replace(failure, message=_BEGUN_ANEW) if failure is not None and ground.cut else failure
    finally:
        ground.watcher.ended()


def _write_down(ground: Ground, batch: Sequence[ParsedMigration]) -> None:
    # Whoever lost the lock may not speak for what another run has recorded meanwhile.
    ground.tenure.demand()
    ours = ground.call.outcome.applied
    ground.book.write([ground.clock.record(each) for each in batch if each.file.version in ours])


def _applied_by_another(
    failure: Failure, batch: Sequence[ParsedMigration], remaining: Sequence[ParsedMigration]
) -> LockedError | None:
    """The error for a tool that does not know our advisory lock and was faster with the file that failed."""
    for migration in batch:
        if migration.file.name == failure.file and migration not in remaining:
            return LockedError(
                f"another run applied {failure.file} at the same time; here it said: {failure.message}",
                hint="let the other run end, see `dbmate-wrap status`, then run `dbmate-wrap up` again",
                sqlstate=failure.sqlstate,
                migration=failure.file,
            )
    return None


def _judge_success(
    ground: Ground,
    failure: Failure | None,
    batch: Sequence[ParsedMigration],
    before: Inventory | None,
) -> None:
    if failure is not None and ground.cut:
        raise PartialError(
            f"{failure.file} is recorded as applied, but {failure.message}",
            hint="look at what it did before you go on",
            migration=failure.file,
        )
    if failure is not None:
        ground.call.say(
            f"warning: dbmate reported {failure.message!r}, but the database has recorded all of it"
        )
    if before is not None:
        left = between(before, ground.inventory())
        if left.invalid_indexes:
            raise left_invalid(batch[-1], left)


def _error(
    ground: Ground,
    failure: Failure | None,
    running: ParsedMigration,
    before: Inventory | None,
) -> WrapError:
    if failure is None:
        return FailedError(
            f"dbmate ended without an error, but {running.file.name} is not recorded in the database",
            hint="see what it did: dbmate-wrap status",
            migration=running.file.name,
        )
    if failure.file != running.file.name:
        return explain(ground.call, failure, None, None)
    if may_be_retried(failure, running):
        return blocked(ground.call, failure, running, ground.watcher.blockers)
    left = between(before, ground.inventory()) if before is not None else None
    return explain(ground.call, failure, running, running.sections[0].up, left)


def _lost(ground: Ground, todo: Sequence[ParsedMigration]) -> LockedError:
    # Our own session may be as dead as the lock's: it is not used any more.
    ground.book.abandon()
    now = settle(ground.call, ground.dbmate.url, ground.files)
    return lost_error(*_balance(ground, todo, now))


def _cut_off(ground: Ground, todo: Sequence[ParsedMigration], error: UnreachableError) -> UnreachableError:
    wait = min(_COMES_BACK_SECONDS, ground.call.environment.values.connect_timeout)
    now = settle(ground.call, ground.dbmate.url, ground.files, wait=wait)
    message, hint = _balance(ground, todo, now)
    return UnreachableError(f"{error.message}: {message}", kind=error.kind, hint=hint)


def _stopped(ground: Ground, todo: Sequence[ParsedMigration], signal: BaseException) -> InterruptedRun:
    now = settle(ground.call, ground.dbmate.url, ground.files)
    message, hint = _balance(ground, todo, now)
    if now is not None:
        with suppress(WrapError):
            # The ledger's session may have been amid an answer; the next run adopts what is not written now.
            _write_down(ground, todo)
    return stopped(signal, message, hint)


def _balance(ground: Ground, todo: Sequence[ParsedMigration], now: History | None) -> tuple[str, str]:
    """What of `todo` is applied, recorded in the outcome too, and what to do about the rest."""
    if now is None:
        return (
            "what was applied is not known",
            "find out with `dbmate-wrap status`, then run `dbmate-wrap up` again",
        )
    ground.call.outcome.applied = ground.ours(now)
    left = [migration for migration in todo if migration.file.version not in now.applied]
    message = f"{count(len(todo) - len(left))} applied, {len(left)} not"
    if not left:
        return message, "nothing is pending any more"
    name = left[0].file.name
    hint = "see the state with `dbmate-wrap status`, then run `dbmate-wrap up` again"
    if not left[0].transactional:
        hint = f"{name} is not one transaction: see what it left behind before you run it again"
    return f"{message}, beginning with {name}", hint
