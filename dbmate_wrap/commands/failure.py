"""Turns a failed dbmate run into the one error that tells what happened and what is left."""

from collections.abc import Sequence

from dbmate_wrap.commands.call import Call
from dbmate_wrap.commands.files import shown
from dbmate_wrap.commands.leftovers import Leftovers
from dbmate_wrap.dbmate.client import Failure
from dbmate_wrap.domain.code_frame import code_frame
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.domain.watching import Blocker, described
from dbmate_wrap.errors import BlockedError, FailedError, LockedError, PartialError, WrapError
from dbmate_wrap.policy.session_state import may_commit

_LOCK_NOT_AVAILABLE = "55P03"
_DEADLOCK = "40P01"
_SYNTAX_ERROR = "42601"
# duplicate_table, and unique_violation in PostgreSQL's own catalogs.
_MADE_TWICE = frozenset({"42P07", "23505"})


def may_be_retried(failure: Failure, migration: ParsedMigration) -> bool:
    """Whether a lock was not to be had, and nothing of the migration can have stayed."""
    if failure.file is None or failure.sqlstate not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
        return False
    return migration.transactional and not _may_have_committed(migration.sections[0].up, failure)


def explain(
    call: Call,
    failure: Failure,
    migration: ParsedMigration | None,
    block: Block | None,
    left: Leftovers | None = None,
) -> WrapError:
    """`migration` is the one that dbmate was running, `block` its part; both None when it came to none.

    `left` is what a migration that is not one transaction has left behind, where that was looked at.
    """
    if migration is None or block is None:
        return _not_begun(failure)
    name = migration.file.name
    if not block.transaction or len(migration.sections) > 1 or _may_have_committed(block, failure):
        stayed = left.sentence() if left else "see what it left behind before you run it again"
        hint = f"{name} is not one transaction: {stayed}"
        return _told(call, failure, migration, block, PartialError, hint)
    if failure.sqlstate == _LOCK_NOT_AVAILABLE:
        return blocked(call, failure, migration, ())
    hint = f"its transaction was rolled back: mend {name} and run again"
    return _told(call, failure, migration, block, FailedError, hint)


def blocked(
    call: Call, failure: Failure, migration: ParsedMigration, blockers: Sequence[Blocker]
) -> WrapError:
    """The error (24) of a migration that did not get its lock, with everybody who was seen in its way."""
    seen = "; ".join(described(blocker) for blocker in blockers)
    who = f"blocked by {seen}" if seen else "another session holds the lock: find it in pg_stat_activity"
    hint = f"{who}; nothing of it stayed: run again when the way is free"
    return _told(call, failure, migration, migration.sections[0].up, BlockedError, hint)


def left_invalid(migration: ParsedMigration, left: Leftovers) -> PartialError:
    """The error (31) of a migration that is recorded as applied and left an index which is not usable."""
    return PartialError(
        f"{migration.file.name} is recorded as applied, but left an index that is not valid",
        hint=f"{left.sentence()} Then build it with a new migration.",
        migration=migration.file.name,
    )


def _told(
    call: Call,
    failure: Failure,
    migration: ParsedMigration,
    block: Block,
    kind: type[PartialError] | type[BlockedError] | type[FailedError],
    hint: str,
) -> WrapError:
    line = block.line + failure.line - 1 if failure.line is not None else None
    name = migration.file.name
    place = f"{shown(call, call.environment.values.migrations_dir)}/{name}" + (f":{line}" if line else "")
    text = migration.file.content.decode("utf-8", "replace")
    return kind(
        f"{place}: {failure.message}",
        sqlstate=failure.sqlstate,
        migration=name,
        line=line,
        hint=hint,
        frame=(code_frame(text, line, failure.column) or None) if line else None,
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
