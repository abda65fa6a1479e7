"""The diagnosis of a failed dbmate run: the one error for it, and the hint for what is left behind."""

import re
from collections.abc import Sequence

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.activity import Blocker, format_blocker
from dbmate_wrap.domain.code_frame import code_frame
from dbmate_wrap.domain.history import amend_command
from dbmate_wrap.domain.ledger import UnfinishedRun
from dbmate_wrap.domain.leftovers import Leftovers
from dbmate_wrap.domain.migration import Block, ParsedMigration
from dbmate_wrap.domain.project_names import ProjectNames
from dbmate_wrap.errors import (
    BlockedError,
    FailedError,
    LockedError,
    PartialError,
    UnreachableError,
    WrapError,
)
from dbmate_wrap.execution.causes import limit_hint, rows_hint
from dbmate_wrap.execution.privileges import privilege_hint, recording_hint
from dbmate_wrap.policy.concurrent import all_concurrent
from dbmate_wrap.sql.batching import may_commit

_LOCK_NOT_AVAILABLE = "55P03"
_DEADLOCK = "40P01"
_SYNTAX_ERROR = "42601"
# duplicate_table, and unique_violation in PostgreSQL's own catalogs.
_MADE_TWICE = frozenset({"42P07", "23505"})
# Duplicate table (and index), object, schema, function, column.
_THERE_ALREADY = frozenset({"42P07", "42710", "42P06", "42723", "42701"})
# Connection exceptions, refused logins, too many connections, no such database, a server that goes or comes.
_NO_CONNECTION = ("08", "28", "53300", "3D000", "57P")
_NETWORK = re.compile(r"\b(?:dial|read|write) (?:tcp|unix)\b|\bi/o timeout\b|\bEOF\b|\bbad connection\b")
# The oldest come first: most often it is one of them.
_OPEN_TRANSACTIONS = (
    "select pid, usename, query from pg_stat_activity where xact_start is not null order by xact_start"
)
_SHOWN_ENDS = 5
_KILLED = re.compile(r"dbmate ended with signal ")


def may_be_retried(failure: DbmateError, migration: ParsedMigration) -> bool:
    """Return True where a lock was not available, and nothing of the migration can have stayed."""
    return _got_no_lock(failure) and was_rolled_back(failure, migration)


def may_be_built_again(failure: DbmateError, migration: ParsedMigration) -> bool:
    """Return True where a concurrent statement got no lock: an invalid index is all that may have stayed."""
    return _got_no_lock(failure) and all_concurrent([section.up for section in migration.sections])


def was_rolled_back(failure: DbmateError, migration: ParsedMigration) -> bool:
    """Return True where its migrate:up is one transaction, and no COMMIT of its own may have ended that."""
    return migration.transactional and not _may_have_committed(migration.sections[0].up, failure)


def may_leave_something(migration: ParsedMigration) -> bool:
    """Return True where a failure may leave a part of it behind."""
    return not migration.transactional or may_commit(migration.sections[0].up, syntax_error=False)


def diagnose(
    names: ProjectNames,
    failure: DbmateError,
    migration: ParsedMigration | None,
    block: Block | None,
    left: Leftovers | None = None,
) -> WrapError:
    """Return the one error for a dbmate run that failed.

    `migration` is the one that dbmate was running, `block` its part; both None when it began none. `left` is
    what a migration that is not one transaction has left behind, where that was read.
    """
    if migration is None or block is None:
        return _not_begun(failure)
    name = migration.file.name
    if not block.transaction or len(migration.sections) > 1 or _may_have_committed(block, failure):
        hint = f"{name} is not one transaction: {_leftover_hint(names, failure, migration, left)}"
        return _located_error(names, failure, migration, block, PartialError, hint)
    if failure.sqlstate == _LOCK_NOT_AVAILABLE:
        return blocked(names, failure, migration, ())
    fix = "" if _was_cut_off(failure) or _KILLED.match(failure.message) else names.fix(name, failure.sqlstate)
    known = _hint_of_its_text(names, failure, name) or limit_hint(failure)
    known = known or f"{rows_hint(failure)}{fix}run again"
    hint = f"its transaction was rolled back: {known}"
    return _located_error(names, failure, migration, block, FailedError, hint)


def _leftover_hint(
    names: ProjectNames, failure: DbmateError, migration: ParsedMigration, left: Leftovers | None
) -> str:
    if left is None:
        return "see what it left behind before you run it again"
    if left or failure.sqlstate not in _THERE_ALREADY:
        return left.sentence()
    # Killed after its statement and before dbmate's record, a run leaves no other trace.
    record = f"insert into {names.migrations_table} (version)"
    return (
        "what it makes is there already, as after a run that was cut off before dbmate recorded it; drop it,"
        f" or, where it is complete, record it: {record} values ('{migration.file.version}');"
        " then run again"
    )


def _hint_of_its_text(names: ProjectNames, failure: DbmateError, name: str) -> str | None:
    """The hint that tells what to change in the file, or whom to ask; None where neither is known."""
    hint = recording_hint(names.migrations_table, failure, name)
    hint = hint or privilege_hint(names.account, failure, name)
    if hint and name in hint and name in names.sealed:
        return f"{hint} (an edited file is amended: `{amend_command(name)}`)"
    return hint


def blocked(
    names: ProjectNames, failure: DbmateError, migration: ParsedMigration, blockers: Sequence[Blocker]
) -> WrapError:
    """The error (24) of a migration that did not get its lock, with every blocker that was seen."""
    seen = "; ".join(format_blocker(blocker) for blocker in blockers)
    who = f"blocked by {seen}" if seen else f"another session holds the lock: {_OPEN_TRANSACTIONS}"
    hint = f"{who}; nothing of it stayed: run again when the way is free"
    # Those that wait go on by themselves; a prepared transaction has no process, and is told by its name.
    roots = [each.pid for each in blockers if each.pid and not each.waits_for][:_SHOWN_ENDS]
    if roots:
        ends = "; ".join(f"select pg_terminate_backend({pid})" for pid in roots)
        hint += f"; where nobody misses what blocks it: {ends}"
    return _located_error(names, failure, migration, migration.sections[0].up, BlockedError, hint)


def unfinished_run_error(
    names: ProjectNames, migration: ParsedMigration, found: UnfinishedRun
) -> PartialError:
    """The error (31) of a migration that a killed run may have done, and that must not be done twice."""
    name, table = migration.file.name, names.migrations_table
    record, forget = f"insert into {table} (version)", "update dbmate_wrap.run set ended_at = now()"
    return PartialError(
        f"run {found.run_id} (begun {found.started_at}) was killed while {name} ran outside a transaction:"
        " whether it did its work is not known, and doing it twice would not fail",
        hint=f"look at its rows; where the work is done, record it: {record} values ('{found.version}');\n"
        f"where it is not: {forget} where run_id = '{found.run_id}';\nthen run again",
        migration=name,
    )


def left_invalid(migration: ParsedMigration, left: Leftovers) -> PartialError:
    """The error (31) of a migration that is recorded as applied and left an index which is not usable."""
    return PartialError(
        f"{migration.file.name} is recorded as applied, but left an index that is not valid",
        hint=f"{left.sentence()}\nthen build it with a new migration",
        migration=migration.file.name,
    )


def _located_error(
    names: ProjectNames,
    failure: DbmateError,
    migration: ParsedMigration,
    block: Block,
    kind: type[PartialError | BlockedError | FailedError],
    hint: str,
) -> WrapError:
    name, line, frame = migration.file.name, None, None
    place = f"{names.folder}/{name}"
    # dbmate counts within the section that it ran, and does not say which of several that was.
    if failure.line is not None and len(migration.sections) == 1:
        line = block.line + failure.line - 1
        place += f":{line}" + (f":{failure.column}" if failure.column is not None else "")
        frame = code_frame(migration.file.content.decode("utf-8", "replace"), line, failure.column) or None
    message = f"{place}: {failure.message}" + (f"\n{failure.details}" if failure.details else "")
    return kind(message, sqlstate=failure.sqlstate, migration=name, line=line, hint=hint, frame=frame)


def _not_begun(failure: DbmateError) -> WrapError:
    if failure.sqlstate in _MADE_TWICE:
        return LockedError(
            f"another run created the history table at the same time: {failure.message}",
            hint="let the other run end, then run `dbmate-wrap up` again",
            sqlstate=failure.sqlstate,
        )
    if _was_cut_off(failure):
        return UnreachableError(
            f"dbmate got no connection: {failure.message}",
            kind="other",
            sqlstate=failure.sqlstate,
            hint="ours did: look at the server and what lies before it, then run `dbmate-wrap up` again",
        )
    return FailedError(
        f"dbmate could not begin: {failure.message}",
        sqlstate=failure.sqlstate,
        hint="see what is applied with `dbmate-wrap status`, and what is wrong with `dbmate-wrap doctor`",
    )


def _got_no_lock(failure: DbmateError) -> bool:
    return failure.file is not None and failure.sqlstate in (_LOCK_NOT_AVAILABLE, _DEADLOCK)


def _was_cut_off(failure: DbmateError) -> bool:
    """Return True where the connection failed, by SQLSTATE or by the message of dbmate's driver (Go)."""
    if failure.sqlstate is not None:
        return failure.sqlstate.startswith(_NO_CONNECTION)
    return _NETWORK.search(failure.message) is not None


def _may_have_committed(block: Block, failure: DbmateError) -> bool:
    return may_commit(block, syntax_error=failure.sqlstate == _SYNTAX_ERROR)
