"""Turns a failed dbmate run into the one error that tells what happened and what is left."""

from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.files import shown
from dbmate_wrap.dbmate.client import Failure
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.errors import BlockedError, FailedError, LockedError, PartialError, WrapError
from dbmate_wrap.policy.session_state import may_commit

_LOCK_NOT_AVAILABLE = "55P03"
_SYNTAX_ERROR = "42601"
# duplicate_table, and unique_violation in PostgreSQL's own catalogs.
_MADE_TWICE = frozenset({"42P07", "23505"})


def explain(
    call: Call, failure: Failure, migration: ParsedMigration | None, block: Block | None
) -> WrapError:
    """`migration` is the one that dbmate was running, `block` its part; both None when it came to none."""
    if migration is None or block is None:
        return _not_begun(failure)
    line = block.line + failure.line - 1 if failure.line is not None else None
    name = migration.file.name
    place = f"{shown(call, call.environment.values.migrations_dir)}/{name}" + (f":{line}" if line else "")
    message = f"{place}: {failure.message}"
    if not block.transaction or len(migration.sections) > 1 or _may_have_committed(block, failure):
        return PartialError(
            message,
            sqlstate=failure.sqlstate,
            migration=name,
            line=line,
            hint=f"{name} is not one transaction: see what it left behind before you run it again",
        )
    if failure.sqlstate == _LOCK_NOT_AVAILABLE:
        return BlockedError(
            message,
            sqlstate=failure.sqlstate,
            migration=name,
            line=line,
            hint="another session holds a lock on the table: find it in pg_stat_activity, or run again later",
        )
    return FailedError(
        message,
        sqlstate=failure.sqlstate,
        migration=name,
        line=line,
        hint=f"its transaction was rolled back: mend {name} and run again",
    )


def _not_begun(failure: Failure) -> WrapError:
    if failure.sqlstate in _MADE_TWICE:
        return LockedError(
            f"another run created the history table at the same time: {failure.message}",
            hint="let the other run end, then run `dbmate-wrap up` again",
            sqlstate=failure.sqlstate,
        )
    return FailedError(
        f"dbmate could not begin: {failure.message}",
        sqlstate=failure.sqlstate,
        hint="see what is applied with `dbmate-wrap status`, and what is wrong with `dbmate-wrap doctor`",
    )


def _may_have_committed(block: Block, failure: Failure) -> bool:
    return may_commit(block, syntax_error=failure.sqlstate == _SYNTAX_ERROR)
