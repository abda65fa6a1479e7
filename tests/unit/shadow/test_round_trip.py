"""Up, down and up again: which results are a fault, and which may have left something."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.dbmate.client import DbmateError
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference
from dbmate_wrap.domain.shared_state import SharedFact, SharedState
from dbmate_wrap.shadow import round_trip
from dbmate_wrap.shadow.round_trip import RoundTrip
from dbmate_wrap.shadow.scratch import MigrationFailed, SchemaState, ScratchDatabase
from tests.support.migrations import parsed_migration

FILE = "003_c.sql"
MIGRATION = parsed_migration(FILE, "create table app.c (id integer);", "drop table app.c;")
NOTHING: Mapping[str, str] = {}


def roles(**attributes: str) -> SharedState:
    """Roles, each with one attribute or none ("")."""
    facts = {}
    for name, attribute in attributes.items():
        facts[f"role {name}"] = SharedFact(frozenset({name}), "")
        if attribute:
            facts[f"the attribute {attribute} of role {name}"] = SharedFact(frozenset({name}), "")
    return SharedState(facts)


ROLES = roles(writer="LOGIN", owner="")


def state(
    *tables: str, rights: Mapping[str, str] = NOTHING, note: str = "", shared: SharedState = ROLES
) -> SchemaState:
    """A schema with these tables; `note` is a difference without a meaning."""
    texts = (
        f"--\n-- Name: {name}; Type: TABLE; Schema: app; Owner: -\n--\n\nCREATE TABLE app.{name} (\n);\n\n\n"
        for name in tables
    )
    return SchemaState("".join(texts) + note, rights, ("public", "schema_migrations"), shared)


def function(body: str) -> str:
    """A function of plpgsql in a dump."""
    return (
        "--\n-- Name: f(); Type: FUNCTION; Schema: app; Owner: -\n--\n\n"
        f"CREATE FUNCTION app.f() RETURNS integer\n    LANGUAGE plpgsql\n    AS $${body}$$;\n\n\n"
    )


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
    before: SchemaState = field(default_factory=state)
    keeps_roles: bool = False
    url: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(user="owner"))

    def __post_init__(self) -> None:
        self.states: Iterator[SchemaState] = iter([state("c"), self.after_down, self.after_second_up])
        objects = iter(self.shared)
        pool = SimpleNamespace(shared_objects=lambda: next(objects), keeps_roles=self.keeps_roles)
        self.tools = SimpleNamespace(pool=pool)

    def apply_one(self, migration: ParsedMigration) -> SchemaState:
        assert migration.file.name == FILE
        return next(self.states)

    def undo(self, migration: ParsedMigration) -> DbmateError | SchemaState:
        return self.down_error or next(self.states)

    def try_one(self, migration: ParsedMigration) -> tuple[DbmateError | None, SchemaState | None]:
        return self.second_error, next(self.states) if self.is_applied_again else None


def run(fake: FakeDatabase, migration: ParsedMigration = MIGRATION) -> RoundTrip:
    return round_trip.run_round_trip(cast(ScratchDatabase, fake), migration, fake.before)


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
            FakeDatabase(after_down=state(shared=roles(writer="", owner="CREATEDB"))),
            "migrate:down does not undo migrate:up: it leaves the attribute CREATEDB of role owner;"
            " it does not bring back the attribute LOGIN of role writer",
        ),
        (
            FakeDatabase(after_second_up=state("c", shared=roles(writer="LOGIN"))),
            "applied again after migrate:down it makes another schema: there is no role owner",
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


LAYOUT = state(note=function("\nBEGIN -- one\n  RETURN 1;\nEND "))


@pytest.mark.parametrize(
    ("after_down", "is_layout", "named"),
    [
        (
            state(note=function(" BEGIN RETURN 1;\n END")),
            True,
            "function app.f() (white space and comments alone)",
        ),
        (state(note=function(" BEGIN RETURN 2; END")), False, "function app.f()"),
        (
            state(note=function(" BEGIN RETURN 1; END"), shared=roles(writer="LOGIN")),
            False,
            "role owner",
        ),
        (
            state(note=function(" BEGIN RETURN 1; END"), rights={"the owner of schema app": "x"}),
            False,
            "the owner of schema app",
        ),
    ],
)
def test_white_space_and_comments_alone_are_a_fault_that_is_none(
    after_down: SchemaState, is_layout: bool, named: str
) -> None:
    fault = run(FakeDatabase(before=LAYOUT, after_down=after_down)).fault
    assert fault is not None
    assert (fault.is_layout, fault.message.endswith(named)) == (is_layout, True), fault.message


def test_what_is_worse_than_layout_is_told_instead() -> None:
    after_down = state(note=function(" BEGIN RETURN 1; END"))
    fault = run(FakeDatabase(before=LAYOUT, after_down=after_down, after_second_up=state())).fault
    assert fault is not None
    assert (fault.is_layout, fault.message.endswith("there is no table app.c")) == (False, True)


@pytest.mark.parametrize(
    ("down", "is_fault"),
    [
        ("drop table app.c;", False),
        ("drop table app.c; revoke x from Writer;", True),
        ("drop table app.c; alter role current_user nologin;", False),
    ],
)
def test_on_somebody_elses_server_other_peoples_roles_are_no_fault(down: str, is_fault: bool) -> None:
    fake = FakeDatabase(after_down=state(shared=roles(writer="", owner="")), keeps_roles=True)
    trip = run(fake, parsed_migration(FILE, "create table app.c (id integer);", down))
    assert (trip.fault is not None) == is_fault


def test_on_somebody_elses_server_our_own_role_counts_where_it_is_meant() -> None:
    fake = FakeDatabase(after_down=state(shared=roles(writer="LOGIN", owner="LOGIN")), keeps_roles=True)
    up = "create table app.c (id integer); alter role current_user login;"
    fault = run(fake, parsed_migration(FILE, up, "drop table app.c;")).fault
    assert fault is not None
    assert fault.message.endswith("it leaves the attribute LOGIN of role owner")


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
    assert trip.after == state("c")


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
        (IF_MISSING, state(shared=roles(writer="LOGIN", owner="LOGIN")), "", True),
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
    assert (trip.fault, trip.spoilt, trip.after) == (None, False, state("c"))
