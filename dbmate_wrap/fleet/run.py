"""The second pass over a fleet: a process for each target, as many at once as may be, to the end of all."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from dbmate_wrap.domain.activity import format_duration
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.fleet_progress import FleetProgress, Running
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.interruption import stop_reason, stopped_run
from dbmate_wrap.fleet.journal import Journal
from dbmate_wrap.fleet.messages import Done, Said, TargetProcesses
from dbmate_wrap.fleet.progress import ProgressDisplay
from dbmate_wrap.fleet.schedule import End, Schedule, WaitingTarget
from dbmate_wrap.process import signals_held
from dbmate_wrap.process.workers import Worker, is_interrupt, wait_for

_LOOK_SECONDS = 0.25
# A run that is told to stop ends dbmate and its server session, and reads the state. It has so long for that.
_GRACE_SECONDS = 30.0
_SIGNALLED = frozenset({ExitCode.INTERRUPTED, ExitCode.TERMINATED})


@dataclass
class _AtWork:
    """A target whose process runs; times are those of the clock. `told_at`: when it was told to stop."""

    waiting: WaitingTarget
    worker: Worker
    since: float
    outcome: Outcome | None = None
    doing: str | None = None
    told_at: float | None = None
    is_late: bool = False


@dataclass
class FleetRun:
    """The run of one verb on every target of a schedule.

    `deadline` are the seconds that one target may take. `signal` is the first signal that arrived, if any.
    """

    schedule: Schedule
    processes: TargetProcesses
    urls: Mapping[str, DatabaseUrl]
    console: Console
    journal: Journal
    deadline: float | None = None
    clock: Callable[[], float] = time.monotonic
    signal: int | None = None
    _at_work: list[_AtWork] = field(default_factory=list)
    _done: int = 0
    _failed: int = 0

    def run(self) -> Iterator[tuple[FleetTarget, Outcome]]:
        """Yield each target when it has ended, with its outcome.

        After a signal no target is begun, those at work get it too, and are waited for.
        """
        begun, display = self.clock(), ProgressDisplay(self.console, self.clock)
        with signals_held() as arrived:
            try:
                while self.schedule.waiting or self._at_work:
                    self._begin_what_may(arrived)
                    wait_for([each.worker for each in self._at_work], _LOOK_SECONDS)
                    for each in [each for each in self._at_work if self._has_ended(each)]:
                        display.clear()
                        yield self._end(each)
                    self._pass_on(arrived)
                    self._enforce_deadlines()
                    display.show(self._progress(begun))
            finally:
                display.clear()
                self._end_all()

    def raise_for_signal(self, done: str) -> None:
        """Raise InterruptedRun (130, 143) where a signal stopped the run; `done` is what it has done."""
        if self.signal is not None:
            raise stopped_run(done, is_interrupt=is_interrupt(self.signal))

    def _begin_what_may(self, arrived: list[int]) -> None:
        """Begin the next targets; none after a signal, which may come while a process starts."""
        while not arrived and (waiting := self.schedule.take()) is not None:
            name = waiting.target.name
            worker = self.processes.start(waiting.target, self.urls[name], self.journal.scope.place_of(name))
            self._at_work.append(_AtWork(waiting, worker, self.clock()))

    def _has_ended(self, each: _AtWork) -> bool:
        """Take what its process says; return True where that has ended."""
        for message in each.worker.messages():
            match message:
                case Said(line, is_warning):
                    if not line.startswith("notice:"):  # That is done, and hides what follows it.
                        each.doing = line
                    show = self.console.say if is_warning else self.console.detail
                    show(f"{each.waiting.target.name}: {line}")
                case Done(outcome):
                    each.outcome = outcome
        return each.worker.exit_code is not None

    def _end(self, each: _AtWork) -> tuple[FleetTarget, Outcome]:
        self._at_work.remove(each)
        outcome = each.outcome or self._without_a_word(each)
        each.worker.close()
        if each.is_late and outcome.exit in _SIGNALLED:
            told = outcome.error.message if outcome.error is not None else "stopped"
            limit = format_duration(self.deadline or 0, exact=True)
            hint = outcome.error.hint if outcome.error is not None else None
            outcome.error = ErrorReport(f"it took longer than --target-deadline, {limit}: {told}", hint=hint)
            outcome.exit = ExitCode.TERMINATED
        error = outcome.error or ErrorReport("")
        self.schedule.note_end(each.waiting, End(outcome.exit, error.migration, error.sqlstate))
        self._done += 1
        self._failed += outcome.exit is not ExitCode.OK
        return each.waiting.target, outcome

    def _without_a_word(self, each: _AtWork) -> Outcome:
        """Return the outcome of a process that was killed: what it did is in the database."""
        outcome, code = self.journal.begin(), each.worker.exit_code or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}, and said nothing"
        outcome.exit = ExitCode.TERMINATED
        outcome.error = ErrorReport(
            f"its process was ended by {how}: what it has done is not known here",
            hint="run it again: the database knows what is done",
        )
        return outcome

    def _pass_on(self, arrived: list[int]) -> None:
        """Hand on the signals that came since the last call; stop the schedule at the first."""
        while arrived:
            number = arrived.pop(0)  # Another one may come meanwhile.
            if self.signal is None:
                self.signal = number
                why, running = stop_reason(is_interrupt=is_interrupt(number)), len(self._at_work)
                self.schedule.stop(why)
                if running:
                    stopped = f"stopping {count(running, 'database')} at work"
                    self.console.say(f"{why}: no further database is begun, {stopped}")
            for each in self._at_work:
                self._tell(each, number)

    def _enforce_deadlines(self) -> None:
        now = self.clock()
        for each in self._at_work:
            if self.deadline is not None and each.told_at is None and now - each.since >= self.deadline:
                each.is_late = True
                each.worker.terminate()
                each.told_at = now
            else:
                self._kill_where_it_stays(each)

    def _kill_where_it_stays(self, each: _AtWork) -> None:
        if each.told_at is not None and self.clock() - each.told_at >= _GRACE_SECONDS:
            each.worker.kill()

    def _tell(self, each: _AtWork, number: int) -> None:
        each.worker.interrupt(number)
        if each.told_at is None:
            each.told_at = self.clock()

    def _end_all(self) -> None:
        """End those at work, where something here failed: no target is left alone."""
        for each in self._at_work:
            each.worker.terminate()
            each.told_at = self.clock()
        while left := [each for each in self._at_work if not self._has_ended(each)]:
            wait_for([each.worker for each in left], _LOOK_SECONDS)
            for each in left:
                self._kill_where_it_stays(each)
        for each in self._at_work:
            each.worker.close()

    def _progress(self, begun: float) -> FleetProgress:
        now = self.clock()
        running = tuple(
            Running(each.waiting.target.name, now - each.since, each.doing) for each in self._at_work
        )
        return FleetProgress(self._done, self._failed, self.schedule.waiting, running, now - begun)
