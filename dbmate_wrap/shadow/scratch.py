"""What is done to one scratch database: migrate, undo, look at the schema, load a dump."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dbmate_wrap.dbmate.client import Dbmate, DbmateError, RunEvents
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare
from dbmate_wrap.errors import FailedError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.cache import ReplayCache, SchemaDump
from dbmate_wrap.shadow.locate import Statements, placed
from dbmate_wrap.shadow.scratch_pool import ScratchPool


class MigrationFailed(Exception):
    """A migration cannot be applied; `failure` is None where dbmate ended with 0 and the database has not
    recorded it. `part` says which way it went."""

    def __init__(
        self, migration: ParsedMigration, failure: DbmateError | None, part: Literal["up", "down"] = "up"
    ) -> None:
        super().__init__(migration.file.name)
        self.migration = migration
        self.failure = failure
        self.part = part


@dataclass(frozen=True)
class ReplayTools:
    """What a replay works with, and how it reaches a scratch database.

    `dump` is pg_dump's text; `batches` cuts migrations into those that one dbmate process may run;
    `statements` cuts a text into its statements.
    """

    shelf: ScratchPool
    dbmate: Callable[[DatabaseUrl], Dbmate]
    session: Callable[[DatabaseUrl], Session]
    dump: Callable[[DatabaseUrl], str]
    batches: Callable[[Sequence[ParsedMigration]], Sequence[Sequence[ParsedMigration]]]
    statements: Statements
    attendance: RunEvents
    memory: ReplayCache
    migrations_table: str


@dataclass(frozen=True)
class History:
    """dbmate's history in a scratch database: its table (schema and name), and the versions recorded."""

    table: tuple[str, str]
    versions: tuple[str, ...]
    literal: str


def migrate(
    bench: ReplayTools, url: DatabaseUrl, batch: Sequence[ParsedMigration]
) -> tuple[DbmateError | None, list[ParsedMigration]]:
    """Apply a batch with one dbmate process: its error, and what of the batch is not recorded after it."""
    with stage([migration.file for migration in batch]) as folder:
        failure = bench.dbmate(url).migrate(folder, bench.attendance)
    versions = history(bench, url).versions
    return failure, [migration for migration in batch if migration.file.version not in versions]


def apply(bench: ReplayTools, url: DatabaseUrl, migrations: Sequence[ParsedMigration]) -> None:
    """Apply all of them, in as few dbmate processes as may be. Raises Broken at the first that fails."""
    for batch in bench.batches(migrations):
        failure, left = migrate(bench, url, batch)
        if left:
            raise migration_failed(bench, url, left[0], failure)


def migration_failed(
    bench: ReplayTools, url: DatabaseUrl, migration: ParsedMigration, failure: DbmateError | None
) -> MigrationFailed:
    """The exception for a migration that was not applied, with the place of what failed in it."""
    if failure is not None and failure.file == migration.file.name and len(migration.sections) == 1:
        block = migration.sections[0].up
        failure = placed(failure, block, bench.statements, lambda: bench.session(url))
    return MigrationFailed(migration, failure)


def undo(bench: ReplayTools, url: DatabaseUrl, migration: ParsedMigration) -> DbmateError | None:
    """Run the way down of the last migration; None when it is gone from the history. Raises Broken."""
    # dbmate undoes the last applied one of those it sees: it is shown this one alone.
    with stage([migration.file]) as folder:
        failure = bench.dbmate(url).rollback(folder, bench.attendance)
    if migration.file.version not in history(bench, url).versions:
        return None
    if failure is None or failure.file is None:
        raise MigrationFailed(migration, failure, "down")
    return failure


def history(bench: ReplayTools, url: DatabaseUrl) -> History:
    """What the database says; the session is closed again, so that the scratch can be kept."""
    with bench.session(url) as session:
        server = catalog.read_server(session, bench.migrations_table)
        versions = catalog.applied_versions(session, server)
    literal = catalog.history_literal(versions, server)
    return History((server.history_schema, server.history_table), versions, literal)


def dump_with_history(bench: ReplayTools, url: DatabaseUrl) -> SchemaDump:
    """The schema as it is now."""
    return SchemaDump(bench.dump(url), history(bench, url).literal)


def reload(bench: ReplayTools, text: str) -> SchemaDump:
    """A dump, loaded into an empty database and dumped again. Raises FailedError when it cannot be loaded."""
    with bench.shelf.scratch(None) as scratch:
        with bench.session(scratch.url) as session:
            session.rows(text)
        return dump_with_history(bench, scratch.url)


def compare_reloaded(
    bench: ReplayTools, expected: str, found: str, history: tuple[str, str] | None = None
) -> Difference | None:
    """The difference of two dumps after each was loaded once more; None when one cannot be loaded.

    PostgreSQL writes some expressions in other words than it got them, and those words in others again (`in`
    over varchar): a schema that was dumped and loaded is dumped differently, although it is the same.
    """
    try:
        return compare(reload(bench, expected).schema, reload(bench, found).schema, history)
    except FailedError:
        return None
