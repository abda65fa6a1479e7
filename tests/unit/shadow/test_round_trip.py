"""Up, down and up again: which results are a fault, and which may have left something."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference
from dbmate_wrap.shadow import round_trip
from dbmate_wrap.shadow.round_trip import RoundTrip
from dbmate_wrap.shadow.scratch import MigrationFailed, SchemaState, ScratchDatabase
from tests.support.migrations import parsed_migration

FILE = "003_c.sql"
MIGRATION = parsed_migration(FILE, "create table app.c (id integer);", "drop table app.c;")
NOTHING: Mapping[str, str] = {}


def state(*tables: str, rights: Mapping[str, str] = NOTHING, note: str = "") -> SchemaState:
    """A schema with these tables; `note` is a difference without a meaning."""
    texts = (
        f"--\n-- Name: {name}; Type: TABLE; Schema: app; Owner: -\n--\n\nCREATE TABLE app.{name} (\n);\n\n\n"
        for name in tables
    )
    return SchemaState("".join(texts) + note, rights, ("public", "schema_migrations"))


def error(message: str = "no such table", file: str | None = FILE, line: int | None = None) -> DbmateError:
    return DbmateError(message, "42P01", file, line, 2 if line else None)


@dataclass
class FakeDatabase:
    """Gives the states after up, after down and after the second up; `before` is without a table."""

    after_down: SchemaState = field(default_factory=state)
    after_second_up: SchemaState = field(default_factory=lambda: state("c"))
    down_error: DbmateError | None = None
    second_error: DbmateError | None = None
    is_applied_again: bool = True
    shared: tuple[frozenset[str], ...] = (frozenset(), frozenset())

    def __post_init__(self) -> None:
        self.states: Iterator[SchemaState] = iter([state("c"), self.after_down, self.after_second_up])
        objects = iter(self.shared)
        self.tools = SimpleNamespace(pool=SimpleNamespace(shared_objects=lambda: next(objects)))

    def read_state(self, schema: str | None = None) -> SchemaState:
        return state() if schema is not None else next(self.states)

    def apply(self, migrations: list[ParsedMigration]) -> None:
        assert [each.file.name for each in migrations] == [FILE]

    def undo(self, migration: ParsedMigration) -> DbmateError | None:
        return self.down_error

    def apply_batch(self, batch: list[ParsedMigration]) -> tuple[DbmateError | None, list[ParsedMigration]]:
        return self.second_error, [] if self.is_applied_again else batch


def run(fake: FakeDatabase, migration: ParsedMigration = MIGRATION) -> RoundTrip:
    return round_trip.run_round_trip(cast(ScratchDatabase, fake), migration, "")


@pytest.fixture(autouse=True)
def no_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    """No dump can be loaded."""
    monkeypatch.setattr(round_trip, "compare_reloaded", lambda *args: None)


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (FakeDatabase(down_error=error()), "migrate:down fails: no such table (42P01)"),
        (
            FakeDatabase(after_down=state("c")),
            "migrate:down does not undo migrate:up: it leaves table app.c",
        ),
        (
            FakeDatabase(after_down=state(rights={"the owner of schema app": "x"})),
            "migrate:down does not undo migrate:up: it does not restore the owner of schema app",
        ),
        (
            FakeDatabase(second_error=error("duplicate key"), is_applied_again=False),
            "after migrate:down it cannot be applied again: duplicate key (42P01)",
        ),
        (
            FakeDatabase(after_second_up=state("c", "d")),
            "applied again after migrate:down it makes another schema: there is also table app.d",
        ),
        (
            FakeDatabase(after_second_up=state()),
            "applied again after migrate:down it makes another schema: there is no table app.c",
        ),
    ],
)
def test_what_does_not_come_back_is_a_fault_at_migrate_down(fake: FakeDatabase, message: str) -> None:
    trip = run(fake)
    assert trip.fault is not None
    assert (trip.fault.file, trip.fault.line, trip.fault.message) == (FILE, 3, message)
    assert trip.spoilt


def test_the_fault_of_a_statement_is_at_its_line() -> None:
    fault = run(FakeDatabase(down_error=error(line=2))).fault
    assert fault is not None
    assert (fault.line, fault.column) == (4, 2)


@pytest.mark.parametrize(
    ("fake", "spoilt"),
    [
        (FakeDatabase(), False),
        (FakeDatabase(after_second_up=state("c", note="-- another order\n")), True),
    ],
)
def test_a_migration_that_comes_back_passes(fake: FakeDatabase, spoilt: bool) -> None:
    trip = run(fake)
    assert (trip.fault, trip.spoilt, trip.lasts) == (None, spoilt, False)
    assert trip.after == state("c").schema


def test_rows_may_be_twice_although_the_schema_is_the_same() -> None:
    rows = parsed_migration(FILE, "create table app.c (); insert into app.d values (1);", "drop table app.c;")
    trip = run(FakeDatabase(), rows)
    assert (trip.fault, trip.spoilt) == (None, True)


def test_a_difference_that_is_gone_after_reloading_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(round_trip, "compare_reloaded", lambda *args: Difference())
    assert run(FakeDatabase(after_down=state("c"))).fault is None


def test_an_object_of_the_server_that_remains_is_noted() -> None:
    assert run(FakeDatabase(shared=(frozenset(), frozenset({"reader"})))).lasts


@pytest.mark.parametrize("failure", [None, error("connection lost", file=None)])
def test_a_second_up_that_never_began_is_no_fault_of_migrate_down(failure: DbmateError | None) -> None:
    with pytest.raises(MigrationFailed):
        run(FakeDatabase(second_error=failure, is_applied_again=False))


@pytest.mark.parametrize(
    ("up", "may"),
    [
        ("create table t (a int references u on delete cascade on update cascade);", False),
        ("create view v as select 1;", False),
        ("INSERT into t values (1);", True),
        ("create table t ();\n  select seed();", True),
        ("create table t (); select seed();", True),
        ("do $$ begin null; end $$;", True),
        ("with x as (select 1) select * from x;", True),
        ("truncate t;", True),
    ],
)
def test_a_migration_that_may_write_rows_is_recognised(up: str, may: bool) -> None:
    assert round_trip.may_write_rows(parsed_migration("001_t.sql", up)) is may


IF_MISSING = "create table if not exists app.c (id integer);"


@pytest.mark.parametrize(
    ("up", "after_up", "shared", "has_effect"),
    [
        (IF_MISSING, state(), "", False),
        (IF_MISSING, state("c"), "", True),
        (IF_MISSING, state(rights={"the owner of schema app": "x"}), "", True),
        (IF_MISSING, state(), "reader", True),
        ("insert into app.c values (1);", state(), "", True),
    ],
)
@pytest.mark.parametrize("down", ["", "drop table app.c;"])
def test_a_migration_has_no_effect_where_it_makes_something_and_nothing_is_new(
    up: str, down: str, after_up: SchemaState, shared: str, has_effect: bool
) -> None:
    fake = FakeDatabase(shared=(frozenset(), frozenset(shared.split()), frozenset(shared.split())))
    fake.states = iter([after_up, state(), after_up])
    assert run(fake, parsed_migration(FILE, up, down)).has_effect == has_effect


def test_without_a_migrate_down_nothing_is_undone() -> None:
    fake = FakeDatabase(down_error=error(), shared=(frozenset(),))
    trip = run(fake, parsed_migration(FILE, IF_MISSING))
    assert (trip.fault, trip.spoilt, trip.after) == (None, False, state("c").schema)
