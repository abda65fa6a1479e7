"""Replays the project's history on a shadow server, to find faults before the merge."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.finding import Check, Finding
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.review import replay_faults
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans, make_means, signals_as_errors
from dbmate_wrap.review.replay_progress import ReplayProgress, describe_replay
from dbmate_wrap.review.replay_servers import ReplayServers, open_second
from dbmate_wrap.settings import Environment
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.halves import ReplayPlans, plan_halves
from dbmate_wrap.shadow.replay import ReplayResult
from dbmate_wrap.shadow.scratch import ReplayTools
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import ReplaySetup

if TYPE_CHECKING:
    from dbmate_wrap.review.server_warnings import WarningLog

_NOTHING = "nothing to replay"
_CACHED = "replayed before, byte for byte: taken from the cache"


@dataclass(frozen=True)
class ReplayReport:
    """The findings of a replay (all are warnings), and a message about what was done.

    `server_warnings` is the row about what the server said beside, `roles` that about placeholders.
    """

    findings: tuple[Finding, ...]
    message: str
    server_warnings: Check | None = None
    roles: Check | None = None


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
    with signals_as_errors("dbmate-wrap check"):
        means = make_means(files, environment, setup, console)
        return _Replay(means, round_trips).run()


@dataclass(frozen=True)
class _Replay:
    means: ReplayMeans
    round_trips: frozenset[str]

    def run(self) -> ReplayReport:
        setup, choice = self.means.setup, self.means.choose_server()
        store = self.means.store(choice, choice.major) if choice.major is not None else None
        if store is not None and self._is_cached(store):
            roles = _placeholder_check(self.means.placeholders(choice))
            return ReplayReport((), _CACHED, self._server_warnings(store, None), roles)
        bind = setup.start_dbmate()
        with choice.open() as pool:
            self.means.prepare(pool, choice)
            store = store or self.means.store(choice, pool.major, pool)
            # Read again: while the server was waited for, another check may have done some.
            due = self._due(store)
            with open_second(choice, pool, due) as servers:
                at_once, prefix = servers.second is not None, pool.longest_cached_prefix
                plans = plan_halves(self.means.files.parsed, store.keys, due, prefix, at_once=at_once)
                return self._run_on(servers, plans, store, bind)

    def _run_on(
        self,
        servers: ReplayServers,
        plans: ReplayPlans,
        store: DumpStore,
        bind: Callable[[DatabaseUrl, Session], Dbmate],
    ) -> ReplayReport:
        from dbmate_wrap.review.server_warnings import WarningLog

        pool, plan = servers.pool, plans.whole
        progress = ReplayProgress(self.means.console, plan, pool.origin)
        tools = self.means.tools(pool, store, bind, plan, progress)
        log = WarningLog.start(servers.log_files(), plan, tools.rewritten, self.means.setup.mask)
        result = self._run_plans(lambda: servers.run(tools, plans), tools, progress, log)
        findings = self._findings(result, tools)
        message, roles = describe_replay(plan, pool.origin), _placeholder_check(pool.placeholders)
        return ReplayReport(findings, message, self._server_warnings(store, log), roles)

    def _run_plans(
        self, run: Callable[[], ReplayResult], tools: ReplayTools, progress: ReplayProgress, log: "WarningLog"
    ) -> ReplayResult:
        def said(name: str) -> list[str]:
            return log.of_file(name, self.means.files.folder)

        try:
            with self.means.failures_as_errors(tools, progress, said):
                return run()
        finally:
            tools.cache.record_warnings(log.read())

    def _is_cached(self, store: DumpStore) -> bool:
        """Return True where all was replayed before and the schema file is up to date."""
        if self._due(store):
            return False
        dump = store.cache.load_dump(store.keys[-1])
        path = self.means.environment.values.schema_file
        return dump is not None and replay_faults.is_up_to_date(path, dump)

    def _due(self, store: DumpStore) -> tuple[int, ...]:
        passed = store.cache.passed_round_trips()
        return shadow_replay.round_trips_due(self.means.files.parsed, store.keys, self.round_trips, passed)

    def _server_warnings(self, store: DumpStore, log: "WarningLog | None") -> Check | None:
        """Return the row about what the server said to the migrations under review, now or when they ran."""
        names = [migration.file.name for migration in self.means.files.parsed]
        pairs = zip(store.keys, names, strict=True)
        under_review = {key: name for key, name in pairs if name in self.round_trips}
        if log is None and not store.cache.load_warnings(under_review):
            return None  # As nearly always: what is for the others is not imported.
        from dbmate_wrap.review.server_warnings import review_warnings

        return review_warnings(under_review, store.cache, log, self.means.files.folder)

    def _findings(self, result: ReplayResult, tools: ReplayTools) -> tuple[Finding, ...]:
        folder, path = self.means.files.folder, self.means.environment.values.schema_file
        found = [
            *(replay_faults.down_incomplete(fault, folder) for fault in result.faults),
            *(replay_faults.no_effect(migration, folder) for migration in result.without_effect),
        ]
        if result.dump is not None:
            name = self.means.environment.display_path(path)
            stale = replay_faults.stale_schema_file(path, name, result.dump, tools)
            found += [stale] if stale is not None else []
        return replay_faults.explain_varying(found, self.means.files.parsed)


def _placeholder_check(roles: Collection[str]) -> Check | None:
    """Return the row about the roles that are made for this check alone; None without any."""
    if not roles:
        return None
    names = ", ".join(sorted(roles))
    message = f"roles that nothing here makes stand in for production's: {names}"
    return Check("roles", "pass", f"{message} (NOLOGIN, on the throw-away server alone)")
