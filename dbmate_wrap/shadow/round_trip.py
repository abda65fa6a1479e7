"""The round trip of one migration on a scratch database: up, down and up again."""

import re
from dataclasses import dataclass

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps
from dbmate_wrap.shadow.scratch import MigrationFailed, SchemaState, ScratchDatabase, compare_reloaded

# It may match too much: a false match costs one more scratch database.
_WRITES = re.compile(
    r"(?<!on )\b(?:insert|update|delete|merge|copy|truncate|do|call|execute|perform)\b"
    r"|(?:^|;)\s*(?:select|with|values)\b|\b(?:nextval|setval)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class DownFault:
    """A migrate:down that fails or does not undo; `line` and `column` count from 1 in the file."""

    file: str
    line: int
    column: int | None
    message: str


@dataclass(frozen=True)
class RoundTrip:
    """The result of a round trip; `after` is pg_dump's text after the first `up`.

    `spoilt`: the database may contain more than `up` alone creates. `lasts`: a cluster-wide object remains
    that a second `up` would collide with.
    """

    fault: DownFault | None
    spoilt: bool
    lasts: bool
    after: str


def run_round_trip(database: ScratchDatabase, migration: ParsedMigration, before: str) -> RoundTrip:
    """Apply, undo and apply again; `before` is pg_dump's text now.

    Raises MigrationFailed where the first `up` fails.
    """
    pool = database.tools.pool
    shared_before = pool.shared_objects()
    initial = database.read_state(before)
    database.apply([migration])
    applied = database.read_state()
    fault = _check_down(database, migration, initial)
    spoilt = True
    if fault is None:
        fault, spoilt = _check_second_up(database, migration, applied)
    return RoundTrip(fault, spoilt, pool.shared_objects() != shared_before, applied.schema)


def _check_down(
    database: ScratchDatabase, migration: ParsedMigration, initial: SchemaState
) -> DownFault | None:
    if failure := database.undo(migration):
        return _fault(migration, f"migrate:down fails: {_describe(failure)}", failure)
    if difference := _compare_states(database, initial, database.read_state()):
        named = difference.describe(
            extra="it leaves", missing="it does not bring back", changed="it does not restore"
        )
        return _fault(migration, f"migrate:down does not undo migrate:up: {named}")
    return None


def _check_second_up(
    database: ScratchDatabase, migration: ParsedMigration, applied: SchemaState
) -> tuple[DownFault | None, bool]:
    """Apply it again: return its fault, and whether the database is spoilt now."""
    failure, missing = database.apply_batch([migration])
    if missing:
        if failure is None or failure.file is None:
            raise MigrationFailed(migration, failure)
        message = f"after migrate:down it cannot be applied again: {_describe(failure)}"
        return _fault(migration, message), True
    again = database.read_state()
    if difference := _compare_states(database, applied, again):
        named = difference.describe(extra="there is also", missing="there is no", changed="it differs in")
        message = f"applied again after migrate:down it makes another schema: {named}"
        return _fault(migration, message), True
    return None, again.schema != applied.schema or may_write_rows(migration)


def _compare_states(database: ScratchDatabase, expected: SchemaState, found: SchemaState) -> Difference:
    if found.schema != expected.schema:
        difference = _without_order(compare_dumps(expected.schema, found.schema, found.history_table))
        if difference:
            reloaded = compare_reloaded(database.tools, expected.schema, found.schema, found.history_table)
            difference = difference if reloaded is None else _without_order(reloaded)
        if difference:
            return difference
    # The objects are the same here: a right of an object that is gone was reported with its object.
    changed = dict(expected.rights.items() ^ found.rights.items())
    return Difference(changed=tuple(sorted(changed)))


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
