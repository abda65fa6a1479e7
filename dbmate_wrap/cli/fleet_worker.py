"""Runs a verb on one target of a fleet in a process of its own, and sends what happens to the whole run."""

import contextlib
import gc
import pickle
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

from dbmate_wrap import process
from dbmate_wrap.cli.arguments import secrets_of
from dbmate_wrap.cli.output import begin_outcome
from dbmate_wrap.cli.verb_end import end_verb
from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.escape import visible
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.fleet.messages import Done, Said
from dbmate_wrap.process.signals import signals_delayed
from dbmate_wrap.process.workers import Worker, Workers
from dbmate_wrap.redact import Secrets
from dbmate_wrap.render.mask import mask_outcome
from dbmate_wrap.settings import Project
from dbmate_wrap.workspace.context import Context

_T = TypeVar("_T")
TargetVerb = Callable[[Context, Outcome, DatabaseUrl, _T], None]

_PRELOAD = ("dbmate_wrap.cli.fleet_preload",)


@dataclass(frozen=True)
class _Shared(Generic[_T]):
    """What all targets have in common; `verb` is a function of a module, and pickled by its name."""

    invocation: Invocation
    project: Project
    environment: str
    scripts_dir: Path
    search_path: str
    verb: TargetVerb[_T]
    request: _T
    verbose: bool


@dataclass(frozen=True)
class _Job:
    """What one process gets; `shared` is pickled once for all."""

    shared: bytes = field(repr=False)
    target: FleetTarget
    url: DatabaseUrl
    place: TargetOfFleet


class Fork(Generic[_T]):
    """Makes what starts a process for each target, in which `verb` runs."""

    def __init__(self, verb: TargetVerb[_T], *, verbose: bool) -> None:
        self._verb = verb
        self._verbose = verbose
        self._workers = Workers(_PRELOAD)

    def prepare(self) -> None:
        """Start the fork server, which imports what the processes need."""
        self._workers.prepare()

    def share(self, context: Context, request: _T) -> "_ForkedTargets":
        """Return what starts the processes; `request` is for each target alike."""
        shared = _Shared(
            context.invocation,
            context.project,
            context.environment.name,
            context.scripts_dir,
            context.search_path,
            self._verb,
            request,
            self._verbose,
        )
        return _ForkedTargets(self._workers, pickle.dumps(shared))


@dataclass(frozen=True)
class _ForkedTargets:
    workers: Workers
    shared: bytes = field(repr=False)

    def start(self, target: FleetTarget, url: DatabaseUrl, place: TargetOfFleet) -> Worker:
        """Begin with one target; `url` is where it is, `place` how commands name it."""
        return self.workers.start(_work, _Job(self.shared, target, url, place))


@dataclass
class _PipeConsole:
    """Sends each line; what `ask` answers was confirmed for all targets by who started them.

    It is called by several threads, and never raises: where the run over the fleet is gone, what is at work
    here is to end as it does on a signal.
    """

    messages: Connection
    secrets: Secrets
    verbose: bool
    answer: str
    environment: str | TargetOfFleet | None
    _sending: threading.Lock = field(default_factory=threading.Lock)

    replace_line = None
    can_ask = False

    def send(self, message: Said | Done) -> None:
        """Send a message whole: half of one would make nonsense of all that follow."""
        with self._sending, signals_delayed(), contextlib.suppress(OSError):
            self.messages.send(message)

    def say(self, line: str) -> None:
        """Send a line of progress."""
        self.send(Said(visible(self.secrets.mask(line)), line.startswith("warning:")))

    def detail(self, line: str) -> None:
        """Send a line of progress for callers that asked for more."""
        if self.verbose:
            self.send(Said(visible(self.secrets.mask(line))))

    def show(self, line: str) -> None:
        """Send a line of the result as it comes."""
        self.detail(line)

    def ask(self, question: str) -> str | None:
        """Return what was typed for the whole fleet."""
        return self.answer


def _work(messages: Connection, job: _Job) -> None:
    with process.terminations_as_exceptions():
        gc.disable()  # A short life, with little garbage.
        shared: _Shared[object] = pickle.loads(job.shared)  # noqa: S301 - from who started us
        secrets = secrets_of(sys.argv[1:])
        outcome = begin_outcome(shared.invocation.command)
        environment = shared.project.environment(shared.environment).at(job.target)
        outcome.environment = environment.name
        secrets.learn(job.url.password, (job.url.user, job.url.host, job.url.database, environment.name))
        console = _PipeConsole(messages, secrets, shared.verbose, environment.name, job.place)
        context = Context(
            project=shared.project,
            environment=environment,
            invocation=replace(shared.invocation, run_id=outcome.run_id),
            secrets=secrets,
            console=console,
            scripts_dir=shared.scripts_dir,
            search_path=shared.search_path,
        )
        end_verb(
            lambda: shared.verb(context, outcome, job.url, shared.request),
            outcome,
            console,
            shared.project.root,
            secrets,
        )
        with process.signals_held():
            # Thousands of rows say that all is well: they stay here.
            told = [row for row in outcome.migrations if row.version in outcome.applied or not row.is_applied]
            console.send(Done(mask_outcome(replace(outcome, migrations=told), secrets.mask)))
