"""Begins an attended run: the advisory lock, and the history read again under it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.postgres import advisory_lock
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import read_history
from dbmate_wrap.workspace.project_files import ProjectFiles


@contextmanager
def attended_run(
    db: Database,
    files: ProjectFiles,
    environment: Environment,
    invocation: Invocation,
    console: Console,
    dbmate: Dbmate | None,
) -> Iterator[AttendedRun]:
    """Hold the database's advisory lock, waited for `advisory_lock_wait` at most, and read the history again.

    Another run may have been here while we waited: what was read before the lock is not relied upon.
    Raises LockedError (23), UnreachableError (21).
    """
    values = environment.values
    with ExitStack() as outer:
        db, lock = db.with_current_password(
            lambda url: outer.enter_context(
                advisory_lock.hold(
                    url,
                    run_id=invocation.run_id,
                    timeout=values.connect_timeout,
                    wait=values.advisory_lock_wait,
                    on_wait=lambda holder: console.say(f"waiting for {holder.description}"),
                )
            )
        )
        stack = outer.enter_context(ExitStack())
        dbmate = dbmate.with_url(db.url, values.connect_timeout) if dbmate is not None else None
        db = db.look_again()
        found = read_history(db, files, values)
        yield AttendedRun(
            db, files, environment, invocation, console, dbmate, lock, stack, before=found, history=found
        )
