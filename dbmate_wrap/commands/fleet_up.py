"""Applies pending migrations to every database of a fleet: one pass that reads, and one that applies."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from dbmate_wrap.domain.count import count, join_names
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode, RefusedError
from dbmate_wrap.execution.provenance import provenance
from dbmate_wrap.fleet.interruption import summed_up_when_stopped
from dbmate_wrap.fleet.journal import Journal, TargetDocuments
from dbmate_wrap.fleet.messages import Fork, TargetProcesses
from dbmate_wrap.fleet.opening import FleetChoice, OpenFleet, open_fleet
from dbmate_wrap.fleet.run import FleetRun
from dbmate_wrap.fleet.schedule import Schedule, StopConditions, WaitingTarget
from dbmate_wrap.fleet.survey import Found, Located, Survey, server_of
from dbmate_wrap.migrations.stage import stage
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.sql.batching import batches
from dbmate_wrap.workspace import dbmate, guard, project_files
from dbmate_wrap.workspace.bounds import Bounds, UpRequest
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import ProjectFiles

# Targets that lag behind differ in what they lack; so many different batches are staged for all.
_MOST_STAGED = 100


@dataclass(frozen=True)
class FleetUp:
    """What the command line says of a run: which targets, what of the migrations, and what stops it.

    `deadline` are the seconds that one target may take; None is left to the settings.
    """

    choice: FleetChoice
    wanted: Bounds
    max_failures: FailureLimit | None
    deadline: float | None
    yes: bool


def fleet_up(
    context: Context,
    outcome: Outcome,
    fleet: FleetSettings,
    request: FleetUp,
    documents: TargetDocuments,
    fork: Fork[UpRequest],
) -> None:
    """Read every target, then apply where something is pending; 34 or 35 where a target failed.

    Raises what stops it before anything is applied, and InterruptedRun (130, 143) after a signal.
    """
    loaded = project_files.load_files(context.environment, context.project.policy)
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    verified = dbmate.start_verification(context)
    opened = open_fleet(context, fleet, request.choice)  # 10
    journal = opened.begin_journal("up", files, documents)
    located = opened.locate()  # 10
    survey = Survey(context, files, request.wanted, journal.begin, journal.scope.place_of, opened.urls)
    todo: list[Found] = []
    with summed_up_when_stopped(journal, opened.targets, todo, outcome):  # 130, 143
        failed = _survey(survey.read_all(located, opened.limits), journal, fork, todo)
        for line in _describe(opened, todo, failed):
            context.console.say(line)
        run = _SecondPass(opened, journal, located, todo, failed, request)
        schedule = run.make_schedule()
        if schedule.stopped is None and not _is_confirmed(opened, todo, yes=request.yes):
            for each in todo:
                journal.note_found(each)
            todo.clear()
    if not todo:
        journal.sum_up(outcome)
        outcome.summary = "nothing was applied"
        return
    with _staged(files, todo) as staged:
        binary = verified() if any(each.todo for each in todo) else None  # 11
        up = UpRequest(staged, request.wanted, yes=True, binary=binary)
        run.apply(context, outcome, schedule, fork.share(_with_provenance(context), up))


def _survey(
    found: Iterable[Found], journal: Journal, fork: Fork[UpRequest], todo: list[Found]
) -> list[FleetTarget]:
    """Add the targets with something to do to `todo`; return those that failed. All others are noted."""
    failed: list[FleetTarget] = []
    for each in found:
        if each.todo or each.adopts:
            if not todo:
                fork.prepare()
            todo.append(each)
            continue
        journal.note_found(each)
        if each.outcome.error is not None:
            failed.append(each.target)
    return failed


def _is_confirmed(opened: OpenFleet, todo: Sequence[Found], *, yes: bool) -> bool:
    """Return False where databases are only to be stamped, and nobody has agreed: that is no failure.

    Raises RefusedError (20) where migrations are to be applied.
    """
    environment, console, fleet = opened.context.environment, opened.context.console, opened.inventory.fleet
    migrated = sum(bool(each.todo) for each in todo)
    verb, number = ("migrate", migrated) if migrated else ("stamp", len(todo))
    what = f"{verb} {count(number, 'database')} of the fleet {fleet}"
    try:
        if todo:
            guard.confirm(environment, console, what, yes=yes, look="fleet status")
    except RefusedError:
        if migrated:
            raise
        command = f"dbmate-wrap fleet up {fleet} --yes"
        console.say(f"notice: to {what} as of {environment.name}: `{command}`")
        return False
    return True


@dataclass(frozen=True)
class _SecondPass:
    """The second pass: `todo` are the targets with something to do, `failed` those that failed before."""

    opened: OpenFleet
    journal: Journal
    located: Sequence[Located]
    todo: Sequence[Found]
    failed: Sequence[FleetTarget]
    request: FleetUp

    def make_schedule(self) -> Schedule:
        """Return the order of the run: that of the inventory, canaries first."""
        wanted = {each.target.name for each in self.todo}
        limit = self.request.max_failures or self.opened.settings.max_failures
        return Schedule(
            [WaitingTarget(target, server_of(url)) for target, url in self.located if target.name in wanted],
            self.opened.limits,
            StopConditions(len(self.opened.targets), limit, self.failed),
        )

    def apply(
        self, context: Context, outcome: Outcome, schedule: Schedule, processes: TargetProcesses
    ) -> None:
        """Apply to each target in its turn. Raises InterruptedRun after a signal."""
        fleet_run = FleetRun(
            schedule,
            processes,
            {target.name: url for target, url in self.located if isinstance(url, DatabaseUrl)},
            context.console,
            self.journal,
            self.request.deadline or self.opened.settings.target_deadline,
        )
        found = {each.target.name: each for each in self.todo}
        applied = 0
        for target, ended in fleet_run.run():
            self.journal.note_end(found[target.name], ended, "applied")
            outcome.wrote = outcome.wrote or ended.wrote
            applied += ended.exit is ExitCode.OK and bool(ended.applied)
        for target in schedule.not_begun:
            self.journal.note_not_begun(found[target.name], schedule.stopped or "")
        self.journal.sum_up(outcome, schedule.stopped)
        migrated = sum(bool(each.todo) for each in self.todo)
        outcome.summary = (
            f"{applied} of {count(migrated, 'database')} migrated" if migrated else "nothing was applied"
        )
        fleet_run.raise_for_signal(outcome.summary)


def _with_provenance(context: Context) -> Context:
    """Return the same with what each ledger is to say of this run: git is asked once for all."""
    environment = context.environment
    found = provenance(environment.root, [environment.values.migrations_dir], environment.commit)
    return replace(context, invocation=replace(context.invocation, provenance=found))


@contextmanager
def _staged(files: ProjectFiles, todo: Iterable[Found]) -> Iterator[ProjectFiles]:
    """The files with a private copy of each batch that a target will run, made once for all targets."""
    by_name = {each.file.name: each for each in files.parsed}
    wanted = Counter(each.todo for each in todo)
    folders: dict[tuple[str, ...], Path] = {}
    with ExitStack() as copies:
        for names, _ in wanted.most_common(_MOST_STAGED):
            for batch in batches([by_name[name] for name in names]):
                key = tuple(each.file.name for each in batch)
                if key not in folders:
                    folders[key] = copies.enter_context(stage([each.file for each in batch]))
        yield replace(files, staged=folders)


def _describe(opened: OpenFleet, todo: Sequence[Found], failed: Sequence[FleetTarget]) -> Iterator[str]:
    """Yield the plan: how many targets need what."""
    inventory, number = opened.inventory, len(opened.targets)
    shard = f" in shard {opened.selection.shard}" if opened.selection.shard is not None else ""
    yield (
        f"fleet {inventory.fleet}: {number} of {count(len(inventory.targets), 'database')}{shard},"
        f" inventory {inventory.digest[:12]}"
    )
    migrated = sum(bool(each.todo) for each in todo)
    rest = number - migrated - len(failed)
    yield f"  {migrated} to migrate, {rest} with nothing to apply, {len(failed)} failed"
    for names, targets in Counter(each.todo for each in todo).most_common():
        canaries = sum(each.todo == names and each.target.is_canary for each in todo)
        first = f" ({canaries} {'canary' if canaries == 1 else 'canaries'} first)" if canaries else ""
        what = join_names(names) or "nothing to apply, ledger and stamp to be written"
        yield f"  {count(targets, 'database')}{first}: {what}"
