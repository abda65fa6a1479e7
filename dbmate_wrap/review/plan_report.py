"""Says in words what was measured of a plan, and holds it to the gate of the settings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.live_relation import Durations, LiveFacts
from dbmate_wrap.domain.plan_gate import Gate, findings_over
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.plan_rows import PlannedMigration, plan_rows
from dbmate_wrap.domain.probe import ProbeResult, rows_in_words
from dbmate_wrap.domain.verdict import Verdict
from dbmate_wrap.errors import PolicyError, PreflightError
from dbmate_wrap.review.measured_plan import Measured
from dbmate_wrap.settings import Values

_NO_DURATIONS = Durations({}, ())


@dataclass(frozen=True)
class PlanFacts:
    """What is known of a plan: `live` is None where no database was asked, and then a note says so."""

    measured: Measured
    live: LiveFacts | None = None
    durations: Durations = field(default=_NO_DURATIONS)
    notes: tuple[str, ...] = ()
    probes: tuple[ProbeResult, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a plan tells: its result, and its summary."""

    result: PlanResult
    summary: str


@dataclass(frozen=True)
class Listed:
    """What is pending: its steps, their number in words, and where the run stops ("" for nowhere)."""

    steps: tuple[Step, ...]
    pending: str
    stop: str = ""

    def tell(self, facts: PlanFacts) -> Told:
        """Give each step its rows, and say what is known and what is not."""
        live, measured = facts.live, facts.measured
        rows = plan_rows(measured.statements, live, facts.durations.took)
        filled = tuple(
            replace(step, verdict=rows[step.version].verdict, took=rows[step.version].took, statements=found)
            if (found := rows[step.version].statements if step.version in rows else ())
            else step
            for step in self.steps
        )
        if measured.failed is not None:
            filled = tuple(_without_verdict_from(filled, measured.failed.migration))
        of_live = (*live.notes, *facts.durations.notes) if live is not None else ()
        result = PlanResult(
            filled,
            live.long_transactions if live is not None else (),
            (*measured.notes, *facts.notes, *of_live),
            facts.probes,
        )
        words = f"{self.pending}{_measured_in_words(filled, measured)}; nothing was changed{self.stop}"
        return Told(result, words)


def _without_verdict_from(steps: Sequence[Step], failing: str | None) -> Iterator[Step]:
    """Yield the steps; the one that fails and those after it have no verdict."""
    fails = False
    for step in steps:
        fails = fails or step.file == failing
        yield replace(step, verdict=None) if fails else step


def raise_for_rows(probes: Sequence[ProbeResult]) -> None:
    """Raise PreflightError (22) where rows would make a migration fail now."""
    found = [each for each in probes if each.would_fail]
    if found:
        first = found[0].probe
        raise PreflightError(
            f"{first.file}:{first.line}: {first.what}: {rows_in_words(found[0])} would make it fail"
            + (f", and {len(found) - 1} more of these constraints" if len(found) > 1 else ""),
            hint=f"mend the rows first; they are: {first.query}",
            migration=first.file,
            line=first.line,
        )


@dataclass(frozen=True)
class GateAnswer:
    """What the gate of the settings says: the statements over it, what it left out, and the error, if any."""

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    error: PolicyError | None = None


def ask_gate(steps: Sequence[Step], values: Values, folder: str) -> GateAnswer:
    """Hold the steps to the gate of the settings; where a statement is over it, the error is a 12."""
    if values.plan_fail_on is None:
        return GateAnswer()
    gate = Gate(Verdict(values.plan_fail_on), values.plan_size_limit)
    rows = [row for step in steps for row in step.statements]
    notes = _not_gated(gate, sum(map(gate.misses_size, rows)), [row.verdict for row in rows])
    found = tuple(findings_over(gate, steps, folder))
    return GateAnswer(found, notes, _over_gate(gate, found, folder) if found else None)


def _over_gate(gate: Gate, found: Sequence[Finding], folder: str) -> PolicyError:
    first = found[0]
    return PolicyError(
        f"{first.file}:{first.line}: {first.message}"
        if len(found) == 1
        else f"{count(len(found), 'statement')} are over the gate of plan",
        hint=f"{first.hint}; the gate is {gate.words} (`dbmate-wrap explain safe-migrations`)",
        migration=(first.file or "").removeprefix(f"{folder}/"),
        line=first.line,
    )


def verdicts_in_words(planned: Mapping[str, PlannedMigration]) -> dict[str, str]:
    """Return the verdict of each version in words: ``blocks writes on public.orders (line 3)``."""
    found: dict[str, str] = {}
    for version, migration in planned.items():
        if migration.verdict is None:
            continue
        row = next(each for each in migration.statements if each.verdict is migration.verdict)
        subject = f" on {row.object.relation}" if row.object is not None else ""
        found[version] = f"{migration.verdict}{subject} (line {row.line})"
    return found


def _not_gated(gate: Gate, unknown_sizes: int, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    notes = []
    if unknown_sizes:
        size = count(unknown_sizes, "statement")
        notes.append(f"the gate ({gate.words}) left out {size}: the size of what is locked is not known")
    if unjudged := verdicts.count(Verdict.NOT_JUDGED):
        notes.append(f"the gate ({gate.words}) left out {count(unjudged, 'statement')} not judged")
    return tuple(notes)


def _measured_in_words(steps: Sequence[Step], measured: Measured) -> str:
    unjudged = sum(row.verdict is Verdict.NOT_JUDGED for step in steps for row in step.statements)
    number = sum(len(step.statements) for step in steps)
    words = f"; {count(number, 'statement')} measured on {measured.origin}" if measured.is_measured else ""
    if measured.failed is not None:
        words += f", up to what fails in {measured.failed.migration}"
    return words + (f", {unjudged} of them not judged" if measured.is_measured and unjudged else "")
