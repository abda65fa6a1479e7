"""The origin of the URL that the databases of a fleet share: said once, and not in the error of each."""

from dataclasses import dataclass, field, replace

from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.database import describe_origin


@dataclass
class SharedOrigin:
    """Where the URL of an environment is from, which its databases share unless each has its own."""

    environment: Environment
    console: Console
    _is_said: bool = field(default=False, init=False)

    def leave_out(self, error: ErrorReport, target: FleetTarget) -> ErrorReport:
        """Return the error of a database that cannot be reached without its origin, which is said then."""
        if self.environment.has_target_urls:
            return error
        message = error.message.removeprefix(f"{describe_origin(self.environment.at(target))}: ")
        if message == error.message:
            return error
        if not self._is_said:
            self._is_said = True
            self.console.say(f"not every database can be reached: {describe_origin(self.environment)}")
        return replace(error, message=message)
