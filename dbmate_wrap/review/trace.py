"""Traces what each statement of pending migrations does on a shadow server, after a history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.errors import FailedError, UnreachableError, WrapError
from dbmate_wrap.review.prepared_replay import PreparedReplay, prepare_replay
from dbmate_wrap.review.replay_means import ReplayMeans, signals_as_errors
from dbmate_wrap.shadow import replay as shadow_replay
from dbmate_wrap.shadow.planned_statements import untraced_rest
from dbmate_wrap.shadow.replay import ReplayPlan
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.shadow.statement_trace import trace_migration
from dbmate_wrap.workspace.server_choice import Wanted


@dataclass(frozen=True)
class Trace:
    """The statements up to one that fails, that error as a replay reports it, and the server in words."""

    statements: tuple[TracedStatement, ...]
    failed: WrapError | None
    origin: str


def trace_pending(
    means: ReplayMeans, wanted: Wanted, pending: Sequence[ParsedMigration], command: str
) -> Trace:
    """Apply the pending migrations on top of `means.files`, which are those that the database has applied.

    `wanted` is what that database's schema needs of the server. Raises as `replay`, but where a pending
    migration fails.
    """
    if not pending:
        return Trace((), None, "")
    whole = replace(means, files=replace(means.files, parsed=(*means.files.parsed, *pending)))
    with signals_as_errors(command):
        choice = whole.choose_server(wanted)
        bind = whole.setup.start_dbmate()
        with choice.open() as pool:
            number = len(whole.files.parsed)
            due = tuple(range(number - len(pending), number))
            return _Tracing(prepare_replay(whole, choice, pool, bind, due)).run()


@dataclass(frozen=True)
class _Tracing:
    """The plan's migrations from `base` on are traced."""

    prepared: PreparedReplay

    @property
    def pool(self) -> ScratchPool:
        """The server's databases."""
        return self.prepared.tools.pool

    @property
    def plan(self) -> ReplayPlan:
        """The plan of the replay."""
        return self.prepared.plan

    def run(self) -> Trace:
        traced: list[TracedStatement] = []
        begun: list[ParsedMigration] = []
        failure: FailedError | None = None
        try:
            with self.prepared.failures_as_errors():
                failure = self._trace(traced, begun)
        except WrapError as error:
            if not _is_about(error, begun):
                raise
            return Trace(tuple(traced), error, self.pool.origin)
        replayed = self._replay_to(begun) if failure is not None else None
        if failure is None or replayed is not None:
            return Trace(tuple(traced), replayed, self.pool.origin)
        reason = f"it failed when it was run by itself, and not as dbmate runs it: {failure.message}"
        rest = untraced_rest(self.plan.migrations[self.plan.base :], traced, reason)
        return Trace((*traced, *rest), None, self.pool.origin)

    def _trace(self, traced: list[TracedStatement], begun: list[ParsedMigration]) -> FailedError | None:
        """Fill in what was traced, and the migrations that were begun; return the error of the last."""
        with shadow_replay.open_state(self.prepared.tools, self.plan) as database:
            for migration in self.plan.migrations[self.plan.base :]:
                begun.append(migration)
                found = trace_migration(database, migration)
                traced += found.statements
                if found.failure is not None:
                    return found.failure
        return None

    def _replay_to(self, begun: Sequence[ParsedMigration]) -> WrapError | None:
        """Replay up to the last that was begun: return the error as a check has it; None without one."""
        end, base = self.plan.base + len(begun), self.plan.base
        start = self.pool.longest_cached_prefix(self.plan.keys[:base])
        plan = replace(
            self.plan, migrations=self.plan.migrations[:end], keys=self.plan.keys[:end], start=start
        )
        try:
            with self.prepared.failures_as_errors():
                shadow_replay.make_state(self.prepared.tools, plan)
        except WrapError as error:
            if not _is_about(error, begun):
                raise
            return error
        return None


def _is_about(error: WrapError, begun: Sequence[ParsedMigration]) -> bool:
    """Return True for the error of a pending migration: what was traced before it is the answer then."""
    named = error.migration in {migration.file.name for migration in begun}
    return named and not isinstance(error, UnreachableError)
