"""Notes how each target of a run ended, hands its document on, and sums up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dbmate_wrap.domain.fleet import FleetTarget, TargetSelection
from dbmate_wrap.domain.fleet_end import FleetScope, TargetEnd, target_end
from dbmate_wrap.domain.fleet_result import (
    FleetDriftResult,
    FleetResult,
    FleetTargetResult,
    FleetTargetRow,
    TargetState,
)
from dbmate_wrap.domain.fleet_summary import error_of, exit_of, summarize
from dbmate_wrap.domain.history import MigrationState
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.shared_origin import SharedOrigin
from dbmate_wrap.fleet.survey import Found

_NOT_APPLIED = frozenset({MigrationState.PENDING, MigrationState.OUT_OF_ORDER})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class TargetDocuments:
    """What the outcomes of single targets begin as, and where they go when they have ended."""

    begin: Callable[[], Outcome]
    report: Callable[[Outcome], None]


@dataclass
class Journal:
    """The ends of the targets of one run; `files` are the names of the migration files by version."""

    scope: FleetScope
    selection: TargetSelection
    files: dict[str, str]
    documents: TargetDocuments
    origin: SharedOrigin
    now: Callable[[], datetime] = _now
    ends: list[TargetEnd] = field(default_factory=list)

    def begin(self) -> Outcome:
        """Return the outcome of a target that is begun now."""
        outcome = self.documents.begin()
        outcome.environment = self.scope.environment
        return outcome

    def note_found(self, found: Found) -> None:
        """Note a target of which the first pass tells all that there is to tell."""
        failed = found.outcome.error is not None
        state: TargetState = "failed" if failed else "pending" if found.pending else "up to date"
        self._note(found.target, found.outcome, state, found.version, found.pending)

    def note_end(self, found: Found, outcome: Outcome, good: TargetState) -> None:
        """Note a target whose process has ended; `good` is its state where nothing failed."""
        if outcome.target is None:
            outcome.target = found.outcome.target
        version, pending = self._standing(found, outcome)
        state: TargetState = good if outcome.exit is ExitCode.OK else "failed"
        if state == "applied" and not outcome.applied:
            # Another run was faster.
            state = "pending" if pending else "up to date"
        self._note(found.target, outcome, state, version, pending)

    def _standing(self, found: Found, outcome: Outcome) -> tuple[str | None, int]:
        """Return the newest version, and how many are pending, after the process of a target."""
        if self.scope.verb != "up" or not (outcome.migrations or outcome.exit is ExitCode.OK):
            # It has not read the history; what it applied before it was killed nobody knows.
            return found.version, found.pending
        # It tells all that is not applied: the rest of the files is, whoever has applied it.
        left = {row.version for row in outcome.migrations if row.state in _NOT_APPLIED}
        applied = self.files.keys() - left
        return max((*applied, *filter(None, (found.version,))), default=None), len(left)

    def note_not_begun(self, found: Found, why: str) -> None:
        """Note a target that the run has not come to."""
        found.outcome.exit = ExitCode.AGAIN
        found.outcome.error = ErrorReport(f"not begun: {why}")
        self._note(found.target, found.outcome, "not begun", found.version, found.pending)

    def sum_up(self, outcome: Outcome, stopped: str | None = None) -> None:
        """Put the summary, the exit code and its error into the outcome of the whole run."""
        summary = summarize(self.scope, self.ends, self.files, stopped=stopped)
        outcome.result, outcome.ends = FleetResult(summary), self.ends
        outcome.exit = exit_of(self.ends, ())
        outcome.error = error_of(summary, outcome.exit)

    def _note(
        self, target: FleetTarget, outcome: Outcome, state: TargetState, version: str | None, pending: int
    ) -> None:
        if outcome.error is not None and outcome.exit is ExitCode.UNREACHABLE:
            outcome.error = self.origin.leave_out(outcome.error, target)
        shard = self.selection.shard
        row = FleetTargetRow(
            self.scope.fleet,
            target.name,
            target.label_texts,
            str(shard) if shard is not None else None,
            self.scope.digest,
            state,
            version,
            pending,
        )
        match outcome.result:
            case DriftResult(differences):
                outcome.result = FleetDriftResult(row, differences)
            case _:
                outcome.result = FleetTargetResult(row)
        took = self.now() - outcome.started_at if state != "not begun" else timedelta()
        duration_ms = max(round(took.total_seconds() * 1000), 0)
        self.ends.append(target_end(row, outcome.exit, outcome.error, duration_ms))
        self.documents.report(outcome)
