"""Finds the statement of a migration that fails, where the server told no place."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import Block
from dbmate_wrap.errors import FailedError, WrapError
from dbmate_wrap.postgres.session import Session

# The statements of a text: where each begins in it (characters), and its own text.
Statements = Callable[[str], Sequence[tuple[int, str]]]


def placed(
    failure: DbmateError, block: Block, statements: Statements, session: Callable[[], Session]
) -> DbmateError:
    """The failure with line and column of its statement; as it was where they are known, or cannot be found.

    The server tells a place for what it does not understand, none for most of what it cannot do (a table that
    is not there). So the statements are run one by one, in a transaction that is rolled back: for scratch
    databases only, in the state that the migration failed in.
    """
    if failure.line is not None or failure.sqlstate is None:
        return failure
    offset = _offset(failure, block, statements(block.sql), session)
    if offset is None:
        return failure
    before = block.sql[:offset]
    return replace(failure, line=before.count("\n") + 1, column=offset - (before.rfind("\n") + 1) + 1)


def _offset(
    failure: DbmateError, block: Block, parts: Sequence[tuple[int, str]], session: Callable[[], Session]
) -> int | None:
    if len(parts) == 1:
        return parts[0][0]
    if not block.transaction:
        return None
    try:
        with session() as open_session:
            open_session.rows("begin")
            for offset, text in parts:
                try:
                    open_session.rows(text)
                except FailedError as error:
                    return offset if error.sqlstate == failure.sqlstate else None
    except WrapError:
        pass  # It was only to find the line: the failure itself is told all the same.
    return None
