"""Finds more words for a migration that failed: those of the server, or the query for the rows in its way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from dbmate_wrap import sql
from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.execution.diagnosis import was_rolled_back
from dbmate_wrap.execution.run import AttendedRun
from dbmate_wrap.postgres.session import Session, disable_timeouts
from dbmate_wrap.shadow.failing_statement import find_failing_statement

# Nobody is kept waiting for words.
_LOCK_TIMEOUT_MS, _LONGEST_MS = 2_000, 60_000


def with_server_words(run: AttendedRun, error: DbmateError, migration: ParsedMigration) -> DbmateError:
    """Return the error of a migration that was rolled back with more words for it.

    Where rows may be lost it is run once more, in a transaction that is rolled back too; elsewhere there is
    the query that finds the rows in its way.
    """
    begun = error.file == migration.file.name
    if not begun or error.sqlstate is None or not was_rolled_back(error, migration):
        return error
    block = migration.sections[0].up
    if run.environment.values.disposable:
        return find_failing_statement(error, block, partial(_open_again, run))
    return replace(error, rows_query=_query_for_rows(block.sql, error.sqlstate, error.message))


@contextmanager
def _open_again(run: AttendedRun) -> Iterator[Session]:
    # A session of its own: what a migration sets for its session ends with it.
    with run.db.open_again() as db:
        disable_timeouts(db.session, (), {"lock_timeout": _LOCK_TIMEOUT_MS, "statement_timeout": _LONGEST_MS})
        yield db.session


def _query_for_rows(text: str, sqlstate: str, message: str) -> str | None:
    if not sql.is_available():
        return None
    from dbmate_wrap.sql.offending_rows import find_query

    return find_query(text, sqlstate, message)
