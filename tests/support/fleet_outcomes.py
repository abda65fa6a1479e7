"""One outcome of each kind over a fleet; they belong to those of `outcomes.py`."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from dbmate_wrap.domain.drift import SchemaDifference
from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.fleet import FleetTarget, Inventory
from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb, TargetEnd
from dbmate_wrap.domain.fleet_result import (
    FleetDriftResult,
    FleetListResult,
    FleetResult,
    FleetTargetResult,
    ListedFleet,
    ListedTarget,
)
from dbmate_wrap.domain.fleet_summary import error_of, exit_of, summarize
from dbmate_wrap.domain.outcome import MigrationRow, Outcome, Target
from dbmate_wrap.errors import ErrorReport, ExitCode
from tests.support.fleets import end_of, scope_of

STARTED = datetime(2026, 1, 31, 12, 30, 5, 123456, tzinfo=UTC)
FILES = {
    "012": "012_add_invoices.sql",
    "013": "013_index_orders.sql",
    "014": "014_unique_email.sql",
}
UNIQUE = ErrorReport(
    'could not create unique index "users_email_key"',
    "its transaction was rolled back: mend the rows, then run again",
    "23505",
    "014_unique_email.sql",
    3,
)
BLOCKED = ErrorReport("canceling statement due to lock timeout", None, "55P03", "013_index_orders.sql", 2)


def fleet_run(
    verb: FleetVerb,
    scope: FleetScope,
    ends: Iterable[TargetEnd],
    *,
    not_begun: tuple[str, ...] = (),
    unreported: tuple[str, ...] = (),
    stopped: str | None = None,
) -> Outcome:
    """A run over a fleet that has ended, as its verb leaves it."""
    run = Outcome(f"fleet {verb}", scope.environment, "0123456789ab", STARTED)
    run.ends = [*ends]
    summary = summarize(scope, run.ends, FILES, not_begun=not_begun, unreported=unreported, stopped=stopped)
    run.result = FleetResult(summary)
    run.exit = exit_of(run.ends, (*not_begun, *unreported))
    run.error = error_of(summary, run.exit)
    return run


def fleet_up() -> Outcome:
    """A small fleet, all fine; one had nothing to do."""
    ends = [
        end_of("acme", "applied", "014"),
        end_of("bolt", "applied", "014"),
        end_of("cactus", version="014"),
    ]
    return fleet_run("up", scope_of("up", names=("acme", "bolt", "cactus")), ends)


def fleet_status() -> Outcome:
    """Three shards' worth of versions, nothing wrong; of the shard 2/8 and of one region."""
    names = [f"tenant-{number:03}" for number in range(200)]
    ends = [end_of(name, "up to date", "014") for name in names[:20]]
    ends += [end_of(name, "pending", "013") for name in names[20:24]]
    ends += [end_of("tenant-024", "pending", None)]
    scope = scope_of("status", names=names, shard="2/8")
    run = fleet_run("status", FleetScope(**{**vars(scope), "where": ("region=eu",)}), ends)
    run.exit = ExitCode.PENDING
    return run


def fleet_up_failed() -> Outcome:
    """200 databases, of which three groups failed: one for each of three reasons."""
    names = [f"tenant-{number:03}" for number in range(200)]
    ends = [end_of(name, "applied", "014") for name in names[:140]]
    ends += [end_of(name, version="014") for name in names[140:150]]
    ends += [end_of(name, "failed", "013", exit=ExitCode.FAILED, error=UNIQUE) for name in names[150:190]]
    ends += [end_of(name, "failed", "012", exit=ExitCode.BLOCKED, error=BLOCKED) for name in names[190:197]]
    down = ErrorReport("nothing answers on db2.example.com:5432", "start the server, or check host and port")
    ends += [end_of(name, "failed", None, exit=ExitCode.UNREACHABLE, error=down) for name in names[197:]]
    return fleet_run("up", scope_of("up", names=names), ends)


def fleet_up_stopped() -> Outcome:
    """The first three failed alike, and the rest was not begun."""
    names = [f"tenant-{number:02}" for number in range(60)]
    ends = [end_of(name, "failed", "013", exit=ExitCode.FAILED, error=UNIQUE) for name in names[:3]]
    ends += [end_of(names[3], "applied", "014"), end_of(names[4], "not begun", "013")]
    stopped = "the first 3 databases failed alike"
    return fleet_run("up", scope_of("up", names=names), ends, not_begun=tuple(names[4:]), stopped=stopped)


def fleet_drift() -> Outcome:
    """Two of three differ."""
    differs = "the schema differs from what its 14 migrations make: 3 objects"
    ends = [end_of("acme", "same", "014")]
    for name in ("bolt", "cactus"):
        error = ErrorReport(differs, "see what it is, and write it into a migration")
        ends.append(end_of(name, "failed", "014", exit=ExitCode.DRIFT, error=error))
    return fleet_run("drift", scope_of("drift", names=("acme", "bolt", "cactus")), ends)


def fleet_report() -> Outcome:
    """Two shards of three: one was killed, and one has said nothing."""
    names = [f"tenant-{number}" for number in range(9)]
    ends = [end_of(name, "applied", "014") for name in names[:5]]
    run = fleet_run("up", scope_of("up", names=names), ends, unreported=tuple(names[5:]))
    run.command = "fleet report"
    run.checks = [
        Check("report-file", "pass", "shard-1.jsonl: 3 databases, shard 1/3, ended with 0 (ok)"),
        Check(
            "report-file",
            "warn",
            "shard-2.jsonl: 2 databases, and no last document",
            "its run was killed or is not done: run that shard again",
        ),
    ]
    return run


def fleet_hostile() -> Outcome:
    """Names and messages that try to be commands, markup, links, and more lines than they are."""
    nasty = "a\n::error file=x::y\r\n  ##[error]z | `code` ``` <b>@all</b> #12 \x1b[31m\u202e\udcff"
    names = [nasty, "\x1b]0;title\x07", "x" * 300, "##[error]x", "a|b`c", "-rf", "$(id)", "é\u2028\x9b31m"]
    error = ErrorReport(nasty, nasty, "23505", f"014_{nasty}.sql", 3)
    ends = [
        end_of(name, "failed", nasty, exit=ExitCode.FAILED, error=error, labels=(f"region={nasty}",))
        for name in names
    ]
    ends += [end_of(f"{name}!", "applied", "014") for name in names]
    lost = f"un{nasty}"
    run = fleet_run(
        "up",
        scope_of("up", names=[*(end.row.name for end in ends), f"not {nasty}", lost]),
        ends,
        not_begun=(f"not {nasty}",),
        unreported=(lost,),
        stopped=nasty,
    )
    run.checks = [Check("report-file", "warn", f"{nasty}: {nasty}", nasty)]
    return run


def fleet_target() -> Outcome:
    """One target that ended well."""
    end = end_of("acme", "applied", "014", labels=("region=eu",))
    run = _target_run("fleet up", end)
    run.target = Target("db1.example.com", 5432, "acme", "18.1")
    run.migrations = [MigrationRow("014", "014_unique_email.sql", "applied", None, f"{14:064x}")]
    run.applied = ["014"]
    return run


def fleet_target_failed() -> Outcome:
    """One target in which a migration failed."""
    error = replace(UNIQUE, message="could not create unique index")
    run = _target_run("fleet up", end_of("bolt", "failed", "013", exit=ExitCode.FAILED, error=error))
    run.migrations = [MigrationRow("014", "014_unique_email.sql", "pending", None, f"{14:064x}")]
    return run


def fleet_target_drift() -> Outcome:
    """One target whose schema is not what its migrations make."""
    error = ErrorReport("the schema of production differs: 1 object")
    run = _target_run("fleet drift", end_of("bolt", "failed", None, exit=ExitCode.DRIFT, error=error))
    assert isinstance(run.result, FleetTargetResult)
    found = (
        SchemaDifference("extra", "index", "app.by_hand", "@@ -0,0 +1 @@\n+create index by_hand", "drop it"),
    )
    run.result = FleetDriftResult(run.result.fleet_target, found)
    return run


def _target_run(command: str, end: TargetEnd) -> Outcome:
    run = Outcome(command, "production", "0123456789ab", STARTED)
    run.exit, run.error, run.result = end.exit, end.error, FleetTargetResult(end.row)
    return run


def fleet_list() -> Outcome:
    """Two targets, one of them with everything that a target may have."""
    targets = (
        FleetTarget("acme", "crm_acme", "db1.example.com", 5433, {"region": "eu", "wave": "canary"}),
        FleetTarget("bolt", "bolt"),
    )
    inventory = Inventory("tenants", "production", targets)
    listed = tuple(
        ListedTarget(each.name, each.database, each.host, each.port, each.label_texts, None)
        for each in targets
    )
    run = Outcome("fleet list", "production", "0123456789ab", STARTED)
    run.result = FleetListResult(ListedFleet("tenants", "production", inventory.digest, 2, listed))
    return run


FLEET_OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "fleet-up": fleet_up,
    "fleet-status": fleet_status,
    "fleet-up-failed": fleet_up_failed,
    "fleet-up-stopped": fleet_up_stopped,
    "fleet-drift": fleet_drift,
    "fleet-report": fleet_report,
    "fleet-hostile": fleet_hostile,
    "fleet-target": fleet_target,
    "fleet-target-failed": fleet_target_failed,
    "fleet-target-drift": fleet_target_drift,
    "fleet-list": fleet_list,
}
# Those of which there is a golden report for JUnit.
WITH_JUNIT = ("fleet-up", "fleet-up-stopped", "fleet-drift", "fleet-report", "fleet-hostile")
