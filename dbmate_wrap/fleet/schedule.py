"""What is begun when: canaries before the rest, and nothing more once the run is stopped."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.failure_limit import FailureLimit
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.turns import Limits, Turns

# So many first targets that fail alike stop the run: the migration is to blame, and no database.
_ALIKE = 3


@dataclass(frozen=True)
class WaitingTarget:
    """A target with something to apply, and the server that it is on."""

    target: FleetTarget
    server: Hashable


@dataclass(frozen=True)
class End:
    """How a target ended; `migration` and `sqlstate` are those of its error."""

    exit: ExitCode
    migration: str | None = None
    sqlstate: str | None = None


@dataclass(frozen=True)
class StopConditions:
    """What stops a run that writes: a canary that failed, targets that fail alike, and `limit`.

    `size` is the number of targets of the run, of which `limit` may be a part. `found_failed` are those that
    failed before anything was applied: they count.
    """

    size: int
    limit: FailureLimit | None = None
    found_failed: Sequence[FleetTarget] = ()


class Schedule:
    """The order of a run; `take` gives the next target, `note_end` is told of each that has ended.

    Without `stop_on` canaries are as all others, and no failure stops the run.
    """

    def __init__(
        self, waiting: Sequence[WaitingTarget], limits: Limits, stop_on: StopConditions | None = None
    ) -> None:
        canaries = [each for each in waiting if stop_on is not None and each.target.is_canary]
        self._rest = [each for each in waiting if stop_on is None or not each.target.is_canary]
        self._turns = Turns(((each.server, each) for each in canaries), limits)
        self._canaries_left = len(canaries)
        self._stop_on = stop_on
        self._failed = 0
        self._first: list[End] = []
        self.stopped: str | None = None
        self.not_begun: list[FleetTarget] = []
        if stop_on is not None:
            for target in stop_on.found_failed:
                self._note_failure(target, stop_on)
        self._begin_rest()

    @property
    def waiting(self) -> int:
        """How many targets have not begun, and may still."""
        return self._turns.waiting + len(self._rest)

    def take(self) -> WaitingTarget | None:
        """Return a target that begins now; None where none may."""
        taken = self._turns.take()
        return taken[1] if taken is not None else None

    def note_end(self, ended: WaitingTarget, end: End) -> None:
        """Note the end of a target that had begun."""
        self._turns.give_back(ended.server)
        if self._stop_on is None:
            return
        if ended.target.is_canary:
            self._canaries_left -= 1
        if len(self._first) < _ALIKE:
            self._first.append(end)
        if end.exit is not ExitCode.OK:
            self._note_failure(ended.target, self._stop_on)
            self._stop_where_first_failed_alike()
        self._begin_rest()

    def stop(self, reason: str) -> None:
        """Begin no target any more."""
        if self.stopped is not None:
            return
        self.stopped = reason
        self.not_begun += [each.target for each in (*self._turns.take_away(), *self._rest)]
        self._rest = []

    def _begin_rest(self) -> None:
        if self._canaries_left == 0:
            for each in self._rest:
                self._turns.add(each.server, each)
            self._rest = []

    def _note_failure(self, target: FleetTarget, stop_on: StopConditions) -> None:
        self._failed += 1
        if target.is_canary:
            self.stop(f"the canary {target.name} failed: nothing was begun after the canaries")
        if stop_on.limit is not None and not stop_on.limit.allows(self._failed, stop_on.size):
            self.stop(f"{count(self._failed, 'database')} failed, and --max-failures is {stop_on.limit}")

    def _stop_where_first_failed_alike(self) -> None:
        if len(self._first) < _ALIKE:
            return
        first = self._first[0]
        if first.migration is None or first.sqlstate is None or first.exit is ExitCode.OK:
            return
        if all(each == first for each in self._first):
            self.stop(
                f"the first {_ALIKE} databases failed alike, in {first.migration} with {first.sqlstate}:"
                " look at one of them first"
            )
