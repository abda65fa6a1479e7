"""Measures pending migrations at the history of a database, and looks at what that has of what is locked."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from dbmate_wrap import sql
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.plan_rows import locked_relations, plan_rows
from dbmate_wrap.domain.probe import ProbeResult, ProbeStatus
from dbmate_wrap.errors import HistoryError, InterruptedRun, WrapError
from dbmate_wrap.execution.what_ran import read_texts
from dbmate_wrap.postgres.live_relations import read_live_facts
from dbmate_wrap.postgres.live_schema import has_relation
from dbmate_wrap.postgres.probe import read_definitions, run_probe
from dbmate_wrap.review.measured_plan import Measured, measure, without_drift
from dbmate_wrap.review.plan_report import PlanFacts, verdicts_in_words
from dbmate_wrap.review.replay_means import make_means
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History
from dbmate_wrap.workspace.live_schema import read_needs
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import make_setup
from dbmate_wrap.workspace.took_elsewhere import read_durations

# Nobody waits long for an answer that is good to know.
_PROBE_SECONDS = 10.0


@dataclass(frozen=True)
class LivePlan:
    """A database, its history, and what is pending there."""

    db: Database
    found: History
    files: ProjectFiles
    todo: tuple[ParsedMigration, ...]


def measure_live(context: Context, live: LivePlan, command: str, *, probe: bool) -> PlanFacts:
    """Measure and look; `probe` also runs the queries for rows in the way.

    Raises as `measure`, and UnreachableError.
    """
    session = live.db.session
    measured = _measure(context, live, command)
    probes = _probes(context, live, measured, run=probe)
    locks = locked_relations(measured.statements)
    # It waits a second for the traffic. The others are asked meanwhile, in this thread: it may run commands.
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(read_live_facts, session, locks.keys(), locks)
        durations = read_durations(context, live.todo, _worked_on(measured))
        facts = looking.result()
    return PlanFacts(measured, facts, durations, probes=probes)


def measure_verdicts(context: Context, live: LivePlan, command: str) -> Mapping[str, str]:
    """Return what is to be said of each version before somebody is asked: its verdict, or that it fails.

    What hinders the measure is said, and is no error. Raises InterruptedRun.
    """
    try:
        measured = _measure(context, live, command)
    except InterruptedRun:
        raise
    except WrapError as error:
        context.console.say(f"what they lock was not measured: {error.message}")
        return {}
    for note in measured.notes:
        context.console.say(f"not known: {note}")
    if not measured.is_measured:
        return {}
    found = verdicts_in_words(plan_rows(measured.statements))
    if (failed := measured.failed) is not None:
        fails = {each.file.version for each in live.todo if each.file.name == failed.migration}
        found |= dict.fromkeys(fails, f"fails on a throw-away database: {failed.message}")
    return found


def _measure(context: Context, live: LivePlan, command: str) -> Measured:
    history = replace(live.files, parsed=_ran(context, live))
    means = make_means(history, context.environment, make_setup(context), context.console)
    measured = measure(means, read_needs(live.db), live.todo, command)  # 22
    return without_drift(measured, live.todo, lambda name: has_relation(live.db.session, name))


def _ran(context: Context, live: LivePlan) -> tuple[ParsedMigration, ...]:
    """Return what is applied there, as it ran; as the files have it where that is not known."""
    found, files = live.found, live.files
    try:
        return read_texts(live.db, found, files, found.applied, "get it from version control")
    except HistoryError as error:
        context.console.say(f"warning: {error.message}: measured on the files as they are")
        return tuple(each for each in files.parsed if each.file.version in found.applied)


def _probes(context: Context, live: LivePlan, measured: Measured, *, run: bool) -> tuple[ProbeResult, ...]:
    if not sql.is_available():
        return ()
    from dbmate_wrap.sql.offending_rows import probes_for

    session = live.db.session
    probes = probes_for(measured.statements, partial(read_definitions, session))
    if not run:
        return tuple(ProbeResult(each, ProbeStatus.NOT_RUN, reason=each.not_run) for each in probes)
    limit = context.environment.values.statement_timeout or _PROBE_SECONDS
    return tuple(run_probe(session, each, timeout=min(limit, _PROBE_SECONDS)) for each in probes)


def _worked_on(measured: Measured) -> Mapping[str, frozenset[str]]:
    """Return the relations that each version takes time for."""
    found: dict[str, set[str]] = {}
    for statement in measured.statements:
        found.setdefault(statement.version, set()).update(each.relation for each in statement.works)
    return {version: frozenset(names) for version, names in found.items()}
