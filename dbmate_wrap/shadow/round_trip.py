"""Takes one migration up, down and up again on a scratch database, and tells what that has left."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare
from dbmate_wrap.postgres import catalog, shadow_contents
from dbmate_wrap.shadow.locate import placed
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools, apply, compare_reloaded, migrate, undo

# A sieve that lets too much through: what it catches in vain costs one more scratch database.
_WRITES = re.compile(
    r"(?<!on )\b(?:insert|update|delete|merge|copy|truncate|do|call|execute|perform)\b"
    r"|(?:^|;)\s*(?:select|with|values)\b|\b(?:nextval|setval)\b",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True)
class DownFault:
    """A way down that fails or does not undo; `line` and `column` count from 1 in the file."""

    file: str
    line: int
    column: int | None
    message: str


@dataclass(frozen=True)
class Trip:
    """What came of it: pg_dump's text `after` the first way up, and whether the database is `spoilt`.

    It is where something may be left in it that the way up alone does not make. `lasts`: the server has kept
    something that the migration would meet if it were run from before again.
    """

    fault: DownFault | None
    spoilt: bool
    lasts: bool
    after: str


@dataclass(frozen=True)
class _State:
    """pg_dump's text, what it is told to leave out, and dbmate's history table (schema and name)."""

    schema: str
    rights: Mapping[str, str]
    history: tuple[str, str]


def round_trip(bench: ReplayTools, url: DatabaseUrl, migration: ParsedMigration, before: str) -> Trip:
    """Up, down and up again; `before` is pg_dump's text now. Raises Broken where the way up fails."""
    lasting = bench.shelf.lasting()
    begun = _state(bench, url, before)
    apply(bench, url, [migration])
    after = _state(bench, url)
    fault = _way_down(bench, url, migration, begun)
    spoilt = True
    if fault is None:
        fault, spoilt = _again(bench, url, migration, after)
    return Trip(fault, spoilt, bench.shelf.lasting() != lasting, after.schema)


def _way_down(
    bench: ReplayTools, url: DatabaseUrl, migration: ParsedMigration, begun: _State
) -> DownFault | None:
    if failure := undo(bench, url, migration):
        down = migration.sections[-1].down
        failure = placed(failure, down, bench.statements, lambda: bench.session(url))
        return _fault(migration, f"the way down fails: {_said(failure)}", failure)
    if differs := _difference(bench, begun, _state(bench, url)):
        told = differs.told(
            extra="it leaves", missing="it does not bring back", changed="it does not restore"
        )
        return _fault(migration, f"the way down does not undo the way up: {told}")
    return None


def _again(
    bench: ReplayTools, url: DatabaseUrl, migration: ParsedMigration, after: _State
) -> tuple[DownFault | None, bool]:
    """What is wrong with the second way up, and whether that may have left something."""
    failure, left = migrate(bench, url, [migration])
    if left:
        if failure is None or failure.file is None:
            raise MigrationFailed(migration, failure)
        told = f"after the way down it cannot be applied again: {_said(failure)}"
        return _fault(migration, told), True
    again = _state(bench, url)
    if differs := _difference(bench, after, again):
        told = differs.told(extra="there is also", missing="there is no", changed="it differs in")
        told = f"applied again after the way down it makes another schema: {told}"
        return _fault(migration, told), True
    return None, again.schema != after.schema or _may_write_rows(migration)


def _state(bench: ReplayTools, url: DatabaseUrl, schema: str | None = None) -> _State:
    """The state now, of which `schema` may be known."""
    with bench.session(url) as session:
        server = catalog.read_server(session, bench.migrations_table)
        table = (server.history_schema, server.history_table)
        rights = shadow_contents.rights(session, table)
    return _State(bench.dump(url) if schema is None else schema, rights, table)


def _difference(bench: ReplayTools, expected: _State, found: _State) -> Difference:
    if found.schema != expected.schema:
        differs = _of_note(compare(expected.schema, found.schema, found.history))
        if differs:
            again = compare_reloaded(bench, expected.schema, found.schema, found.history)
            differs = differs if again is None else _of_note(again)
        if differs:
            return differs
    # The objects are the same now: what is told of one that is there no more needs no telling.
    changed = dict(expected.rights.items() ^ found.rights.items())
    return Difference(changed=tuple(sorted(changed)))


def _of_note(found: Difference) -> Difference:
    # A column that was dropped comes back as the last one: PostgreSQL has no way to undo that.
    return Difference(found.extra, found.missing, found.changed)


def _fault(migration: ParsedMigration, message: str, failure: DbmateError | None = None) -> DownFault:
    block = migration.sections[-1].down
    # dbmate counts within the section that it ran, and does not say which of several that was.
    if failure is None or failure.line is None or len(migration.sections) > 1:
        return DownFault(migration.file.name, block.line, None, message)
    return DownFault(migration.file.name, block.line + failure.line - 1, failure.column, message)


def _may_write_rows(migration: ParsedMigration) -> bool:
    """Whether rows, which pg_dump does not show here, may be there twice or be gone after up, down and up."""
    return any(_WRITES.search(part.sql) for each in migration.sections for part in (each.up, each.down))


def _said(failure: DbmateError) -> str:
    return f"{failure.message} ({failure.sqlstate})" if failure.sqlstate else failure.message
