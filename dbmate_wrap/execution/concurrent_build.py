"""Before and after a CONCURRENTLY statement: whom it will wait for, and what it leaves when it is cut off."""

from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers, diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.errors import FailedError
from dbmate_wrap.execution.run import AttendedRun, Inventory
from dbmate_wrap.policy.concurrent import all_concurrent
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import disable_timeouts


def name_transactions(run: AttendedRun, migration: ParsedMigration) -> None:
    """Say for which transactions a concurrent statement will wait, before it begins to."""
    if not all_concurrent([section.up for section in migration.sections]):
        return
    found = catalog.open_transactions(run.db.session)
    if found:
        names = join_names([one.label for one in found])
        run.console.say(f"{migration.file.name} waits until these transactions have ended: {names}")


def drop_failed_builds(run: AttendedRun, before: Inventory) -> bool:
    """Drop the invalid indexes of a build that was cut off; False where something of it stays."""
    made = failed_builds(before, diff_inventories(before, run.inventory()))
    return made is not None and all(_drop(run, index) for index in made)


def failed_builds(before: Inventory, left: Leftovers) -> tuple[DatabaseObject, ...] | None:
    """The invalid indexes that a concurrent build has made; None where anything else has changed.

    An index that was there before is not ours to drop, whatever has become of it.
    """
    known = {each.name for each in before}
    if left.changed or left.gone or any(not one.invalid or one.name in known for one in left.objects):
        return None
    return left.invalid_indexes


def _drop(run: AttendedRun, index: DatabaseObject) -> bool:
    assert index.drop is not None, "every index has a statement that drops it"
    wait = run.environment.values.concurrent_lock_timeout or 0.0
    try:
        disable_timeouts(run.db.session, ["statement_timeout"], {"lock_timeout": round(wait * 1000)})
        run.db.session.rows(index.drop)
    except FailedError as error:
        run.console.say(f"warning: {index.name} was left invalid, and stays: {error.message}")
        return False
    finally:
        disable_timeouts(run.db.session, ["lock_timeout"])
    run.console.say(f"dropped {index.name}, which the build that was cut off had left invalid")
    return True
