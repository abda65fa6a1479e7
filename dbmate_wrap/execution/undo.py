"""Undoes applied migrations, each by the text that ran; the result is read from the database."""

from collections.abc import Sequence
from functools import partial

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.ledger import Origin, Record
from dbmate_wrap.domain.leftovers import Leftovers, diff_inventories
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import FailedError, LockedError, WrapError
from dbmate_wrap.execution.apply import apply_migrations
from dbmate_wrap.execution.diagnosis import diagnose
from dbmate_wrap.execution.interruption import interruptions_as_errors
from dbmate_wrap.execution.ledger_writer import LedgerWriter
from dbmate_wrap.execution.monitor import Monitor
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.workspace.history import History, pending, raise_for_disagreement


def undo(run: AttendedRun, migrations: Sequence[ParsedMigration], seen: History) -> None:
    """Run migrate:down of `migrations`, in this order. `seen` is the history before the lock was held.

    Raises the one error for the end of the run; `run.history` is true then too.
    """
    _raise_for_change(run, seen)
    _undo_each(run, run.open_ledger(), run.open_monitor(), migrations)


def undo_and_apply(run: AttendedRun, migrations: Sequence[ParsedMigration], seen: History) -> None:
    """Undo `migrations`, in this order, and apply what is pending then, in one run.

    Raises the one error for the end of the run; `run.applied` and `run.history` are true then too.
    """
    _raise_for_change(run, seen)
    ledger, monitor = run.open_ledger(), run.open_monitor()
    _undo_each(run, ledger, monitor, migrations)
    # Read after the ledger's lines were written: before, the two disagree.
    run.read_history(run.db)
    run.begin_again()
    raise_for_disagreement(run.db, run.history)
    apply_migrations(run, pending(run.history, run.files, None), ledger, monitor)


def _raise_for_change(run: AttendedRun, seen: History) -> None:
    raise_for_disagreement(run.db, run.history)
    if run.history.applied != seen.applied:
        raise LockedError(
            "another run changed the history meanwhile: nothing was rolled back",
            hint="see `dbmate-wrap status`, then decide again",
        )


def _undo_each(
    run: AttendedRun, ledger: LedgerWriter, monitor: Monitor, migrations: Sequence[ParsedMigration]
) -> None:
    def record() -> None:
        run.lock.verify()
        gone = [each.file for each in migrations if each.file.version not in run.history.applied]
        # A line that is there already is not written again.
        ledger.record([Record(file.version, file.name, file.checksum, Origin.ROLLED_BACK) for file in gone])

    with interruptions_as_errors(run, ledger, partial(describe_undo, migrations), record):
        for migration in migrations:
            before = run.inventory()
            attempt = run.attempt("down", [migration], monitor)
            if migration.file.version in attempt.history.applied:
                left = diff_inventories(before, run.inventory())
                raise still_applied(run.names, attempt.error, migration, left)
            record()


def describe_undo(migrations: Sequence[ParsedMigration], history: History | None) -> tuple[str, str]:
    """Message and hint for an interrupted rollback: what was rolled back, and what is still applied."""
    hint, names = "see the state with `dbmate-wrap status`", ", ".join(each.file.name for each in migrations)
    if history is None:
        return f"whether {names} was rolled back is not known", hint
    left = {each.file.name for each in migrations if each.file.version in history.applied}
    states = {True: "is still applied", False: "was rolled back"}
    return ", ".join(f"{each.file.name} {states[each.file.name in left]}" for each in migrations), hint


def still_applied(
    names: ProjectNames, error: DbmateError | None, migration: ParsedMigration, left: Leftovers
) -> WrapError:
    """The error of a rollback after which the migration is still recorded."""
    if error is not None:
        return diagnose(names, error, migration, migration.sections[-1].down, left)
    return FailedError(
        f"dbmate ended without an error, but {migration.file.name} is still recorded as applied",
        hint="see what it did: dbmate-wrap status",
        migration=migration.file.name,
    )
