"""Lists the environments."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import EnvironmentRow, EnvironmentsResult
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.context import Context


def envs(context: Context, outcome: Outcome) -> None:
    """List name, protection and source of the URL; runs no secret command and connects to nothing."""
    project = context.project
    outcome.result = EnvironmentsResult(
        tuple(_row(project.environment(name)) for name in project.environments)
    )


def _row(environment: Environment) -> EnvironmentRow:
    protected = environment.values.protected
    return EnvironmentRow(environment.name, environment.is_default, protected, environment.url_source())
