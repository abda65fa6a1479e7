"""Applies pending migrations batch by batch, with retries; the result is read from the database."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.backoff import delays
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.leftovers import Leftovers, diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import FailedError, LockedError, PartialError, WrapError
from dbmate_wrap.execution.concurrent_build import drop_failed_builds, name_transactions
from dbmate_wrap.execution.diagnosis import (
    blocked,
    diagnose,
    left_invalid,
    may_be_built_again,
    may_be_retried,
    may_leave_something,
    unfinished_run_error,
)
from dbmate_wrap.execution.interruption import interruptions_as_errors
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.run import Attempt, AttendedRun, Inventory
from dbmate_wrap.execution.server_words import with_server_words
from dbmate_wrap.sql.batching import batches, may_be_done_twice
from dbmate_wrap.workspace.bounds import Bounds
from dbmate_wrap.workspace.guard import refuse_foreign_stamp
from dbmate_wrap.workspace.history import History, raise_for_disagreement

_DEADLOCK = "40P01"


def apply_pending(run: AttendedRun, wanted: Bounds) -> None:
    """Apply what of `wanted` is pending under the lock, in order; nothing where another run was faster.

    Raises the one error for the end of the run; `run.applied` and `run.history` are true then too.
    """
    raise_for_disagreement(run.db, run.history)
    todo = wanted.find(run.history, run.files).migrations
    if not todo:
        return
    refuse_foreign_stamp(run.environment, run.history)
    apply_migrations(run, todo, run.open_ledger(), run.open_monitor())


def apply_migrations(
    run: AttendedRun, todo: Sequence[ParsedMigration], ledger: LedgerWriter, monitor: Monitor
) -> None:
    """Apply `todo`, which is what is pending under the lock, in order. Raises like `apply_pending`."""
    _Apply(run, todo, ledger, monitor).run_all()


@dataclass(frozen=True)
class _Apply:
    """The pending migrations of one run, with its ledger and its monitor."""

    run: AttendedRun
    todo: Sequence[ParsedMigration]
    ledger: LedgerWriter
    monitor: Monitor

    def run_all(self) -> None:
        versions = {migration.file.version: migration for migration in self.todo}
        for found in self.ledger.unfinished_runs():
            if found.version in versions:
                raise unfinished_run_error(self.run.names, versions[found.version], found)
        with interruptions_as_errors(self.run, self.ledger, partial(balance, self.todo), self._record):
            for batch in batches(self.todo):
                self._apply_batch(batch)
        self.run.lock.verify()

    def _record(self) -> None:
        self.run.lock.verify()
        self.ledger.record(self.run.applied_records(self.todo))

    def _apply_batch(self, batch: Sequence[ParsedMigration]) -> None:
        """Apply one batch; retry it while it gets no lock and leaves nothing behind."""
        retries = Retries(delays(self.run.environment.values.lock_retries, random.random))
        left = batch
        while True:
            before = self.run.inventory() if may_leave_something(left[0]) else None
            name_transactions(self.run, left[0])
            attempt = self._attempt(left)
            remaining = [each for each in left if each.file.version not in attempt.history.applied]
            if not remaining:
                self._verify_applied(attempt, batch[-1], before)
                return
            if other := applied_by_another(attempt.error, left, remaining):
                raise other
            left = remaining
            if attempt.error is None or not self._nothing_stayed(attempt.error, left[0], before):
                known = attempt.error and with_server_words(self.run, attempt.error, left[0])
                raise error_for(self.run.names, known, left[0], partial(self._leftovers, before))
            pause = retries.pause(attempt.error)
            if pause is None:
                raise blocked(self.run.names, attempt.error, left[0], self.monitor.blockers)
            name = left[0].file.name
            self.run.console.say(f"{name} could not get its lock: trying again in {pause:.1f} s")
            time.sleep(pause)
            self.run.lock.verify()

    def _attempt(self, batch: Sequence[ParsedMigration]) -> Attempt:
        """Run dbmate once, and write the ledger's lines for what it applied."""
        in_progress = may_be_done_twice(batch[0])
        if in_progress:
            self.ledger.mark_in_progress(batch[0].file.version)
        attempt = self.run.attempt("up", batch, self.monitor)
        # A run that lost the lock must not record what another run may have recorded meanwhile.
        self.run.lock.verify()
        self.ledger.record(self.run.applied_records(batch))
        if in_progress:
            self.ledger.mark_in_progress(None)
        return attempt

    def _verify_applied(self, attempt: Attempt, last: ParsedMigration, before: Inventory | None) -> None:
        left = self._leftovers(before) if not attempt.reconnected else None
        if error := error_despite_record(attempt, last, left):
            raise error
        if attempt.error is not None:
            self.run.console.say(
                f"warning: dbmate reported {attempt.error.message!r}, but the database has recorded all of it"
            )

    def _nothing_stayed(self, error: DbmateError, running: ParsedMigration, before: Inventory | None) -> bool:
        """Return True where a lock was not to be had, and nothing of the migration stays."""
        if may_be_retried(error, running):
            return True
        if before is None or not may_be_built_again(error, running):
            return False
        return drop_failed_builds(self.run, before)

    def _leftovers(self, before: Inventory | None) -> Leftovers | None:
        return diff_inventories(before, self.run.inventory()) if before is not None else None


@dataclass
class Retries:
    """The tries that one batch has left, and the pauses between them."""

    waits: Iterator[float]
    deadlocks_left: int = 1

    def pause(self, error: DbmateError) -> float | None:
        """The seconds until the next try after a lock was not to be had; None when there is none."""
        if error.sqlstate == _DEADLOCK:
            self.deadlocks_left -= 1
            if self.deadlocks_left < 0:
                return None
        return next(self.waits, None)


def applied_by_another(
    error: DbmateError | None, batch: Sequence[ParsedMigration], remaining: Sequence[ParsedMigration]
) -> LockedError | None:
    """The error where a tool without our advisory lock applied the file that failed here."""
    applied = {migration.file.name for migration in batch if migration not in remaining}
    if error is None or error.file not in applied:
        return None
    return LockedError(
        f"another run applied {error.file} at the same time; here it said: {error.message}",
        hint="let the other run end, see `dbmate-wrap status`, then run `dbmate-wrap up` again",
        sqlstate=error.sqlstate,
        migration=error.file,
    )


def error_despite_record(
    attempt: Attempt, last: ParsedMigration, left: Leftovers | None
) -> PartialError | None:
    """The error (31) of a batch that the database has recorded whole, but that was not done right."""
    if attempt.error is not None and attempt.reconnected:
        return PartialError(
            f"{attempt.error.file} is recorded as applied, but {attempt.error.message}",
            hint="look at what it did before you go on",
            migration=attempt.error.file,
        )
    if left is not None and left.invalid_indexes:
        return left_invalid(last, left)
    return None


def error_for(
    project: ProjectNames,
    error: DbmateError | None,
    running: ParsedMigration,
    leftovers: Callable[[], Leftovers | None],
) -> WrapError:
    """The error of a batch that is not tried again; `running` is its first that is not recorded."""
    if error is None:
        return FailedError(
            f"dbmate ended without an error, but {running.file.name} is not recorded in the database",
            hint="see what it did: dbmate-wrap status",
            migration=running.file.name,
        )
    if error.file != running.file.name:
        return diagnose(project, error, None, None)
    return diagnose(project, error, running, running.sections[0].up, leftovers())


def balance(todo: Sequence[ParsedMigration], history: History | None) -> tuple[str, str]:
    """Message and hint: the number of `todo` that is applied, and the next step for the rest."""
    if history is None:
        return (
            "what was applied is not known",
            "find out with `dbmate-wrap status`, then run `dbmate-wrap up` again",
        )
    left = [migration for migration in todo if migration.file.version not in history.applied]
    message = f"{count(len(todo) - len(left), 'migration')} applied, {len(left)} not"
    if not left:
        return message, "nothing is pending any more"
    name = left[0].file.name
    hint = "see the state with `dbmate-wrap status`, then run `dbmate-wrap up` again"
    if not left[0].transactional:
        hint = f"{name} is not one transaction: see what it left behind before you run it again"
    return f"{message}, beginning with {name}", hint
