"""What `plan` found out."""

from dataclasses import dataclass

from dbmate_wrap.domain.history import Phase
from dbmate_wrap.domain.live_relation import SessionInWay, Took
from dbmate_wrap.domain.plan_rows import PlannedStatement
from dbmate_wrap.domain.probe import ProbeResult
from dbmate_wrap.domain.verdict import Verdict


@dataclass(frozen=True)
class Step:
    """One pending migration and how it would run; `sql` is its migrate:up where that was asked for.

    `verdict` is the worst of its `statements`, None where they were not looked at; `took` is how long the
    same bytes took elsewhere. `phase` is the side of a rollout: `after` from the first migration on that
    waits for it.
    """

    version: str
    file: str
    transaction: bool
    own_process: bool
    sql: str | None = None
    phase: Phase = Phase.BEFORE
    verdict: Verdict | None = None
    took: tuple[Took, ...] = ()
    statements: tuple[PlannedStatement, ...] = ()

    @property
    def mode(self) -> str:
        """How it would run, in words."""
        process = ", own process" if self.own_process else ""
        rollout = ", after the rollout" if self.phase is Phase.AFTER else ""
        return ("in a transaction" if self.transaction else "outside a transaction") + process + rollout


@dataclass(frozen=True)
class PlanResult:
    """`plan`: the steps that `up` would take, in order, and what was seen of the live server.

    `notes` say what is not known, and why; `probes` are the queries for rows that would make it fail.
    """

    steps: tuple[Step, ...]
    long_transactions: tuple[SessionInWay, ...] = ()
    notes: tuple[str, ...] = ()
    probes: tuple[ProbeResult, ...] = ()
