"""Notes how each target of a run ended, hands its document on, and sums up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dbmate_wrap.domain.fleet import FleetTarget, Selection
from dbmate_wrap.domain.fleet_end import FleetScope, TargetEnd, target_end
from dbmate_wrap.domain.fleet_result import (
    FleetDriftResult,
    FleetResult,
    FleetTargetResult,
    FleetTargetRow,
    TargetState,
)
from dbmate_wrap.domain.fleet_summary import error_of, exit_of, summarize
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import DriftResult
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.survey import Found


@dataclass(frozen=True)
class TargetDocuments:
    """What the outcomes of single targets begin as, and where they go when they have ended."""

    begin: Callable[[], Outcome]
    report: Callable[[Outcome], None]


@dataclass
class Journal:
    """The ends of the targets of one run; `files` are the names of the migration files by version."""

    scope: FleetScope
    selection: Selection
    files: dict[str, str]
    documents: TargetDocuments
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
        state = good if outcome.exit is ExitCode.OK else "failed"
        done = _done_since(found, outcome)
        newest = max(filter(None, (found.version, *done)), default=None)
        self._note(found.target, outcome, state, newest, found.pending - len(done))

    def note_not_begun(self, found: Found, why: str) -> None:
        """Note a target that the run has not come to."""
        found.outcome.exit = ExitCode.AGAIN
        found.outcome.error = ErrorReport(f"not begun: {why}")
        self._note(found.target, found.outcome, "not begun", found.version, found.pending)

    def sum_up(self, outcome: Outcome, stopped: str | None = None) -> None:
        """Put the summary, the exit code and the error, if any, into the outcome of the whole run."""
        summary = summarize(self.scope, self.ends, self.files, stopped=stopped)
        outcome.result, outcome.ends = FleetResult(summary), list(self.ends)
        outcome.exit = exit_of(self.ends, ())
        outcome.error = error_of(summary, outcome.exit)

    def _note(
        self, target: FleetTarget, outcome: Outcome, state: TargetState, version: str | None, pending: int
    ) -> None:
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
        took = (datetime.now(UTC) - outcome.started_at).total_seconds()
        # A clock that is set back makes no time negative.
        self.ends.append(target_end(row, outcome.exit, outcome.error, max(round(took * 1000), 0)))
        self.documents.report(outcome)


def _done_since(found: Found, outcome: Outcome) -> set[str]:
    """Return the versions that were pending when the target was found, and are not any more.

    Another run may have applied them meanwhile. Of a target that failed nothing else is known for sure.
    """
    if outcome.exit is not ExitCode.OK:
        return set(outcome.applied)
    left = {row.version for row in outcome.migrations if not row.is_applied}
    return {row.version for row in found.outcome.migrations} - left
