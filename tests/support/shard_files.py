"""Files of JSON lines as the shards of a run over a fleet write them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb, TargetEnd
from dbmate_wrap.domain.fleet_result import FleetTargetResult
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.render.json import render_line
from tests.support.fleet_outcomes import STARTED, fleet_run
from tests.support.fleets import scope_of

NAMES = ("acme", "bolt", "cactus", "delta")


def target_line(
    end: TargetEnd, *, verb: FleetVerb = "up", environment: str = "production", at: int = 0
) -> bytes:
    """The document of a target that began so many seconds after the others."""
    begun = STARTED + timedelta(seconds=at)
    run = Outcome(f"fleet {verb}", environment, "0123456789ab", begun)
    run.exit, run.error, run.result = end.exit, end.error, FleetTargetResult(end.row)
    run.migrations = [MigrationRow("014", "014_unique_email.sql", "applied", None, f"{14:064x}")]
    return render_line(run, begun + timedelta(milliseconds=end.duration_ms)).encode()


def last_line(
    scope: FleetScope,
    ends: Sequence[TargetEnd],
    *,
    not_begun: tuple[str, ...] = (),
    stopped: str | None = None,
    exit: ExitCode | None = None,
) -> bytes:
    """The last document of a run."""
    run = fleet_run(scope.verb, scope, ends, not_begun=not_begun, stopped=stopped)
    run.exit = run.exit if exit is None else exit
    return render_line(run, STARTED).encode()


def failed_line(code: ExitCode, message: str) -> bytes:
    """The only document of a run that came to no target."""
    run = Outcome("fleet up", None, "0123456789ab", STARTED)
    run.exit, run.error = code, ErrorReport(message)
    return render_line(run, STARTED).encode()


def shard_lines(
    ends: Iterable[TargetEnd],
    *,
    shard: str | None = None,
    names: Sequence[str] = NAMES,
    verb: FleetVerb = "up",
    at: int = 0,
    is_killed: bool = False,
) -> list[bytes]:
    """The lines of a shard; one that was killed has no last document."""
    own = [replace(end, row=replace(end.row, shard=shard)) for end in ends]
    lines = [target_line(end, verb=verb, at=at) for end in own]
    scope = scope_of(verb, names=names, shard=shard)
    return lines if is_killed else [*lines, last_line(scope, own)]
