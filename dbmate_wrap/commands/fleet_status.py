"""Shows which version each database of a fleet has, and what is wrong with any."""

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.interruption import summed_up_when_stopped
from dbmate_wrap.fleet.journal import TargetDocuments
from dbmate_wrap.fleet.opening import FleetChoice, open_fleet
from dbmate_wrap.fleet.survey import Survey
from dbmate_wrap.settings.fleets import FleetSettings
from dbmate_wrap.workspace import project_files
from dbmate_wrap.workspace.bounds import Bounds
from dbmate_wrap.workspace.context import Context


def fleet_status(
    context: Context,
    outcome: Outcome,
    fleet: FleetSettings,
    choice: FleetChoice,
    documents: TargetDocuments,
    *,
    exit_code: bool,
) -> None:
    """Read the history of every target; 34 or 35 where one cannot be read or disagrees.

    With `exit_code` 32 where migrations are pending and nothing is wrong.
    """
    loaded = project_files.load_files(context.environment, context.project.policy, contents=False)
    loaded.report_to(outcome)
    loaded.raise_if_unreadable()
    opened = open_fleet(context, fleet, choice)
    journal = opened.begin_journal("status", loaded.files, documents)
    survey = Survey(context, loaded.files, Bounds(), journal.begin, journal.scope.place_of, opened.urls)
    with summed_up_when_stopped(journal, opened.targets, (), outcome):  # 130, 143
        for found in survey.read_all(opened.locate(), opened.limits):
            if exit_code and found.pending and found.outcome.exit is ExitCode.OK:
                found.outcome.exit = ExitCode.PENDING
            journal.note_found(found)
    journal.sum_up(outcome)
    outcome.summary = f"{len(opened.targets)} of {count(len(opened.inventory.targets), 'database')} asked"
    loaded.checked()
