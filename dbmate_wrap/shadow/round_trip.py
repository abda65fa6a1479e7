"""The round trip of one migration on a scratch database: up, down and up again, and what up has changed."""

import re
from dataclasses import dataclass, replace

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps, layout_differences
from dbmate_wrap.domain.shared_state import SharedState, compare_shared
from dbmate_wrap.shadow.due_round_trips import has_down, makes_objects
from dbmate_wrap.shadow.scratch import MigrationFailed, SchemaState, ScratchDatabase, compare_reloaded

# It may match too much: a false match costs one more scratch database.
_WRITES = re.compile(
    r"(?<!on )\b(?:insert|update|delete|merge|copy|truncate|do|call|execute|perform)\b"
    r"|(?:^|;)\s*(?:select|with|values)\b|\b(?:nextval|setval)\b",
    re.IGNORECASE | re.MULTILINE,
)


_OWN_ROLE = ("current_user", "current_role", "session_user")
ANOTHER_SCHEMA = "applied again after migrate:down it makes another schema"


@dataclass(frozen=True)
class DownFault:
    """A migrate:down that fails or does not undo; `line` and `column` count from 1 in the file.

    `is_layout`: only white space and comments are not what they were.
    """

    file: str
    line: int
    column: int | None
    message: str
    is_layout: bool = False


@dataclass(frozen=True)
class RoundTrip:
    """The result of a round trip; `after` is the state after the first `up`.

    `spoilt`: the database may contain more than `up` alone creates. `lasts`: a cluster-wide object remains
    that a second `up` would collide with. `has_effect` is False for an `up` that is there to make something
    and has changed nothing.
    """

    fault: DownFault | None
    spoilt: bool
    lasts: bool
    after: SchemaState
    has_effect: bool = True


def run_round_trip(database: ScratchDatabase, migration: ParsedMigration, initial: SchemaState) -> RoundTrip:
    """Apply, undo and apply again, if it has a migrate:down; `initial` is the state now.

    Raises MigrationFailed where the first `up` fails.
    """
    pool = database.tools.pool
    shared_before = pool.shared_objects()
    applied = database.apply_one(migration)
    has_effect = (
        applied != initial
        or pool.shared_objects() != shared_before
        or not makes_objects([section.up.sql for section in migration.sections])
    )
    if not has_down(migration):
        return RoundTrip(None, spoilt=False, lasts=False, after=applied, has_effect=has_effect)
    fault = _check_down(database, migration, initial)
    spoilt = True
    if fault is None or fault.is_layout:
        second, spoilt = _check_second_up(database, migration, applied)
        fault = second if fault is None or (second and not second.is_layout) else fault
    lasts = pool.shared_objects() != shared_before
    return RoundTrip(fault, spoilt, lasts, applied, has_effect)


def _check_down(
    database: ScratchDatabase, migration: ParsedMigration, initial: SchemaState
) -> DownFault | None:
    undone = database.undo(migration)
    if isinstance(undone, DbmateError):
        return _fault(migration, f"migrate:down fails: {_describe(undone)}", undone)
    difference, is_layout = _compare_states(database, migration, initial, undone)
    if difference:
        named = difference.describe(
            extra="it leaves", missing="it does not bring back", changed="it does not restore"
        )
        message = f"migrate:down does not undo migrate:up: {named}{_say_layout(difference, is_layout)}"
        return replace(_fault(migration, message), is_layout=is_layout)
    return None


def _check_second_up(
    database: ScratchDatabase, migration: ParsedMigration, applied: SchemaState
) -> tuple[DownFault | None, bool]:
    """Apply it again: return its fault, and whether the database is spoilt now."""
    failure, again = database.try_one(migration)
    if again is None:
        if failure is None or failure.file is None:
            raise MigrationFailed(migration, failure)
        message = f"after migrate:down it cannot be applied again: {_describe(failure)}"
        return _fault(migration, message), True
    difference, is_layout = _compare_states(database, migration, applied, again)
    if difference:
        named = difference.describe(extra="there is also", missing="there is no", changed="it differs in")
        message = f"{ANOTHER_SCHEMA}: {named}{_say_layout(difference, is_layout)}"
        return replace(_fault(migration, message), is_layout=is_layout), True
    return None, again.schema != applied.schema or may_write_rows(migration)


def _compare_states(
    database: ScratchDatabase, migration: ParsedMigration, expected: SchemaState, found: SchemaState
) -> tuple[Difference, bool]:
    """Return the difference, and whether it is one of white space and comments alone."""
    difference, history = Difference(), found.history_table
    if found.schema != expected.schema:
        difference = _without_order(compare_dumps(expected.schema, found.schema, history))
        if difference:
            reloaded = compare_reloaded(database.tools, expected.schema, found.schema, history)
            difference = difference if reloaded is None else _without_order(reloaded)
        if difference and not difference.names <= layout_differences(expected.schema, found.schema, history):
            return difference, False
    # The objects are the same here: a right of an object that is gone was reported with its object.
    changed = dict(expected.rights.items() ^ found.rights.items())
    before, after = (_shared_of(database, migration, each) for each in (expected, found))
    beside = compare_shared(before, after)
    beside = replace(beside, changed=(*sorted(changed), *beside.changed))
    return (beside, False) if beside else (difference, bool(difference))


def _say_layout(difference: Difference, is_layout: bool) -> str:
    # A comment's own name says what it is.
    needed = is_layout and not all(name.startswith("comment on ") for name in difference.names)
    return " (white space and comments alone)" if needed else ""


def _shared_of(database: ScratchDatabase, migration: ParsedMigration, state: SchemaState) -> SharedState:
    """Return the state beside the schema; on somebody else's server only what the migration can be about."""
    if not database.tools.pool.keeps_roles:
        return state.shared
    text = migration.file.content.decode("utf-8", "replace").lower()
    roles = {role for role in state.shared.roles if role.lower() in text}
    if any(word in text for word in _OWN_ROLE):
        roles.add(database.url.user or "")
    return state.shared.only_about(roles)


def _without_order(difference: Difference) -> Difference:
    # A column that was dropped comes back as the last one: PostgreSQL has no way to undo that.
    return Difference(difference.extra, difference.missing, difference.changed)


def _fault(migration: ParsedMigration, message: str, failure: DbmateError | None = None) -> DownFault:
    block = migration.sections[-1].down
    # dbmate counts within the section that it ran, and does not say which of several that was.
    if failure is None or failure.line is None or len(migration.sections) > 1:
        return DownFault(migration.file.name, block.line, None, message)
    return DownFault(migration.file.name, block.line + failure.line - 1, failure.column, message)


def may_write_rows(migration: ParsedMigration) -> bool:
    """Return whether up, down and up may leave rows twice or lose some: these dumps have no rows."""
    return any(_WRITES.search(part.sql) for each in migration.sections for part in (each.up, each.down))


def _describe(failure: DbmateError) -> str:
    return f"{failure.message} ({failure.sqlstate})" if failure.sqlstate else failure.message
