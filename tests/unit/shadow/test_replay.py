"""The order of a replay: due round trips, the template it starts from, and when it starts again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.shadow import replay as replays
from dbmate_wrap.shadow.cache import ReplayCache, SchemaDump
from dbmate_wrap.shadow.due_round_trips import round_trips_due
from dbmate_wrap.shadow.replay import ReplayPlan, ReplayResult
from dbmate_wrap.shadow.round_trip import DownFault, RoundTrip
from dbmate_wrap.shadow.scratch import RecordedVersions, ReplayTools, SchemaState
from tests.support.migrations import parsed_migration

URL = DatabaseUrl("u", None, "/tmp", 5432, "scratch", ())
FAULT = DownFault("x.sql", 4, None, "migrate:down fails")
STATE = SchemaState("schema", {}, ("public", "schema_migrations"), recorded=RecordedVersions((), "versions"))
PASSED = RoundTrip(None, spoilt=False, lasts=False, after=STATE)


def longest_of(templates: str) -> Callable[[Sequence[str]], int]:
    """A pool that has templates for these keys, of one letter each."""
    return lambda keys: max((length for length, key in enumerate(keys, 1) if key in templates), default=0)


def history(*downs: str) -> list[ParsedMigration]:
    """Migrations with these sections after migrate:down."""
    ups = enumerate(downs, 1)
    return [parsed_migration(f"{number:03}_t.sql", "create table t ();", down) for number, down in ups]


def test_a_round_trip_is_due_for_what_is_new_has_a_down_and_has_not_passed() -> None:
    migrations = history("drop table t;", "drop table t;", "-- none", "drop table t;")
    new = frozenset(each.file.name for each in migrations[1:])
    assert round_trips_due(migrations, list("abcd"), new, frozenset()) == (1, 3)
    assert round_trips_due(migrations, list("abcd"), new, frozenset("b")) == (3,)
    assert round_trips_due(migrations, list("abcd"), frozenset(), frozenset()) == ()


@pytest.mark.parametrize(
    ("up", "due"),
    [
        ("create table if not exists t ();", True),
        ("create or replace view v as select 1;", True),
        ("do $$ begin create table t (); exception when others then null; end $$;", True),
        ("create table t ();", False),
        ("create temp table if not exists t ();", False),
        ("do $$ begin delete from t; end $$;", False),
    ],
)
def test_without_a_down_it_is_due_where_what_it_makes_may_be_there(up: str, due: bool) -> None:
    name, migrations = "001_t.sql", [parsed_migration("001_t.sql", up)]
    assert round_trips_due(migrations, ["a"], {name}, frozenset()) == ((0,) if due else ())
    assert round_trips_due(migrations, ["a"], {name}, {"a"}) == ()


@pytest.mark.parametrize(
    ("due", "templates", "base", "start"),
    [
        ((), "", 4, 0),
        ((), "d", 4, 4),
        ((), "bd", 4, 4),
        ((2,), "d", 2, 0),
        ((2,), "bd", 2, 2),
        ((0,), "abcd", 0, 0),
    ],
)
def test_a_replay_starts_from_a_template_before_the_first_round_trip(
    due: tuple[int, ...], templates: str, base: int, start: int
) -> None:
    migrations = history(*["drop table t;"] * 4)
    plan = replays.plan_replay(migrations, list("abcd"), due, longest_of(templates))
    assert (plan.base, plan.start) == (base, start)
    assert [each.file.name for each in plan.remaining] == [each.file.name for each in migrations[start:]]
    assert plan.key(start) == ("abcd"[start - 1] if start else None)


@dataclass
class FakeReplay:
    """Stands for the server: notes what is done, gives round trips the results in `trips` (by index)."""

    trips: dict[int, RoundTrip]
    refused: str = ""  # Keys of histories whose database cannot be saved as a template.
    log: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)  # The dumps of the states that were read.

    @contextmanager
    def scratch(self, key: str | None) -> Iterator[SimpleNamespace]:
        self.log.append(f"open {key or 'empty'}")
        yield SimpleNamespace(url=URL, save_template=self.save_template)

    def save_template(self, key: str) -> bool:
        self.log.append(f"save {key}" if key not in self.refused else f"cannot save {key}")
        return key not in self.refused

    def apply(self, migrations: Sequence[ParsedMigration]) -> None:
        if migrations:
            self.log.append(f"apply {' '.join(str(int(each.file.version)) for each in migrations)}")

    def round_trip(self, database: object, migration: ParsedMigration, before: SchemaState) -> RoundTrip:
        index = int(migration.file.version) - 1
        self.log.append(f"trip {index + 1}")
        return self.trips.get(index, PASSED)

    def dump(self) -> str:
        return "schema"

    def read_state(self, schema: str) -> SchemaState:
        self.read.append(schema)
        return STATE

    def dump_with_history(self) -> SchemaDump:
        return SchemaDump("schema", "versions")

    def history(self) -> SimpleNamespace:
        return SimpleNamespace(statement="versions")


Run = Callable[[ReplayPlan, FakeReplay], ReplayResult]


@pytest.fixture
def cache(tmp_path: Path) -> ReplayCache:
    """An empty cache."""
    return ReplayCache(tmp_path, "stamp")


@pytest.fixture
def run(cache: ReplayCache, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a plan without a server."""

    def go(plan: ReplayPlan, fake: FakeReplay) -> ReplayResult:
        monkeypatch.setattr(replays, "ScratchDatabase", lambda url, tools: fake)
        monkeypatch.setattr(replays, "run_round_trip", fake.round_trip)
        return replays.run_replay(
            cast(
                ReplayTools,
                SimpleNamespace(pool=fake, cache=cache, set_up=None, judged=lambda migration: None),
            ),
            plan,
        )

    return go


def plan_of(length: int, due: Sequence[int], templates: str = "") -> ReplayPlan:
    """The plan of a history of so many migrations, with keys of one letter."""
    keys = [chr(ord("a") + index) for index in range(length)]
    return replays.plan_replay(history(*["drop table t;"] * length), keys, due, longest_of(templates))


def trip(*, fault: bool = False, spoilt: bool = False, lasts: bool = False) -> RoundTrip:
    return RoundTrip(FAULT if fault else None, spoilt=spoilt, lasts=lasts, after=STATE)


@pytest.mark.parametrize(
    ("due", "templates", "trips", "refused", "log"),
    [
        pytest.param((), "", {}, "", ["open empty", "apply 1 2 3 4", "save d"], id="only applied"),
        pytest.param((), "b", {}, "", ["open b", "apply 3 4", "save d"], id="from a template"),
        pytest.param(
            (3,),
            "",
            {},
            "",
            ["open empty", "apply 1 2 3", "save c", "open c", "trip 4", "save d"],
            id="passed",
        ),
        pytest.param((3,), "c", {}, "", ["open c", "trip 4", "save d"], id="passed upon a template"),
        pytest.param(
            (2, 3),
            "b",
            {2: trip(spoilt=True)},
            "",
            ["open b", "trip 3", "open b", "apply 3", "trip 4", "save d"],
            id="rows may be twice: what follows starts again",
        ),
        pytest.param(
            (2, 3),
            "b",
            {2: trip(spoilt=True, lasts=True)},
            "",
            ["open b", "trip 3", "trip 4", "save d"],
            id="a role is left: what follows would collide with it",
        ),
        pytest.param(
            (2, 3),
            "b",
            {2: trip(fault=True, spoilt=True)},
            "",
            ["open b", "trip 3", "open b", "apply 3", "trip 4"],
            id="a history with a fault is no template",
        ),
        pytest.param(
            (3,),
            "c",
            {3: trip(fault=True, spoilt=True)},
            "",
            ["open c", "trip 4", "open c", "apply 4"],
            id="the last",
        ),
        pytest.param(
            (3,),
            "c",
            {3: trip(fault=True, spoilt=True, lasts=True)},
            "",
            ["open c", "trip 4"],
            id="the last cannot be applied again",
        ),
        pytest.param(
            (2, 3),
            "",
            {2: trip(fault=True, spoilt=True)},
            "b",
            [
                *("open empty", "apply 1 2", "cannot save b", "open empty", "apply 1 2", "trip 3"),
                *("open empty", "apply 1 2 3", "trip 4"),
            ],
            id="no template can be made",
        ),
    ],
)
def test_a_replay_starts_again_only_where_something_is_left(
    run: Run,
    due: tuple[int, ...],
    templates: str,
    trips: dict[int, RoundTrip],
    refused: str,
    log: list[str],
) -> None:
    fake = FakeReplay(trips, refused)
    result = run(plan_of(4, due, templates), fake)
    assert fake.log == log
    assert result.faults == tuple(each.fault for each in trips.values() if each.fault is not None)


def test_what_cannot_be_applied_again_has_no_final_schema(run: Run) -> None:
    plan = plan_of(4, (3,), "c")
    assert run(plan, FakeReplay({})).dump == SchemaDump("schema", "versions")
    last = FakeReplay({3: trip(fault=True, spoilt=True, lasts=True)})
    assert run(plan, last).dump is None


def test_of_many_faults_what_was_replayed_is_kept_on_the_way(run: Run) -> None:
    fake = FakeReplay({index: trip(fault=True, spoilt=True) for index in range(60)})
    assert len(run(plan_of(60, range(60)), fake).faults) == 60
    applied = [name for line in fake.log if line.startswith("apply ") for name in line.split()[1:]]
    assert len(applied) < 60 * 20
    assert any(line.startswith("save ") for line in fake.log)


def test_what_needs_a_process_of_its_own_is_not_applied_again_and_again(run: Run) -> None:
    migrations = [
        parsed_migration(f"{number:03}_t.sql", "set x = y;", "select 1;") for number in range(1, 11)
    ]
    keys = [chr(ord("a") + index) for index in range(10)]
    fake = FakeReplay({index: trip(spoilt=True) for index in range(10)})
    run(replays.plan_replay(migrations, keys, range(10), longest_of("")), fake)
    again = [line.split()[1:] for line in fake.log if line.startswith("apply ")]
    assert max(map(len, again)) == 3
    assert [line for line in fake.log if line.startswith("save ")] == ["save c", "save f", "save i", "save j"]


def test_round_trips_that_passed_are_recorded_whatever_comes_after_them(run: Run, cache: ReplayCache) -> None:
    run(plan_of(4, (1, 2, 3)), FakeReplay({2: trip(fault=True, spoilt=True)}))
    assert cache.passed_round_trips() == {"b", "d"}


def test_the_state_after_a_round_trip_is_that_before_the_next_on_the_same_database(run: Run) -> None:
    fake = FakeReplay({2: trip(spoilt=True)})
    run(plan_of(6, (0, 1, 2, 3, 5)), fake)
    # The first; the one after the restart; and the last, since another migration stands before it.
    assert fake.read == ["schema"] * 3


def test_what_has_passed_is_recorded_before_the_next_round_trip(run: Run, cache: ReplayCache) -> None:
    seen: list[frozenset[str]] = []

    class Watched(FakeReplay):
        def round_trip(self, database: object, migration: ParsedMigration, before: SchemaState) -> RoundTrip:
            seen.append(cache.passed_round_trips())
            return super().round_trip(database, migration, before)

    run(plan_of(3, (0, 1, 2)), Watched({1: trip(fault=True)}))
    assert seen == [frozenset(), {"a"}, {"a"}]


def test_a_migration_without_effect_is_reported_and_has_not_passed(run: Run, cache: ReplayCache) -> None:
    nothing = RoundTrip(None, spoilt=False, lasts=False, after=STATE, has_effect=False)
    result = run(plan_of(4, (1, 3)), FakeReplay({1: nothing}))
    assert [migration.file.name for migration in result.without_effect] == ["002_t.sql"]
    assert cache.passed_round_trips() == {"d"}


def test_a_history_that_is_cached_whole_needs_no_database(run: Run, cache: ReplayCache) -> None:
    dump = SchemaDump("cached", "versions")
    cache.save_dump("d", dump)
    fake = FakeReplay({})
    assert run(plan_of(4, (), "d"), fake) == ReplayResult((), dump)
    assert fake.log == []
