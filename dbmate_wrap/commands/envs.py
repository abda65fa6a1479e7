"""Lists the environments."""

from dbmate_wrap.domain.outcome import EnvironmentRow
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.context import Context


def envs(context: Context) -> None:
    """Name, protection and where the URL comes from; runs no secret command and connects to nothing."""
    context.outcome.extra.environments = tuple(
        _row(context.project.environment(name)) for name in context.project.environments
    )


def _row(environment: Environment) -> EnvironmentRow:
    protected = environment.values.protected
    return EnvironmentRow(environment.name, environment.is_default, protected, environment.url_source())
