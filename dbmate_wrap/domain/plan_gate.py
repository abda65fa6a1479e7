"""The gate of a plan: which of its statements are too bad for the settings `[plan]`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbmate_wrap.domain.byte_size import write_size
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.domain.plan_rows import PlannedStatement
from dbmate_wrap.domain.safe_way import GUIDE
from dbmate_wrap.domain.verdict import Verdict, is_risky

RULE = "plan"


@dataclass(frozen=True)
class Gate:
    """`fail_on` is the least bad verdict that fails, `size_limit` the size in bytes from which it does."""

    fail_on: Verdict
    size_limit: int | None = None

    def is_over(self, row: PlannedStatement) -> bool:
        """Return True for a statement that fails; without a limit one of an unknown size does as well."""
        there = any(not each.new for each in row.relations)
        if not there or not row.verdict.is_at_least(self.fail_on):
            return False
        return self.size_limit is None or (row.size is not None and row.size >= self.size_limit)

    def misses_size(self, row: PlannedStatement) -> bool:
        """Return True for a statement that is only not over because its size is not known."""
        return self.size_limit is not None and row.size is None and Gate(self.fail_on).is_over(row)

    @property
    def words(self) -> str:
        """The two settings in words."""
        at_least = f" on {write_size(self.size_limit)} or more" if self.size_limit else ""
        return f'fail_on = "{self.fail_on}"{at_least}'


def findings_over(gate: Gate, steps: Iterable[Step], folder: str) -> Iterator[Finding]:
    """Yield a finding for each statement that is over the gate."""
    for step in steps:
        for row in step.statements:
            if gate.is_over(row):
                yield Finding(
                    RULE, "error", f"{folder}/{step.file}", row.line, None, describe(row), safe_way_hint(row)
                )


def warnings_of(outcome: Outcome) -> Iterator[Finding]:
    """Yield a warning for each risky statement of a plan, except those that are findings already."""
    if not isinstance(outcome.result, PlanResult) or outcome.location is None:
        return
    told = {(found.file, found.line) for found in outcome.findings if found.rule == RULE}
    for step in outcome.result.steps:
        file = f"{outcome.location.migrations}/{step.file}"
        for row in step.statements:
            if is_risky(row.verdict) and (file, row.line) not in told:
                yield Finding(RULE, "warning", file, row.line, None, describe(row), safe_way_hint(row))


def describe(row: PlannedStatement) -> str:
    """Return what is bad about a row: ``blocks writes on public.orders (4.1 GB): CREATE INDEX ...``."""
    subject = row.object
    of = ""
    if subject is not None:
        size = f" ({write_size(subject.size)})" if subject.size is not None else ""
        of = f": {subject.relation}{size}"
    because = f" ({row.because})" if row.because else ""
    return f"{row.verdict}{of}{because}"


def safe_way_hint(row: PlannedStatement) -> str:
    """Return the command that shows the safe way."""
    return f"the safe way: dbmate-wrap explain {row.explain or GUIDE}"
