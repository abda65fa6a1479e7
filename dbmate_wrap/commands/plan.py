"""Shows the steps of `up`, and runs none."""

from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import PlanResult, Step
from dbmate_wrap.sql.batching import changes_session
from dbmate_wrap.workspace import guard, project_files
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history import disagreement, pending, read_history_if_present
from dbmate_wrap.workspace.tolerated import say_tolerated


def plan(context: Context, outcome: Outcome, *, to: str | None, wait: float | None) -> None:
    """List the pending migrations and how each would run. Raises what `up` would before it writes."""
    environment = context.environment
    loaded = project_files.load(environment, context.project.policy)
    outcome.findings = list(loaded.findings)
    files = loaded.checked()  # 12, 13
    found = read_history_if_present(context, files, wait=wait)  # 21
    outcome.target, outcome.migrations = found.target, found.history.rows
    say_tolerated(context, found.history)
    if error := disagreement(found.history) or found.not_baselined:
        raise error  # 13
    guard.refuse_foreign_stamp(environment, found.history)  # 20
    if warning := guard.stamp_warning(environment, found.history):
        context.console.say(f"warning: {warning}")
    todo = pending(found.history, files, to)
    recorded = found.history.ledger
    if todo and isinstance(recorded, Ledger) and (published := recorded.access.publication_warning):
        context.console.say(f"warning: {'; '.join(published)}")
    steps = [
        Step(each.file.version, each.file.name, each.transactional, changes_session(each)) for each in todo
    ]
    outcome.result = PlanResult(tuple(steps))
    outcome.summary = f"{len(todo)} pending; nothing was changed" if todo else "nothing is pending"
