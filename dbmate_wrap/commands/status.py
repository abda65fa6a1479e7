"""Shows every migration with its state in one environment."""

from collections import Counter

from dbmate_wrap.domain.history import MigrationEntry, MigrationState
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.workspace import guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import disagreement, read_history_if_present
from dbmate_wrap.workspace.tolerated import say_tolerated


def status(context: Context, outcome: Outcome, *, exit_code: bool, full: bool) -> None:
    """List every migration with its state; 13 when the history disagrees, 32 (`exit_code`) when pending.

    `full` folds nothing of a long history.
    """
    outcome.full = full
    loaded = project_files.load_files(context.environment, context.project.policy, contents=False)
    loaded.report_to(outcome)
    loaded.raise_if_unreadable()
    found = read_history_if_present(context, loaded.files, wait=None)  # 21
    outcome.target, outcome.migrations = found.target, found.history.rows
    outcome.summary = _count_states(found.history.entries)
    if warning := guard.stamp_warning(context.environment, found.history):
        context.console.say(f"warning: {warning}")
    # The table is shown although files break a rule: 12 and 13 come after it.
    loaded.checked()
    say_tolerated(context, found.history)
    if error := disagreement(found.history) or found.not_baselined:
        raise error
    if exit_code and found.history.pending:
        outcome.exit = ExitCode.PENDING


def _count_states(entries: tuple[MigrationEntry, ...]) -> str:
    counts = Counter(entry.state for entry in entries)
    words = [f"{counts[state]} {state.value}" for state in MigrationState if counts[state]]
    return ", ".join(words) or "no migrations"
