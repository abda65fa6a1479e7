"""Runs pending migrations through dbmate, batch by batch, and believes only the database about each."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.backoff import delays
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import LockedError, UnreachableError
from dbmate_wrap.execution.cut_short import cut_off, lost, stopped
from dbmate_wrap.execution.diagnosis import may_be_retried, may_leave_something
from dbmate_wrap.execution.exclusive import lost_error
from dbmate_wrap.execution.judging import applied_by_another, error, judge_success
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import catalog
from dbmate_wrap.process import Terminated
from dbmate_wrap.sql.batching import batches, may_be_done_twice
from dbmate_wrap.workspace.dbmate import fit
from dbmate_wrap.workspace.history import History

_DEADLOCK = "40P01"
_BEGUN_ANEW = "its connection was lost, dbmate began it anew, and was stopped: it may have been done twice"


def apply(ground: AttendedRun, todo: Sequence[ParsedMigration]) -> None:
    """Apply `todo` in order. Raises the one error that tells what happened; what was applied is recorded."""
    try:
        for batch in batches(todo):
            _apply_batch(ground, batch)
    except (KeyboardInterrupt, Terminated) as signal:
        raise stopped(ground, todo, signal) from None
    except UnreachableError as failure:
        raise cut_off(ground, todo, failure) from None
    except LockedError:
        if ground.tenure.lost:
            raise lost(ground, todo) from None
        raise


def _apply_batch(ground: AttendedRun, batch: Sequence[ParsedMigration]) -> None:
    """One batch to its end, with retries while a lock is not to be had and nothing stayed."""
    retries = _Retries(delays(ground.call.environment.values.lock_retries, random.random))
    left = batch
    while True:
        before = ground.inventory() if may_leave_something(left[0]) else None
        failure, now = _tried(ground, left)
        remaining = [migration for migration in left if migration.file.version not in now.applied]
        if not remaining:
            judge_success(ground, failure, batch, before)
            return
        if failure is not None and (other := applied_by_another(failure, left, remaining)):
            raise other
        pause = retries.pause(failure, remaining[0])
        if pause is None:
            raise error(ground, failure, remaining[0], before)
        ground.call.say(f"{remaining[0].file.name} could not get its lock: trying again in {pause:.1f} s")
        time.sleep(pause)
        ground.tenure.demand()
        left = remaining


def _tried(ground: AttendedRun, batch: Sequence[ParsedMigration]) -> tuple[DbmateError | None, History]:
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
    ground.write_down(batch)
    if marked:
        ground.book.mark(None)
    return failure, now


@dataclass
class _Retries:
    """How often one batch may be tried again, and after how long."""

    waits: Iterator[float]
    deadlocks_left: int = 1

    def pause(self, failure: DbmateError | None, migration: ParsedMigration) -> float | None:
        """The seconds until the next try; None when there is none."""
        if failure is None or not may_be_retried(failure, migration):
            return None
        if failure.sqlstate == _DEADLOCK:
            self.deadlocks_left -= 1
            if self.deadlocks_left < 0:
                return None
        return next(self.waits, None)


def _run(ground: AttendedRun, batch: Sequence[ParsedMigration]) -> DbmateError | None:
    ground.tenure.demand()
    # What is concurrent is no transaction, and so alone in its batch.
    dbmate = fit(ground.dbmate, [section.up for migration in batch for section in migration.sections])
    try:
        with stage([migration.file for migration in batch]) as folder:
            failure = dbmate.migrate(folder, ground.attendance())
        return replace(failure, message=_BEGUN_ANEW) if failure is not None and ground.cut else failure
    finally:
        ground.watcher.ended()
