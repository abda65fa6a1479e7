"""The first pass over a fleet: reads the history of every target, many at a time, and changes nothing."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NamedTuple

from dbmate_wrap.domain.command_hint import TargetOfFleet
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.fleet_progress import FleetProgress, Running
from dbmate_wrap.domain.ledger import Ledger
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import HistoryError, PolicyError, UsageError, WrapError
from dbmate_wrap.fleet.asking import Asked, ask_in_turns
from dbmate_wrap.fleet.console import TargetConsole
from dbmate_wrap.fleet.progress import ProgressDisplay
from dbmate_wrap.fleet.turns import Limits
from dbmate_wrap.settings.fleet_urls import FleetUrls
from dbmate_wrap.workspace import guard
from dbmate_wrap.workspace.bounds import Bounds
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database, open_database_if_present
from dbmate_wrap.workspace.history import (
    History,
    disagreement,
    is_adoption_due,
    not_baselined,
    read_history,
    without_database,
)
from dbmate_wrap.workspace.project_files import ProjectFiles
from dbmate_wrap.workspace.renewed_url import open_by_known_url


class Located(NamedTuple):
    """A target, and its URL or why it has none."""

    target: FleetTarget
    url: DatabaseUrl | WrapError


@dataclass(frozen=True)
class Found:
    """What the first pass found at a target; its error is in `outcome`, if there is one.

    `version` is the newest that is applied, `pending` how many migrations are not, `todo` the names of those
    files that the run would apply. `outcome` has the migrations that are not simply applied. `adopts`: there
    are none, and what is applied is yet to be recorded, or the database to be stamped.
    """

    target: FleetTarget
    outcome: Outcome
    version: str | None = None
    pending: int = 0
    todo: tuple[str, ...] = ()
    adopts: bool = False


@dataclass(frozen=True)
class Survey:
    """What each target is asked about: the files, and what of the pending ones the run would apply.

    `begin` makes the outcome of a target, `place_of` tells how a command names one. `urls` give a new URL
    where a password is refused.
    """

    context: Context
    files: ProjectFiles
    wanted: Bounds
    begin: Callable[[], Outcome]
    place_of: Callable[[str], TargetOfFleet]
    urls: FleetUrls
    clock: Callable[[], float] = time.monotonic

    def read_all(self, located: Iterable[Located], limits: Limits) -> Iterator[Found]:
        """Yield what is found at each target, as it comes; none stops another.

        Raises UsageError (2) and PolicyError (12) for what is wrong with the bounds or the files, and so for
        every target, and whatever is no WrapError.
        """
        display, begun, failed = (
            ProgressDisplay(self.context.console, self.clock, "reading: "),
            self.clock(),
            0,
        )

        def watch(asked: Asked[Located]) -> None:
            now = self.clock()
            running = tuple(Running(each.target.name, now - since) for each, since in asked.running)
            display.show(FleetProgress(asked.done, failed, asked.waiting, running, now - begun))

        questions = ((server_of(each.url), each) for each in located)
        try:
            for found in ask_in_turns(questions, self._read, limits, watch, self.clock):
                failed += found.outcome.error is not None
                yield found
        finally:
            display.clear()

    def _read(self, located: Located) -> Found:
        found = Found(located.target, self.begin())
        try:
            if isinstance(located.url, WrapError):
                raise located.url
            return self._ask(found, located.url)
        except (UsageError, PolicyError):
            raise
        except WrapError as error:
            found.outcome.fail(error, self.place_of(located.target.name))
            return found

    def _ask(self, found: Found, url: DatabaseUrl) -> Found:
        """Return what the database says. Raises WrapError where it cannot be asked."""
        environment = self.context.environment.at(found.target, self.urls)
        console = TargetConsole(self.context.console, found.target.name)
        context = replace(self.context, environment=environment, console=console)

        def connect(known: DatabaseUrl) -> AbstractContextManager[Database | None]:
            return open_database_if_present(context, url=known)

        with open_by_known_url(context, url, connect) as db:
            if db is None:
                return self._judge(found, without_database(self.files), None)
            found.outcome.target = db.target
            history = read_history(db, self.files, environment.values)
            # As `up` asks: what disagrees comes before the stamp.
            return self._judge(found, history, disagreement(history) or not_baselined(db))

    def _judge(self, found: Found, history: History, error: HistoryError | None) -> Found:
        found.outcome.migrations = [row for row in history.rows if not row.is_applied]
        found = replace(
            found,
            version=history.applied[-1] if history.applied else None,
            pending=len(history.pending),
        )
        try:
            if error is not None:
                raise error
            guard.refuse_foreign_stamp(self.context.environment, history)
        except WrapError as refused:
            found.outcome.fail(refused, self.place_of(found.target.name))
            return found
        todo = self.wanted.find(history, self.files).migrations
        adopts = not todo and can_adopt(history, self.files)
        return replace(found, todo=tuple(each.file.name for each in todo), adopts=adopts)


def can_adopt(history: History, files: ProjectFiles) -> bool:
    """Return True where adoption is due, and nothing is known to hinder it."""
    ledger = history.ledger
    return isinstance(ledger, Ledger) and ledger.access.obstacle is None and is_adoption_due(history, files)


def server_of(url: DatabaseUrl | WrapError) -> Hashable:
    """Return what two URLs on one server have in common."""
    return (url.host, url.port) if isinstance(url, DatabaseUrl) else None
