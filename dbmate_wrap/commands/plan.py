"""Shows the steps of `up`, and what each statement locks and does; changes nothing."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbmate_wrap.domain.history import Phase
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.plan_result import PlanResult, Step
from dbmate_wrap.errors import HistoryError, InterruptedRun, WrapError
from dbmate_wrap.execution import readiness
from dbmate_wrap.migrations.phase import phases
from dbmate_wrap.sql.batching import changes_session
from dbmate_wrap.workspace import dbmate, guard, project_files
from dbmate_wrap.workspace.bounds import Bounds, Todo
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database, open_database_if_present
from dbmate_wrap.workspace.history import (
    History,
    raise_for_disagreement,
    read_history,
    without_database,
)
from dbmate_wrap.workspace.project_files import LoadedFiles, ProjectFiles
from dbmate_wrap.workspace.tolerated import say_tolerated

if TYPE_CHECKING:
    # What measures is imported where something is pending.
    from dbmate_wrap.review.live_plan import LivePlan
    from dbmate_wrap.review.plan_report import Listed, PlanFacts, Told
    from dbmate_wrap.workspace.replay_setup import ReplaySetup

_COMMAND = "dbmate-wrap plan"
_NO_LIVE = "sizes, traffic and who is in the way: no database was asked (--no-live)"
_NO_DATABASE = "sizes, traffic and who is in the way: there is no database yet"


@dataclass(frozen=True)
class PlanOptions:
    """What was asked for: `shadow` measures the statements, `live` looks at the database."""

    wanted: Bounds
    wait: float | None = None
    sql: bool = False
    shadow: bool = True
    live: bool = True
    probe: bool = False


def plan(context: Context, outcome: Outcome, options: PlanOptions) -> None:
    """List the pending migrations, how each would run, and what each statement locks and does.

    Raises what `up` would before it asks and writes; 22 and 30 as `check`; PolicyError (12) where a statement
    is over the gate.
    """
    loaded = project_files.load_files(context.environment, context.project.policy)
    if not options.live:
        _plan_branch(context, outcome, loaded, options)
        return
    loaded.report_to(outcome)
    files = loaded.checked()  # 12, 13
    with open_database_if_present(context, wait=options.wait) as db:  # 21
        if db is None:
            todo = options.wanted.find(without_database(files), files)  # 12
            listed = _list(outcome, todo, options)
            if options.shadow and todo.migrations:
                facts = _measure_files(context, replace(files, parsed=()), todo, _NO_DATABASE)
                _conclude(context, outcome, listed.tell(facts), facts, files.folder)
            return
        outcome.target = db.target
        found = read_history(db, files, context.environment.values)
        outcome.migrations = found.rows
        _compare(context, db, found)  # 13, 20
        todo = options.wanted.find(found, files)  # 12
        listed = _list(outcome, todo, options)
        if todo.migrations:
            from dbmate_wrap.review.live_plan import LivePlan

            _plan_live(context, outcome, LivePlan(db, found, files, todo.migrations), listed, options)


def _plan_live(
    context: Context, outcome: Outcome, live: "LivePlan", listed: "Listed", options: PlanOptions
) -> None:
    """Ask the server whether it can take the migrations, measure them, and tell both."""
    texts = [section.up.sql for each in live.todo for section in each.sections]
    checks = readiness.run_preflight(context, live.db, live.found, texts)
    outcome.checks += checks
    binary = dbmate.start_verification(context)
    if not options.shadow:
        readiness.raise_for_failed(checks, context.console.say)  # 22
        binary()  # 11
        return
    from dbmate_wrap.review.live_plan import measure_live

    try:
        facts = measure_live(context, live, _COMMAND, probe=options.probe)
    except WrapError as error:
        if not isinstance(error, InterruptedRun):
            readiness.raise_for_failed(checks, context.console.say)  # `up` would end with this one.
        raise
    told = listed.tell(facts)
    outcome.result = told.result  # It is shown beside what the server cannot take.
    readiness.raise_for_failed(checks, context.console.say)  # 22
    binary()  # 11
    _conclude(context, outcome, told, facts, live.files.folder)  # 12, 30


def _plan_branch(context: Context, outcome: Outcome, loaded: LoadedFiles, options: PlanOptions) -> None:
    """Plan what a branch adds: no database is asked."""
    from dbmate_wrap.review.branch import compare_with_base, superuser_counts
    from dbmate_wrap.settings.pull_request import pipeline_targets
    from dbmate_wrap.workspace.replay_setup import ReplaySetup

    environment, config = context.environment, context.project.config_file
    files = _files_of_branch(context, outcome, loaded)  # 12
    branch = compare_with_base(
        files, environment.values, config, None, every=False, targets=pipeline_targets()
    )
    todo = options.wanted.find(without_database(files), files).among(branch.new)  # 12
    listed = _list(outcome, todo, options)
    for check in branch.checks[:1]:
        context.console.say(f"{'warning: ' if check.status == 'warn' else ''}{check.message}")
    if options.shadow and todo.migrations:
        before = tuple(each for each in files.parsed if each.file.name not in branch.new)
        setup = ReplaySetup(context, superuser_counts(environment, branch))
        facts = _measure_files(context, replace(files, parsed=before), todo, _NO_LIVE, setup)
        _conclude(context, outcome, listed.tell(facts), facts, files.folder)


def _files_of_branch(context: Context, outcome: Outcome, loaded: LoadedFiles) -> ProjectFiles:
    """Return the files; what the lockfile lacks is for `check` to judge. Raises PolicyError (12)."""
    loaded.raise_if_unreadable()  # 13
    try:
        files = loaded.checked()
    except HistoryError as error:
        context.console.say(f"warning: {error.message}")
        return loaded.files
    loaded.report_to(outcome)
    return files


def _compare(context: Context, db: Database, found: History) -> None:
    """Raise where history or stamp are not this project's or environment's."""
    environment = context.environment
    say_tolerated(context, found)
    raise_for_disagreement(db, found)
    guard.refuse_foreign_stamp(environment, found)
    if warning := guard.stamp_warning(environment, found):
        context.console.say(f"warning: {warning}")


def _list(outcome: Outcome, todo: Todo, options: PlanOptions) -> "Listed":
    from dbmate_wrap.review.plan_report import Listed

    wanted, number = options.wanted, len(todo.migrations)
    sides = zip(todo.migrations, phases([each.file for each in todo.migrations]), strict=True)
    steps = tuple(_step(each, phase, sql=options.sql) for each, phase in sides)
    side = f" {wanted.phase} the rollout" if wanted.phase is not None else ""
    stop = wanted.describe_stop(todo.held, outcome.environment or "")
    listed = Listed(steps, f"{number} pending{side}", stop)
    outcome.result = PlanResult(steps)
    done = f"{listed.pending}; nothing was changed" if number else f"nothing is pending{side}"
    outcome.summary = f"{done}{stop}"
    return listed


def _step(migration: ParsedMigration, phase: Phase, *, sql: bool) -> Step:
    text = "\n".join(section.up.sql.rstrip() for section in migration.sections) if sql else None
    file, alone = migration.file, changes_session(migration)
    return Step(file.version, file.name, migration.transactional, alone, text, phase)


def _measure_files(
    context: Context, history: ProjectFiles, todo: Todo, note: str, setup: "ReplaySetup | None" = None
) -> "PlanFacts":
    """Measure on top of files alone. Raises as `check` does where the server lacks something (22)."""
    from dbmate_wrap.review.measured_plan import measure
    from dbmate_wrap.review.plan_report import PlanFacts
    from dbmate_wrap.review.replay_means import make_means
    from dbmate_wrap.workspace.replay_setup import make_setup
    from dbmate_wrap.workspace.shadow_server import ANYTHING

    means = make_means(history, context.environment, setup or make_setup(context), context.console)
    return PlanFacts(measure(means, ANYTHING, todo.migrations, _COMMAND), notes=(note,))


def _conclude(context: Context, outcome: Outcome, told: "Told", facts: "PlanFacts", folder: str) -> None:
    """Tell what was measured.

    Raises the error of a migration that failed (30), of rows in the way (22), or of the gate (12).
    """
    from dbmate_wrap.review.plan_report import ask_gate, raise_for_rows

    outcome.result, outcome.summary = told.result, told.summary
    if facts.measured.failed is not None:
        raise facts.measured.failed
    raise_for_rows(facts.probes)
    gate = ask_gate(told.result.steps, context.environment.values, folder)
    outcome.result = replace(told.result, notes=(*told.result.notes, *gate.notes))
    outcome.findings += gate.findings
    if gate.error is not None:
        raise gate.error
