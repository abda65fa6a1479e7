"""Judges what the database says after dbmate has ended: done, done with a blemish, or which error."""

from collections.abc import Sequence

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.leftovers import diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import FailedError, LockedError, PartialError, WrapError
from dbmate_wrap.execution.diagnosis import blocked, diagnose, left_invalid, may_be_retried
from dbmate_wrap.execution.run import AttendedRun, Inventory


def applied_by_another(
    failure: DbmateError, batch: Sequence[ParsedMigration], remaining: Sequence[ParsedMigration]
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


def judge_success(
    ground: AttendedRun,
    failure: DbmateError | None,
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
        left = diff_inventories(before, ground.inventory())
        if left.invalid_indexes:
            raise left_invalid(batch[-1], left)


def error(
    ground: AttendedRun,
    failure: DbmateError | None,
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
        return diagnose(ground.call, failure, None, None)
    if may_be_retried(failure, running):
        return blocked(ground.call, failure, running, ground.watcher.blockers)
    left = diff_inventories(before, ground.inventory()) if before is not None else None
    return diagnose(ground.call, failure, running, running.sections[0].up, left)
