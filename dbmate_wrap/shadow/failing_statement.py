"""Runs a migration that failed once more, and rolls it back, to hear all that the server says."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from dbmate_wrap import sql
from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import Block
from dbmate_wrap.domain.server_failure import ServerFailure
from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres.session import Session


def find_failing_statement(
    failure: DbmateError, block: Block, connect: Callable[[], AbstractContextManager[Session]]
) -> DbmateError:
    """Return the failure with the place of its statement and the server's further words, as far as known.

    dbmate prints neither DETAIL nor HINT, and the server gives a position only for what it cannot parse. For
    databases whose rows may be lost, in the state in which the migration failed: the statements are run one
    by one, in a transaction that is rolled back.
    """
    if failure.sqlstate is None:
        return failure
    found = _run_again(failure.sqlstate, block, connect)
    if found is None:
        return failure
    offset, heard = found
    located = replace(failure, details=heard.details if heard is not None else None)
    if failure.line is not None:
        return located
    before = block.sql[:offset]
    return replace(located, line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)


def _run_again(
    sqlstate: str, block: Block, connect: Callable[[], AbstractContextManager[Session]]
) -> tuple[int, ServerFailure | None] | None:
    statements = _split(block.sql)
    only = (statements[0][0], None) if len(statements) == 1 else None
    if not block.transaction:
        return only
    try:
        with connect() as session:
            session.rows("begin")
            for offset, text in statements:
                heard = session.failure_of(text)
                if heard is not None:
                    return (offset, heard) if heard.sqlstate == sqlstate else only
    except WrapError:
        pass  # Only the words are missing then: the failure itself is reported all the same.
    return only


def _split(text: str) -> list[tuple[int, str]]:
    """Return the offset (characters) and the text of each statement; none without the parser."""
    if not sql.is_available():
        return []
    from dbmate_wrap.sql.parse import read_sql

    return [(statement.offset, statement.text) for statement in read_sql(text).statements]
