"""Replays a history on scratch databases: what is new goes up, down and up again, and is compared."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import has_statement
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import DownFault, round_trip
from dbmate_wrap.shadow.scratch import ReplayTools, apply, dump_with_history, history
from dbmate_wrap.shadow.scratch_pool import Scratch, ScratchPool

# Applying so many again costs more than one more template.
_MANY = 20


@dataclass(frozen=True)
class ReplayPlan:
    """A whole history with its keys, and the places in it (from 0) whose round trip is to be proven.

    Until `base` everything is simply applied; the first `start` are there already, as a template.
    """

    migrations: tuple[ParsedMigration, ...]
    keys: tuple[str, ...]
    due: tuple[int, ...]
    base: int
    start: int

    def key(self, length: int) -> str | None:
        """The key of the first so many migrations."""
        return self.keys[length - 1] if length else None

    @property
    def ahead(self) -> tuple[ParsedMigration, ...]:
        """What is going to be run."""
        return self.migrations[self.start :]


@dataclass(frozen=True)
class Replayed:
    """What came of it, and the schema after the last migration; None where that could not be made again."""

    faults: tuple[DownFault, ...]
    picture: SchemaDump | None


def round_trips_due(
    migrations: Sequence[ParsedMigration], keys: Sequence[str], new: frozenset[str], proven: frozenset[str]
) -> tuple[int, ...]:
    """The places of those `new` (names of files) that have a way down which is not proven yet."""
    return tuple(
        place
        for place, migration in enumerate(migrations)
        if migration.file.name in new and keys[place] not in proven and _has_way_down(migration)
    )


def plan_replay(
    shelf: ScratchPool, migrations: Sequence[ParsedMigration], keys: Sequence[str], due: Sequence[int]
) -> ReplayPlan:
    """How the history is to be replayed, given the templates that are there."""
    base = due[0] if due else len(migrations)
    return ReplayPlan(tuple(migrations), tuple(keys), tuple(due), base, shelf.longest(keys[:base]))


def run(bench: ReplayTools, course: ReplayPlan) -> Replayed:
    """Replay it; at least one migration.

    Raises Broken; UnreachableError and FailedError where the server or pg_dump does not do its part.
    """
    if not course.ahead and (known := bench.memory.picture(course.keys[-1])):
        return Replayed((), known)
    running = _Run(bench, course)
    try:
        return running.run()
    finally:
        if running.proven:
            bench.memory.prove(running.proven)


@dataclass
class _Run:
    bench: ReplayTools
    course: ReplayPlan
    dumps: dict[int, str] = field(default_factory=dict)  # By the number of migrations applied.
    faults: list[DownFault] = field(default_factory=list)
    proven: list[str] = field(default_factory=list)
    lasts: bool = False  # The last round trip has left something on the server.

    def run(self) -> Replayed:
        start, end = self.course.start, len(self.course.migrations)
        begin = base = self.course.base
        if base == end or (start < base and not self._keep_state(start, base)):
            base = start
        while True:
            with self.bench.shelf.scratch(self.course.key(base)) as scratch:
                spoilt = self._proven(scratch, base, begin)
                if spoilt is None:
                    return self._finished(scratch)
            if self.lasts and spoilt + 1 == end:
                return Replayed(tuple(self.faults), None)
            # What a round trip has left must not be in the way of what follows: back to what was kept.
            begin = spoilt + 1
            if begin - base > _MANY and self._keep_state(base, begin):
                base = begin

    def _keep_state(self, begin: int, end: int) -> bool:
        with self.bench.shelf.scratch(self.course.key(begin)) as scratch:
            self._apply(scratch, begin, end)
            return scratch.keep(self.course.keys[end - 1])

    def _proven(self, scratch: Scratch, base: int, begin: int) -> int | None:
        """Apply everything after `base`, with the round trips from `begin` on.

        Returns the place of a round trip that has left something, where that is another state now.
        """
        position = base
        for place in (place for place in self.course.due if place >= begin):
            self._apply(scratch, position, place)
            before = self._before(scratch, place)
            trip = round_trip(self.bench, scratch.url, self.course.migrations[place], before)
            self.dumps = {place + 1: trip.after}
            if trip.fault is None:
                self.proven.append(self.course.keys[place])
            else:
                self.faults.append(trip.fault)
            self.lasts = trip.lasts
            # Rows that are there twice harm less than to begin once more, and to meet what lasts.
            if trip.spoilt and not (trip.lasts and trip.fault is None):
                return place
            position = place + 1
        self._apply(scratch, position, len(self.course.migrations))
        return None

    def _finished(self, scratch: Scratch) -> Replayed:
        end = len(self.course.migrations)
        last = self.course.keys[-1]
        seen = self.bench.memory.picture(last) if self.course.start == end else None
        if seen is None:
            seen = SchemaDump(self._dump(scratch, end), history(self.bench, scratch.url).literal)
            self.bench.memory.remember(last, seen)
        if not self.faults and self.course.start < end:
            scratch.keep(last)
        return Replayed(tuple(self.faults), seen)

    def _apply(self, scratch: Scratch, begin: int, end: int) -> None:
        apply(self.bench, scratch.url, self.course.migrations[begin:end])

    def _before(self, scratch: Scratch, place: int) -> str:
        if place == self.course.base and place and place not in self.dumps:
            key = self.course.keys[place - 1]
            known = self.bench.memory.picture(key)
            if known is None:
                known = dump_with_history(self.bench, scratch.url)
                self.bench.memory.remember(key, known)
            self.dumps[place] = known.schema
        return self._dump(scratch, place)

    def _dump(self, scratch: Scratch, length: int) -> str:
        """pg_dump's text of the state after so many migrations, which is the scratch's now."""
        if length not in self.dumps:
            self.dumps[length] = self.bench.dump(scratch.url)
        return self.dumps[length]


def _has_way_down(migration: ParsedMigration) -> bool:
    return any(has_statement(section.down.sql) for section in migration.sections)
