"""Operations on one scratch database: apply and undo migrations, dump the schema, load a dump."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Literal

from dbmate_wrap.dbmate.client import Dbmate, DbmateError, RunEvents
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.dump_headers import split_objects, text_before
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps
from dbmate_wrap.domain.shared_state import SharedState
from dbmate_wrap.errors import FailedError
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.postgres import catalog, shadow_state
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.shadow.cache import ReplayCache, SchemaDump
from dbmate_wrap.shadow.failing_statement import find_failing_statement
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.sql.batching import batches


class MigrationFailed(Exception):
    """A migration cannot be applied or undone; `part` says which.

    `failure` is None where dbmate ended with 0, but the history does not say that it did its work.
    """

    def __init__(
        self, migration: ParsedMigration, failure: DbmateError | None, part: Literal["up", "down"] = "up"
    ) -> None:
        super().__init__(migration.file.name)
        self.migration = migration
        self.failure = failure
        self.part = part


@dataclass(frozen=True)
class ReplayTools:
    """The means of a replay: scratch databases, and what works on each by its URL.

    `dump` returns pg_dump's text, unless it is told to stop before; `events` are dbmate's callbacks;
    `judged` gets each migration after its round trip, and may end the replay by an exception; `rewritten`
    has the files in which something else stands for what only a superuser may run, by name; `set_up` is
    for a database without any migration, before the first.
    """

    pool: ScratchPool
    dbmate: Callable[[DatabaseUrl], Dbmate]
    connect: Callable[[DatabaseUrl], Session]
    dump: Callable[[DatabaseUrl, Callable[[], bool]], str]
    events: RunEvents
    cache: ReplayCache
    migrations_table: str
    rewritten: Mapping[str, MigrationFile]
    set_up: Callable[[Session], None] | None = None
    judged: Callable[[ParsedMigration], None] = lambda migration: None

    def file_of(self, migration: ParsedMigration) -> MigrationFile:
        """Return the file that is replayed."""
        return self.rewritten.get(migration.file.name, migration.file)


@dataclass(frozen=True)
class RecordedVersions:
    """The versions in dbmate's history table, and the statement that records them ("" for none)."""

    versions: tuple[str, ...]
    statement: str


@dataclass(frozen=True)
class SchemaState:
    """pg_dump's text, what it leaves out, and dbmate's history table (schema and name).

    What is `recorded` there is no part of what is compared.
    """

    schema: str
    rights: Mapping[str, str]
    history_table: tuple[str, str]
    shared: SharedState = field(default_factory=SharedState)
    recorded: RecordedVersions = field(default=RecordedVersions((), ""), compare=False)


@dataclass(frozen=True)
class ScratchDatabase:
    """One scratch database. No session stays open, so that it can be saved as a template at any time."""

    url: DatabaseUrl
    tools: ReplayTools

    def connect(self) -> Session:
        """Return a session on it."""
        return self.tools.connect(self.url)

    def apply(self, migrations: Sequence[ParsedMigration]) -> None:
        """Apply all migrations, in as few dbmate processes as possible.

        Raises MigrationFailed, with the place of the failing statement, at the first that fails.
        """
        for batch in batches(migrations):
            failure = self._migrate(batch)
            versions = self.history().versions
            for migration in batch:
                if migration.file.version not in versions:
                    raise self._failed(migration, failure)

    def apply_one(self, migration: ParsedMigration) -> SchemaState:
        """Apply one migration, and read the state then. Raises as `apply`."""
        failure, state = self.try_one(migration)
        if state is None:
            raise self._failed(migration, failure)
        return state

    def try_one(self, migration: ParsedMigration) -> tuple[DbmateError | None, SchemaState | None]:
        """Apply one migration: return dbmate's error, and the state then; None where it is not recorded."""
        failure = self._migrate([migration])
        return failure, self._read_state_if(failure, lambda versions: migration.file.version in versions)

    def undo(self, migration: ParsedMigration) -> DbmateError | SchemaState:
        """Run migrate:down of the last migration: return the state then, its error where it is not undone.

        Raises MigrationFailed where dbmate did not come to run it.
        """
        # dbmate undoes the last applied one of the files it sees: it is given this one alone.
        with stage([self.tools.file_of(migration)]) as folder:
            failure = self.tools.dbmate(self.url).rollback(folder, self.tools.events)
        state = self._read_state_if(failure, lambda versions: migration.file.version not in versions)
        if state is not None:
            return state
        if failure is None or failure.file is None:
            raise MigrationFailed(migration, failure, "down")
        return find_failing_statement(failure, migration.sections[-1].down, self.connect)

    def _migrate(self, batch: Sequence[ParsedMigration]) -> DbmateError | None:
        """Run one dbmate process over a batch."""
        with stage([self.tools.file_of(migration) for migration in batch]) as folder:
            return self.tools.dbmate(self.url).migrate(folder, self.tools.events)

    def _failed(self, migration: ParsedMigration, failure: DbmateError | None) -> MigrationFailed:
        if failure is not None and failure.file == migration.file.name and len(migration.sections) == 1:
            failure = find_failing_statement(failure, migration.sections[0].up, self.connect)
        return MigrationFailed(migration, failure)

    def _read_state_if(
        self, failure: DbmateError | None, is_done: Callable[[Collection[str]], bool]
    ) -> SchemaState | None:
        """Return the state where the recorded versions say that dbmate's work `is_done`, else None.

        Where dbmate has no error it is next to always done: both are read at once then.
        """
        if failure is not None and not is_done(self.history().versions):
            return None
        state = self.read_state()
        return state if is_done(state.recorded.versions) else None

    def history(self) -> RecordedVersions:
        """Read dbmate's history table."""
        with self.connect() as session:
            return _read_recorded(session, catalog.read_server(session, self.tools.migrations_table))

    def read_state(self, schema: str | None = None) -> SchemaState:
        """Read the state now; `schema` is pg_dump's text where that is known, else pg_dump runs meanwhile."""
        stop, read = Event(), self.dump if schema is None else lambda should_stop: schema
        with ThreadPoolExecutor(1, "pg_dump") as executor:
            dumping = executor.submit(read, stop.is_set)
            try:
                with self.connect() as session:
                    server = catalog.read_server(session, self.tools.migrations_table)
                    table, recorded = server.history.place, _read_recorded(session, server)
                    rights, shared = shadow_state.rights(session, table), shadow_state.shared(session)
                return SchemaState(dumping.result(), rights, table, shared, recorded)
            finally:
                stop.set()  # Nothing works on a server that is about to be stopped.

    def dump(self, should_stop: Callable[[], bool] = lambda: False) -> str:
        """Return pg_dump's text. Raises FailedError where it is stopped before its end."""
        return self.tools.dump(self.url, should_stop)

    def dump_with_history(self) -> SchemaDump:
        """Return pg_dump's text, and the statement that records the versions."""
        return SchemaDump(self.dump(), self.history().statement)


def _read_recorded(session: Session, server: catalog.Server) -> RecordedVersions:
    versions = catalog.applied_versions(session, server)
    return RecordedVersions(versions, catalog.history_literal(versions, server))


def reload_dump(tools: ReplayTools, text: str, *, superuser: bool = False) -> SchemaDump:
    """Load a dump into an empty database and dump that. Raises FailedError when it cannot be loaded.

    `superuser`: by the account of the server that may do all; else by the replay's role.
    """
    with tools.pool.scratch(None) as handle:
        url = replace(handle.url, user=tools.pool.url.user) if superuser else handle.url
        database = ScratchDatabase(url, tools)
        with database.connect() as session:
            session.rows(text)
        return database.dump_with_history()


def find_unloadable(tools: ReplayTools, text: str) -> str:
    """Return in words the first object of a dump that cannot be made, with its line; empty for none."""
    with tools.pool.scratch(None) as handle:
        database = ScratchDatabase(replace(handle.url, user=tools.pool.url.user), tools)
        with database.connect() as session:
            session.rows(text_before(text))
            for header, statement in split_objects(text):
                try:
                    session.rows(statement)
                except FailedError:
                    line = text.count("\n", 0, header.start()) + 1
                    return f"{header['kind'].lower()} {header['name']}, line {line} of the dump"
    return ""


def compare_reloaded(
    tools: ReplayTools, expected: str, found: str, history: tuple[str, str] | None = None
) -> Difference | None:
    """Compare two dumps after each was loaded and dumped once more; None when one cannot be loaded.

    PostgreSQL rewrites some expressions, and rewrites its own text again when that is loaded (`in` over
    varchar): the dump of a loaded dump can differ although the schema is the same.
    """
    try:
        return compare_dumps(reload_dump(tools, expected).schema, reload_dump(tools, found).schema, history)
    except FailedError:
        return None
