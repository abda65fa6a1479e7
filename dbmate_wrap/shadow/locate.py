"""Finds the failing statement of a migration where the server gave no position."""

from collections.abc import Callable
from dataclasses import replace

from dbmate_wrap import sql
from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import Block
from dbmate_wrap.errors import FailedError, WrapError
from dbmate_wrap.postgres.session import Session


def locate_failure(failure: DbmateError, block: Block, connect: Callable[[], Session]) -> DbmateError:
    """Return the failure with line and column of its statement; unchanged where that cannot be found.

    The server gives a position for what it cannot parse, and none for most other errors (a missing table).
    So the statements are run one by one, in a transaction that is rolled back. For scratch databases only,
    in the state in which the migration failed.
    """
    if failure.line is not None or failure.sqlstate is None:
        return failure
    offset = _find_offset(failure.sqlstate, block, connect)
    if offset is None:
        return failure
    before = block.sql[:offset]
    return replace(failure, line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)


def _find_offset(sqlstate: str, block: Block, connect: Callable[[], Session]) -> int | None:
    statements = _split(block.sql)
    if len(statements) == 1:
        return statements[0][0]
    if not block.transaction:
        return None
    try:
        with connect() as session:
            session.rows("begin")
            for offset, text in statements:
                try:
                    session.rows(text)
                except FailedError as error:
                    return offset if error.sqlstate == sqlstate else None
    except WrapError:
        pass  # Only the line is missing then: the failure itself is reported all the same.
    return None


def _split(text: str) -> list[tuple[int, str]]:
    """The statements of a text: the offset (characters) and the text of each; none without the parser."""
    if not sql.is_available():
        return []
    from dbmate_wrap.sql.parse import read_sql

    return [(statement.offset, statement.text) for statement in read_sql(text).statements]
