"""The replay of a history on scratch databases: new migrations go up, down and up again, and are compared."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import DownFault, run_round_trip
from dbmate_wrap.shadow.scratch import ReplayTools, SchemaState, ScratchDatabase
from dbmate_wrap.shadow.scratch_pool import ScratchHandle
from dbmate_wrap.sql.batching import batches

# Applying more than so many again, or with more processes of dbmate, costs more than one more template.
_MOST_REAPPLIED = 20
_MOST_PROCESSES = 2
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class ReplayPlan:
    """A whole history with its keys, and what of it is run.

    The first `start` migrations are in a template already. All before `base` are only applied; `due` are
    the indexes (from 0) of the migrations that get a round trip.
    """

    migrations: tuple[ParsedMigration, ...]
    keys: tuple[str, ...]
    due: tuple[int, ...]
    base: int
    start: int

    def key(self, length: int) -> str | None:
        """Return the key of the first `length` migrations; None for none of them."""
        return self.keys[length - 1] if length else None

    @property
    def remaining(self) -> tuple[ParsedMigration, ...]:
        """The migrations that are in no template yet."""
        return self.migrations[self.start :]


@dataclass(frozen=True)
class ReplayResult:
    """The faults of round trips, and the final schema; None where that could not be made again.

    `without_effect` are the migrations that were to make something, and have changed nothing.
    """

    faults: tuple[DownFault, ...]
    dump: SchemaDump | None
    without_effect: tuple[ParsedMigration, ...] = ()


def plan_replay(
    migrations: Sequence[ParsedMigration],
    keys: Sequence[str],
    due: Sequence[int],
    longest_cached_prefix: Callable[[Sequence[str]], int],
) -> ReplayPlan:
    """Return the plan: it starts from the longest template of a history before the first round trip."""
    base = due[0] if due else len(migrations)
    return ReplayPlan(tuple(migrations), tuple(keys), tuple(due), base, longest_cached_prefix(keys[:base]))


def run_replay(tools: ReplayTools, plan: ReplayPlan) -> ReplayResult:
    """Run the plan; it has at least one migration.

    Raises MigrationFailed; UnreachableError and FailedError where the server or pg_dump fails.
    """
    if not plan.remaining and (cached := tools.cache.load_dump(plan.keys[-1])):
        return ReplayResult((), cached)
    return _Replay(tools, plan).run()


def _needs_template(applied_again: Sequence[ParsedMigration]) -> bool:
    return len(applied_again) > _MOST_REAPPLIED or len(batches(applied_again)) > _MOST_PROCESSES


def make_state(tools: ReplayTools, plan: ReplayPlan) -> SchemaState:
    """Return the state that the plan's migrations make, without a round trip. Raises as `run_replay`."""
    return read_at_end(tools, plan, lambda database: database.read_state())


def read_at_end(tools: ReplayTools, plan: ReplayPlan, read: Callable[[ScratchDatabase], _Read]) -> _Read:
    """Return what `read` makes of the database after all the plan's migrations, without a round trip.

    Raises as `run_replay`.
    """
    return _Replay(tools, plan).read_at_end(read)


@contextmanager
def open_state(tools: ReplayTools, plan: ReplayPlan) -> Iterator[ScratchDatabase]:
    """Give a database with the first `plan.base` migrations; where they had no template they get one.

    Raises as `run_replay`.
    """
    with _Replay(tools, plan).open_state() as database:
        yield database


@dataclass
class _Replay:
    """A running replay. `lasts`: the last round trip has left a cluster-wide object."""

    tools: ReplayTools
    plan: ReplayPlan
    dumps: dict[int, str] = field(default_factory=dict)  # By the number of migrations applied.
    states: dict[int, SchemaState] = field(default_factory=dict)  # The same, of this database alone.
    faults: list[DownFault] = field(default_factory=list)
    without_effect: list[ParsedMigration] = field(default_factory=list)
    lasts: bool = False

    def run(self) -> ReplayResult:
        start, end = self.plan.start, len(self.plan.migrations)
        first = base = self.plan.base
        if base == end or (start < base and not self._save_template(start, base)):
            base = start
        while True:
            with self._scratch(base) as handle:
                spoilt = self._run_from(ScratchDatabase(handle.url, self.tools), base, first)
                if spoilt is None:
                    return self._finish(handle)
            if self.lasts and spoilt + 1 == end:
                return ReplayResult(tuple(self.faults), None, tuple(self.without_effect))
            # What a round trip has left must not affect later migrations: start again from a template.
            first = spoilt + 1
            if _needs_template(self.plan.migrations[base:first]) and self._save_template(base, first):
                base = first

    def read_at_end(self, read: Callable[[ScratchDatabase], _Read]) -> _Read:
        """Apply all migrations on top of the longest history before the first that is due, and read."""
        with self.open_state() as database:
            database.apply(self.plan.migrations[self.plan.base :])
            return read(database)

    @contextmanager
    def open_state(self) -> Iterator[ScratchDatabase]:
        """Give a database with all that comes before the first that is due, if it can be from a template."""
        start, base = self.plan.start, self.plan.base
        saved = start == base or self._save_template(start, base)
        with self._scratch(base if saved else start) as handle:
            database = ScratchDatabase(handle.url, self.tools)
            if not saved:
                database.apply(self.plan.migrations[start:base])
            yield database

    @contextmanager
    def _scratch(self, length: int) -> Iterator[ScratchHandle]:
        with self.tools.pool.scratch(self.plan.key(length)) as handle:
            if not length and self.tools.set_up is not None:
                with self.tools.connect(handle.url) as session:
                    self.tools.set_up(session)
            yield handle

    def _save_template(self, base: int, end: int) -> bool:
        """Make a template of the first `end` migrations, from the one of the first `base`."""
        with self._scratch(base) as handle:
            ScratchDatabase(handle.url, self.tools).apply(self.plan.migrations[base:end])
            return handle.save_template(self.plan.keys[end - 1])

    def _run_from(self, database: ScratchDatabase, base: int, first: int) -> int | None:
        """Apply all migrations from `base` on, with the round trips from `first` on.

        Returns the index of a round trip that spoilt the database and ended this run; None for the whole.
        """
        # A copy may lack settings that only the database had of which it is one.
        applied, self.states = base, {}
        for index in (index for index in self.plan.due if index >= first):
            database.apply(self.plan.migrations[applied:index])
            before = self.states.get(index) or database.read_state(self._dump_before(database, index))
            trip = run_round_trip(database, self.plan.migrations[index], before)
            self.dumps, self.states = {index + 1: trip.after.schema}, {index + 1: trip.after}
            if trip.fault is not None:
                self.faults.append(trip.fault)
            if not trip.has_effect:
                self.without_effect.append(self.plan.migrations[index])
            elif trip.fault is None:
                # At once: whatever ends this check, the next goes on from here.
                self.tools.cache.record_round_trips([self.plan.keys[index]])
            self.tools.judged(self.plan.migrations[index])
            self.lasts = trip.lasts
            # Duplicate rows are less harmful than a restart that collides with leftover roles.
            if trip.spoilt and not (trip.lasts and trip.fault is None):
                return index
            applied = index + 1
        database.apply(self.plan.migrations[applied:])
        return None

    def _finish(self, handle: ScratchHandle) -> ReplayResult:
        """Read the final schema, and save the database as the template of the whole history."""
        database, key = ScratchDatabase(handle.url, self.tools), self.plan.keys[-1]
        length = len(self.plan.migrations)
        recorded = self.states[length].recorded if length in self.states else database.history()
        dump = SchemaDump(self._dump(database, length), recorded.statement)
        self.tools.cache.save_dump(key, dump)
        if not self.faults and self.plan.remaining:
            handle.save_template(key)
        return ReplayResult(tuple(self.faults), dump, tuple(self.without_effect))

    def _dump_before(self, database: ScratchDatabase, index: int) -> str:
        """Return pg_dump's text before the migration `index`; that of the base is cached."""
        if index == self.plan.base and index and index not in self.dumps:
            key = self.plan.keys[index - 1]
            dump = self.tools.cache.load_dump(key)
            if dump is None:
                dump = database.dump_with_history()
                self.tools.cache.save_dump(key, dump)
            self.dumps[index] = dump.schema
        return self._dump(database, index)

    def _dump(self, database: ScratchDatabase, length: int) -> str:
        """Return pg_dump's text after `length` migrations, which is the database's state now."""
        if length not in self.dumps:
            self.dumps[length] = database.dump()
        return self.dumps[length]
