"""Lists the environments."""

from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import EnvironmentRow, EnvironmentsResult
from dbmate_wrap.workspace.context import Context


def envs(context: Context, outcome: Outcome) -> None:
    """List name, protection and source of the URL; runs no secret command and connects to nothing."""
    outcome.result = EnvironmentsResult(
        tuple(
            EnvironmentRow(
                each.name, each.is_default, each.values.protected, each.url_source(), each.is_embedded
            )
            for each in context.project.environments.values()
        )
    )
