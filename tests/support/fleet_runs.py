"""A run over a fleet without processes: workers that follow a script, and a clock that moves in each wait."""

import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from types import SimpleNamespace
from typing import cast

from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.console import Console
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.domain.fleet import FleetTarget, Inventory, TargetSelection
from dbmate_wrap.domain.fleet_end import FleetScope, FleetVerb
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.journal import Journal, TargetDocuments
from dbmate_wrap.fleet.messages import Done
from dbmate_wrap.fleet.shared_origin import SharedOrigin
from dbmate_wrap.process.workers import Worker
from dbmate_wrap.redact import Secrets
from dbmate_wrap.settings import Environment, Project
from dbmate_wrap.workspace.context import Context
from tests.support.consoles import FakeConsole

STARTED = datetime(2026, 1, 31, 12, 30, 5, tzinfo=UTC)


def outcome_of(
    exit: ExitCode = ExitCode.OK, error: ErrorReport | None = None, applied: Sequence[str] = ()
) -> Outcome:
    """The outcome of one target; with an error where the code tells of one."""
    made = Outcome("fleet up", "production", "0123456789ab", STARTED, exit=exit, applied=[*applied])
    made.error = error or (ErrorReport(exit.meaning, hint="a hint") if exit is not ExitCode.OK else None)
    return made


def journal_of(
    targets: Iterable[FleetTarget],
    report: Callable[[Outcome], None] = lambda outcome: None,
    *,
    selection: TargetSelection | None = None,
    verb: FleetVerb = "up",
) -> Journal:
    """The journal of a run over all these targets."""
    inventory, selected = Inventory("tenants", "production", tuple(targets)), selection or TargetSelection()
    files = {"001": "001_a.sql", "002": "002_b.sql", "003": "003_c.sql"}
    documents = TargetDocuments(outcome_of, report)
    # As where each has a URL of its own.
    environment = cast(Environment, SimpleNamespace(has_target_urls=True))
    origin = SharedOrigin(environment, FakeConsole())
    return Journal(FleetScope.of(verb, inventory, selected), selected, files, documents, origin)


@dataclass(frozen=True)
class Script:
    """What the process of one target does; times are in seconds since its start.

    It ends after `seconds` (None: never by itself), having sent `says` and its `outcome` (None: no word),
    with `code`. It heeds a signal within `stopping` seconds (None: only SIGKILL ends it).
    """

    seconds: float | None = 1.0
    outcome: Outcome | None = field(default_factory=outcome_of)
    code: int = 0
    says: Sequence[tuple[float, object]] = ()
    stopping: float | None = 0.0


class FakeWorker(Worker):
    """Follows its script."""

    def __init__(self, script: Script, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._script = script
        self._began = clock()
        self._ends_at = inf if script.seconds is None else self._began + script.seconds
        self._code, self._outcome = script.code, script.outcome
        self._unsaid = [(self._began + seconds, message) for seconds, message in script.says]
        self.signals: list[int] = []
        self.is_closed = False

    @property
    def is_ready(self) -> bool:
        """True where it has something to say, or has ended."""
        return self.exit_code is not None or any(at <= self._clock() for at, _ in self._unsaid)

    def messages(self) -> Iterator[object]:
        now = self._clock()
        told = [message for at, message in self._unsaid if at <= now]
        self._unsaid = [each for each in self._unsaid if each[0] > now]
        yield from told
        if self.exit_code is not None and self._outcome is not None:
            said, self._outcome = self._outcome, None
            yield Done(said)

    @property
    def exit_code(self) -> int | None:
        return self._code if self._clock() >= self._ends_at else None

    def interrupt(self, number: int) -> None:
        if self.exit_code is not None:
            return
        self.signals.append(number)
        now, stopping = self._clock(), self._script.stopping
        if number == signal.SIGKILL:
            self._ends_at, self._code, self._outcome = now, -number, None
        elif stopping is not None and now + stopping < self._ends_at:
            self._ends_at = now + stopping
            how = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
            self._outcome = outcome_of(how)

    def close(self) -> None:
        assert self.exit_code is not None, "it would be waited for"
        self.is_closed = True


@dataclass
class FakeRun:
    """Processes and signals that a `Rollout` gets in place of real ones; `now` is what its clock says.

    `events` happen when their time has come, in the middle of a wait.
    """

    scripts: Mapping[str, Script] = field(default_factory=dict)
    now: float = 0.0
    events: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    workers: dict[str, FakeWorker] = field(default_factory=dict)
    most_at_once: int = 0
    on_start: Callable[[str], None] = lambda name: None

    def clock(self) -> float:
        return self.now

    def start(self, target: FleetTarget, url: DatabaseUrl, place: TargetOfFleet) -> Worker:
        """Begin with one target, as `TargetProcesses` does."""
        assert (url.database, place.target) == (target.database, target.name)
        self.on_start(target.name)
        made = FakeWorker(self.scripts.get(target.name, Script()), self.clock)
        self.workers[target.name] = made
        self.most_at_once = max(self.most_at_once, sum(not each.is_closed for each in self.workers.values()))
        return made

    def wait_for(self, workers: Sequence[Worker], seconds: float) -> None:
        """Stands for `wait_for`: time passes where nobody is ready."""
        if any(isinstance(each, FakeWorker) and each.is_ready for each in workers):
            return
        self.now += seconds
        due = [each for each in self.events if each[0] <= self.now]
        self.events = [each for each in self.events if each[0] > self.now]
        for _, happen in due:
            happen()

    def arrive_at(self, seconds: float, number: int) -> None:
        """Let a signal arrive."""
        self.events.append((seconds, lambda: self.arrived.append(number)))

    @contextmanager
    def signals_held(self) -> Iterator[list[int]]:
        """Stands for `signals_held`."""
        yield self.arrived


def context_of(project: Project, console: Console | None = None) -> Context:
    """The context of a run over a fleet of the selected environment."""
    environment, invocation = project.environment(), Invocation("fleet up", "0123456789ab")
    said = console or FakeConsole()
    return Context(project, environment, invocation, Secrets(), said, project.root, "/usr/bin:/bin")


def url_of(target: FleetTarget) -> DatabaseUrl:
    """The URL of a target."""
    return parse(f"postgres://app@db.example.com/{target.database}", os_user="app")
