"""What the process of one target tells the run over the fleet, and how such processes are started."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.process.workers import Worker
from dbmate_wrap.workspace.context import Context

_Request = TypeVar("_Request", contravariant=True)


@dataclass(frozen=True)
class Said:
    """A line of progress, masked; what is no warning is shown to callers that asked for more only."""

    line: str
    is_warning: bool = False


@dataclass(frozen=True)
class Done:
    """The masked outcome of the verb on this target: the last message."""

    outcome: Outcome


class TargetProcesses(Protocol):
    """Starts a process for a target, in which a verb runs to its end and sends these messages."""

    def start(self, target: FleetTarget, url: DatabaseUrl, place: TargetOfFleet) -> Worker:
        """Begin with one target; `url` is where it is, `place` how commands name it."""


class Fork(Protocol[_Request]):
    """Makes what starts the process of each target, in which the whole of a verb runs."""

    def prepare(self) -> None:
        """Begin what takes time, while something else goes on."""

    def share(self, context: Context, request: _Request) -> TargetProcesses:
        """Return what starts the processes; `request` is for each target alike."""
