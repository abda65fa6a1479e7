"""Compares the schema of every database of a fleet with what its applied migrations make."""

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.journal import TargetDocuments
from dbmate_wrap.fleet.messages import Fork
from dbmate_wrap.fleet.opening import FleetChoice, open_fleet
from dbmate_wrap.fleet.run import FleetRun
from dbmate_wrap.fleet.schedule import Schedule, WaitingTarget
from dbmate_wrap.fleet.survey import Found, server_of
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.drift_request import DriftRequest


def fleet_drift(
    context: Context,
    outcome: Outcome,
    fleet: FleetSettings,
    choice: FleetChoice,
    documents: TargetDocuments,
    fork: Fork[DriftRequest],
) -> None:
    """Compare every target; 33 where a schema differs, 34 or 35 where a target could not be compared."""
    loaded = project_files.load_files(context.environment, context.project.policy)
    loaded.report_to(outcome)
    loaded.raise_if_unreadable()
    opened = open_fleet(context, fleet, choice)
    journal = opened.begin_journal("drift", loaded.files, documents)
    waiting, urls = [], {}
    for target, url in opened.locate():
        if isinstance(url, DatabaseUrl):
            waiting.append(WaitingTarget(target, server_of(url)))
            urls[target.name] = url
            continue
        found = Found(target, journal.begin())
        found.outcome.fail(url, journal.scope.place_of(target.name))
        journal.note_found(found)
    schedule = Schedule(waiting, opened.limits)
    processes = fork.share(context, DriftRequest(loaded.files, frozenset()))
    fleet_run = FleetRun(schedule, processes, urls, context.console, journal, fleet.target_deadline)
    same = 0
    for target, ended in fleet_run.run():
        journal.note_end(Found(target, journal.begin()), ended, "same")
        same += ended.exit is ExitCode.OK
    for target in schedule.not_begun:
        journal.note_not_begun(Found(target, journal.begin()), schedule.stopped or "")
    journal.sum_up(outcome, schedule.stopped)
    outcome.summary = f"{same} of {count(len(opened.targets), 'database')} as the migrations make them"
    fleet_run.raise_for_signal(outcome.summary)
