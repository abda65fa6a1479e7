"""Lists the environments."""

from dbmate_wrap.commands.call import Call
from dbmate_wrap.domain.outcome import EnvironmentRow
from dbmate_wrap.settings import Environment


def envs(call: Call) -> None:
    """Name, protection and where the URL comes from; runs no secret command and connects to nothing."""
    call.outcome.extra.environments = tuple(
        _row(call.project.environment(name)) for name in call.project.environments
    )


def _row(environment: Environment) -> EnvironmentRow:
    protected = environment.values.protected
    return EnvironmentRow(environment.name, environment.is_default, protected, environment.url_source())
