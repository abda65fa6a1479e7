"""Runs a replay on the server of a check: opened first, and run when the rules have been judged."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.review import replay_faults
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans
from dbmate_wrap.review.replay_progress import ReplayProgress, describe_replay
from dbmate_wrap.review.replay_report import ReplayReport, describe_placeholders, describe_server_warnings
from dbmate_wrap.review.replay_servers import ReplayServers, open_second
from dbmate_wrap.review.replay_tools import failures_as_errors, make_tools
from dbmate_wrap.review.server_warnings import WarningLog
from dbmate_wrap.shadow.due_round_trips import round_trips_due
from dbmate_wrap.shadow.halves import ReplayPlans, plan_halves
from dbmate_wrap.shadow.next_check import preparing_next_check
from dbmate_wrap.shadow.replay import ReplayResult
from dbmate_wrap.shadow.scratch import ReplayTools
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class OpenReplay:
    """A replay whose server is open: call `report` or `close`, once."""

    means: ReplayMeans
    store: DumpStore
    round_trips: frozenset[str]
    servers: ReplayServers
    plans: ReplayPlans
    bind: Callable[[DatabaseUrl, Session], Dbmate] = field(repr=False)
    _stack: ExitStack = field(repr=False)

    def report(self) -> ReplayReport:
        """Run the plans, and close the server. Raises what `begin_replay` says."""
        with self._stack:
            return self._run()

    def close(self) -> None:
        """Close the server: nothing was run."""
        self._stack.close()

    def _run(self) -> ReplayReport:
        pool, plan = self.servers.pool, self.plans.whole
        progress = ReplayProgress(self.means.console, plan, pool.origin)
        tools = make_tools(self.means, pool, self.store, self.bind, plan, progress)
        log = WarningLog.start(self.servers.log_files(), plan, tools.rewritten, self.means.setup.mask)
        findings = self._findings(self._run_plans(tools, progress, log), tools)
        message, roles = describe_replay(plan, pool.origin), describe_placeholders(pool.placeholders)
        warnings = describe_server_warnings(self.means, self.store, self.round_trips, log)
        return ReplayReport(findings, message, warnings, roles)

    def _run_plans(self, tools: ReplayTools, progress: ReplayProgress, log: WarningLog) -> ReplayResult:
        def said(name: str) -> list[str]:
            return log.of_file(name, self.means.files.folder)

        try:
            with failures_as_errors(self.means, tools, progress, said):
                return self.servers.run(tools, self.plans)
        finally:
            tools.cache.record_warnings(log.read())

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


def open_replay(
    means: ReplayMeans, choice: ShadowChoice, store: DumpStore | None, round_trips: frozenset[str]
) -> OpenReplay:
    """Open the server, and plan what is run there; `store` is None where only the server knows its major."""
    bind, files = means.setup.start_dbmate(), means.files.parsed
    with ExitStack() as stack:
        pool = stack.enter_context(choice.open())
        means.prepare(pool, choice)
        store = store or means.store(choice, pool.major, pool)
        # Read only now: while the server was waited for, another check may have done some.
        due = round_trips_due(files, store.keys, round_trips, store.cache.passed_round_trips())
        servers = stack.enter_context(open_second(choice, pool, due))
        at_once, prefix = servers.second is not None, pool.longest_cached_prefix
        plans = plan_halves(files, store.keys, due, prefix, at_once=at_once)
        if plans.last.remaining:
            stack.callback(pool.drop_spare)
            pool.make_spare(plans.last.key(plans.last.start))
            base = plans.last.key(plans.last.base) if plans.last.start == plans.last.base else None
            stack.enter_context(preparing_next_check(pool, base))
        return OpenReplay(means, store, round_trips, servers, plans, bind, stack.pop_all())
