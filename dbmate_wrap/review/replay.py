"""Replays the project's history on a shadow server, to find faults before the merge."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbmate_wrap.cluster import isolation
from dbmate_wrap.dbmate import pins
from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration
from dbmate_wrap.execution.diagnosis import ProjectNames
from dbmate_wrap.postgres import server_facts, shadow
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.process import Terminated
from dbmate_wrap.review import replay_errors, replay_faults
from dbmate_wrap.review.replay_progress import ReplayProgress, describe_replay
from dbmate_wrap.review.replay_servers import ReplayServers, open_second
from dbmate_wrap.review.server_lacks import first_uses_of_extensions
from dbmate_wrap.review.shadow_setup import SetupFile, read_setup
from dbmate_wrap.review.superuser import rewrite_for_replay
from dbmate_wrap.settings import Environment
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.cache import ReplayCache, history_keys
from dbmate_wrap.shadow.halves import ReplayPlans, plan_halves
from dbmate_wrap.shadow.replay import ReplayPlan, ReplayResult
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import ReplaySetup
from dbmate_wrap.workspace.shadow_server import ShadowChoice

if TYPE_CHECKING:
    from dbmate_wrap.review.server_warnings import WarningLog

# Part of every stamp: increased where dumps are written or compared in another way than before.
_FORMAT = 4
_NOTHING = "nothing to replay"
_CACHED = "replayed before, byte for byte: taken from the cache"


@dataclass(frozen=True)
class ReplayReport:
    """The findings of a replay (all are warnings), and a message about what was done.

    `server_warnings` is the row about what the server said beside.
    """

    findings: tuple[Finding, ...]
    message: str
    server_warnings: Check | None = None


def replay(
    files: ProjectFiles,
    round_trips: frozenset[str],
    environment: Environment,
    setup: ReplaySetup,
    console: Console,
) -> ReplayReport:
    """Run the whole history on scratch databases, with the round trips of the files named in `round_trips`.

    A verb calls ``replay(files, branch.round_trip, context.environment, ReplaySetup(context),
    context.console)``; the check `shadow` then passes, or warns where there are findings: `down-incomplete`,
    `no-effect` and `stale-schema-file`. Raises FailedError with the place of what failed, PreflightError for
    an extension that the shadow server lacks, ConfigError where there is no such server, BinaryError,
    UnreachableError, and InterruptedRun after a signal.
    """
    if not files.parsed:
        return ReplayReport((), _NOTHING)
    try:
        return _Replay(files, round_trips, environment, setup, console, read_setup(environment)).run()
    except (KeyboardInterrupt, Terminated) as signal:
        # Imported here: it loads the attended run, which a replay does without.
        from dbmate_wrap.execution.interruption import stopped_error

        message = f"the history was not replayed to its end; {replay_errors.UNTOUCHED}"
        raise stopped_error(signal, message, "run `dbmate-wrap check` again") from None


@dataclass(frozen=True)
class _DumpStore:
    """The keys of the history on a server of one major, the pg_dump for it, and the cache of its dumps."""

    keys: tuple[str, ...]
    program: PgDump
    cache: ReplayCache


@dataclass(frozen=True)
class _Replay:
    files: ProjectFiles
    round_trips: frozenset[str]
    environment: Environment
    setup: ReplaySetup
    console: Console
    prepared: SetupFile | None

    def run(self) -> ReplayReport:
        choice = self.setup.choose_server()
        store = self._store(choice, choice.major) if choice.major is not None else None
        if store is not None and self._is_cached(store):
            return ReplayReport((), _CACHED, self._server_warnings(store, None))
        bind = self.setup.start_dbmate()
        with choice.open() as pool:
            store = store or self._store(choice, pool.major, pool)
            # Read again: while the server was waited for, another check may have done some.
            due = self._due(store)
            with open_second(choice, pool, due) as servers:
                at_once, prefix = servers.second is not None, pool.longest_cached_prefix
                plans = plan_halves(self.files.parsed, store.keys, due, prefix, at_once=at_once)
                return self._run_on(servers, plans, store, bind)

    def _run_on(
        self,
        servers: ReplayServers,
        plans: ReplayPlans,
        store: _DumpStore,
        bind: Callable[[DatabaseUrl, Session], Dbmate],
    ) -> ReplayReport:
        from dbmate_wrap.review.server_warnings import WarningLog

        pool, plan = servers.pool, plans.whole
        progress = ReplayProgress(self.console, plan, pool.origin)
        # This session is in no scratch database.
        with self.setup.connect(pool.url) as session:
            rewritten = self._hand_to_superuser(pool, session, plan.remaining)
            tools = self._tools(pool, store, bind(pool.url, session), progress, rewritten)
            self._raise_for_missing_extensions(session, plan, pool.origin)
            log = WarningLog.start(servers.log_files(), plan, rewritten, self.setup.mask)
            result = self._run_plans(lambda: servers.run(tools, plans), tools, progress, log)
            findings = self._findings(result, tools)
        return ReplayReport(findings, describe_replay(plan, pool.origin), self._server_warnings(store, log))

    def _store(self, choice: ShadowChoice, major: int, pool: ScratchPool | None = None) -> _DumpStore:
        program = self.setup.find_pg_dump(major, pool.url if pool else None)
        identity, release = shadow_server.program_identity(program.path), pool.server.release if pool else ""
        text = f"{_FORMAT} {identity} {program.major} {choice.label} {release}"
        stamp = hashlib.sha256(text.encode()).hexdigest()[:16]
        keys = history_keys(
            [migration.file for migration in self.files.parsed],
            major=major,
            pin=pins.load().version,
            migrations_table=self.environment.values.migrations_table,
            setup=self.prepared.text if self.prepared else "",
        )
        return _DumpStore(keys, program, ReplayCache(self.setup.cache_dir, stamp))

    def _is_cached(self, store: _DumpStore) -> bool:
        """Return True where all was replayed before and the schema file is up to date."""
        if self._due(store):
            return False
        dump = store.cache.load_dump(store.keys[-1])
        return dump is not None and replay_faults.is_up_to_date(self.environment.values.schema_file, dump)

    def _due(self, store: _DumpStore) -> tuple[int, ...]:
        passed = store.cache.passed_round_trips()
        return shadow_replay.round_trips_due(self.files.parsed, store.keys, self.round_trips, passed)

    def _hand_to_superuser(
        self, pool: ScratchPool, session: Session, migrations: Sequence[ParsedMigration]
    ) -> Mapping[str, MigrationFile]:
        """Let a superuser run what the replay's role may not; return the files that call it, by name."""
        if pool.server.replay_role is None:
            return {}
        found = rewrite_for_replay(
            migrations,
            lambda: shadow.read_replay_server(session, has_network=not isolation.can_isolate()),
            major=pool.major,
        )
        pool.statements = found.statements
        for note in found.notes:
            self.console.say(f"{self.files.folder}/{note}")
        return found.files

    def _tools(
        self,
        pool: ScratchPool,
        store: _DumpStore,
        bound: Dbmate,
        progress: ReplayProgress,
        rewritten: Mapping[str, MigrationFile],
    ) -> ReplayTools:
        values = self.environment.values
        return ReplayTools(
            pool=pool,
            dbmate=lambda url: replace(bound, url=url.with_connect_timeout(values.connect_timeout)),
            connect=self.setup.connect,
            dump=lambda url: self.setup.dump(store.program, url),
            events=progress.events(),
            cache=store.cache,
            migrations_table=bound.migrations_table,
            rewritten=rewritten,
            set_up=self.prepared.run if self.prepared else None,
            judged=progress.on_judged,
        )

    def _raise_for_missing_extensions(self, session: Session, plan: ReplayPlan, origin: str) -> None:
        """Raise PreflightError (22) before anything is run, where the server lacks an extension."""
        needed = first_uses_of_extensions(plan.remaining)
        missing = server_facts.missing_extensions(session, needed) if needed else ()
        if missing:
            path = f"{self.files.folder}/{needed[missing[0]]}"
            raise replay_errors.missing_extension_error(path, ", ".join(missing), origin)

    def _run_plans(
        self, run: Callable[[], ReplayResult], tools: ReplayTools, progress: ReplayProgress, log: "WarningLog"
    ) -> ReplayResult:
        try:
            return run()
        except MigrationFailed as failed:
            progress.clear()
            for line in log.of_file(failed.migration.file.name, self.files.folder):
                self.console.say(f"warning: {line}")
            names, pool = ProjectNames(self.files.folder, tools.migrations_table), tools.pool
            error = replay_errors.replay_error(failed, names, pool.origin, keeps_roles=pool.keeps_roles)
            raise error from None
        finally:
            progress.clear()
            tools.cache.record_warnings(log.read())

    def _server_warnings(self, store: _DumpStore, log: "WarningLog | None") -> Check | None:
        """Return the row about what the server said to the migrations under review, now or when they ran."""
        names = [migration.file.name for migration in self.files.parsed]
        pairs = zip(store.keys, names, strict=True)
        under_review = {key: name for key, name in pairs if name in self.round_trips}
        if log is None and not store.cache.load_warnings(under_review):
            return None  # As nearly always: what is for the others is not imported.
        from dbmate_wrap.review.server_warnings import review_warnings

        return review_warnings(under_review, store.cache, log, self.files.folder)

    def _findings(self, result: ReplayResult, tools: ReplayTools) -> tuple[Finding, ...]:
        folder, path = self.files.folder, self.environment.values.schema_file
        found = [
            *(replay_faults.down_incomplete(fault, folder) for fault in result.faults),
            *(replay_faults.no_effect(migration, folder) for migration in result.without_effect),
        ]
        if result.dump is not None:
            name = self.environment.display_path(path)
            stale = replay_faults.stale_schema_file(path, name, result.dump, tools)
            found += [stale] if stale is not None else []
        return replay_faults.explain_varying(found, self.files.parsed)
