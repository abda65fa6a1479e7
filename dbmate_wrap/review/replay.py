"""Replays the project's history on a shadow server, to find faults before the merge."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbmate_wrap.domain.console import Console
from dbmate_wrap.review.replay_means import DumpStore, ReplayMeans, make_means, signals_as_errors
from dbmate_wrap.review.replay_report import ReplayReport, describe_placeholders, describe_server_warnings
from dbmate_wrap.review.schema_file import is_up_to_date
from dbmate_wrap.settings import Environment
from dbmate_wrap.shadow.due_round_trips import round_trips_due
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.replay_setup import ReplaySetup

if TYPE_CHECKING:
    from dbmate_wrap.review.replay_run import OpenReplay

_CACHED = "replayed before, byte for byte: taken from the cache"


@contextmanager
def begin_replay(
    files: ProjectFiles,
    round_trips: frozenset[str],
    environment: Environment,
    setup: ReplaySetup,
    console: Console,
) -> Iterator[Callable[[], ReplayReport]]:
    """Open the server in another thread, while the block does other things; give the function that replays.

    There is at least one migration. The function runs the whole history on scratch databases, with the
    round trips of the files named in `round_trips`; the check `shadow` then passes, or warns where there
    are findings: `down-incomplete`, `no-effect` and `stale-schema-file`. It raises FailedError with the
    place of what failed, PreflightError for an extension that the shadow server lacks, ConfigError where
    there is no such server, BinaryError, UnreachableError, and InterruptedRun after a signal. Where it is
    not called the server is closed again, whatever became of it.
    """
    with ThreadPoolExecutor(1, "shadow server") as executor:
        opening = executor.submit(lambda: _open(make_means(files, environment, setup, console), round_trips))
        finished = False

        def finish() -> ReplayReport:
            nonlocal finished
            with signals_as_errors("dbmate-wrap check"):
                opened = opening.result()
                finished = True
                return opened.report()

        try:
            yield finish
        finally:
            if not finished:
                _close(opening)


def _close(opening: "Future[_Known | OpenReplay]") -> None:
    if opening.exception() is None:
        opening.result().close()


@dataclass(frozen=True)
class _Known:
    """A replay that was done before."""

    means: ReplayMeans
    store: DumpStore
    round_trips: frozenset[str]
    placeholders: frozenset[str]

    def report(self) -> ReplayReport:
        warnings = describe_server_warnings(self.means, self.store, self.round_trips)
        return ReplayReport((), _CACHED, warnings, describe_placeholders(self.placeholders))

    def close(self) -> None:
        """Nothing is open."""


def _open(means: ReplayMeans, round_trips: frozenset[str]) -> "_Known | OpenReplay":
    choice = means.choose_server()
    store = means.store(choice, choice.major) if choice.major is not None else None
    if store is not None and _is_known(means, store, round_trips):
        return _Known(means, store, round_trips, means.placeholders(choice))
    # All that runs migrations is loaded only where some are to be run.
    from dbmate_wrap.review.replay_run import open_replay

    return open_replay(means, choice, store, round_trips)


def _is_known(means: ReplayMeans, store: DumpStore, round_trips: frozenset[str]) -> bool:
    """Return True where all was replayed before and the schema file is up to date."""
    if round_trips_due(means.files.parsed, store.keys, round_trips, store.cache.passed_round_trips()):
        return False
    dump = store.cache.load_dump(store.keys[-1])
    return dump is not None and is_up_to_date(means.environment.values.schema_file, dump)
