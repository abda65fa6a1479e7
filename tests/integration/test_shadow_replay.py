"""A history is replayed on real servers: what migrate:down leaves is named, and nothing is run twice."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import pytest
from psycopg import sql

from dbmate_wrap.dbmate.client import Dbmate, RunEvents, ServerOptions
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.postgres import schema
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import connect
from dbmate_wrap.redact import NOTHING
from dbmate_wrap.shadow import replay as replays
from dbmate_wrap.shadow.cache import ReplayCache
from dbmate_wrap.shadow.due_round_trips import round_trips_due
from dbmate_wrap.shadow.replay import ReplayResult
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools, compare_reloaded, reload_dump
from tests.support.cases import migration_file
from tests.support.projects import migration
from tests.support.servers import Server

pytestmark = pytest.mark.integration

TABLE = "schema_migrations"


@dataclass
class FakeHandle:
    """A database; `save_template` makes it a template."""

    pool: "FakePool"
    name: str
    url: DatabaseUrl
    saved: bool = False

    def save_template(self, key: str) -> bool:
        self.pool.templates[key] = self.name
        self.saved = True
        return True


@dataclass
class FakePool:
    """Templates by their keys on a server of the tests."""

    server: Server
    templates: dict[str, str] = field(default_factory=dict)
    made: list[str | None] = field(default_factory=list)
    origin: str = "the tests' PostgreSQL"
    keeps_roles: bool = False

    @property
    def url(self) -> DatabaseUrl:
        return parse(self.server.url(), os_user="")

    @property
    def major(self) -> int:
        return self.server.major

    def longest_cached_prefix(self, keys: Sequence[str]) -> int:
        return max((length for length, key in enumerate(keys, 1) if key in self.templates), default=0)

    def shared_objects(self) -> frozenset[str]:
        return frozenset()

    @contextmanager
    def scratch(self, key: str | None) -> Iterator[FakeHandle]:
        name = f"s_{uuid.uuid4().hex[:12]}"
        self.made.append(key)
        template = self.templates[key] if key is not None else "template0"
        self.run("create database {} template {} strategy file_copy", name, template)
        handle = FakeHandle(self, name, replace(self.url, database=name))
        try:
            yield handle
        finally:
            if not handle.saved:
                self.run("drop database {} with (force)", name)

    def run(self, statement: str, *names: str) -> None:
        with self.server.connect() as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@dataclass
class Replayer:
    """Replays histories, given as names and texts, on one server with one cache."""

    pool: FakePool
    dbmate: Path
    cache: ReplayCache
    started: list[str] = field(default_factory=list)
    dumped: list[str] = field(default_factory=list)

    @property
    def tools(self) -> ReplayTools:
        """The tools of a replay; they note the files that dbmate starts, and the dumped databases."""
        program = PgDump(self.pool.server.bin_dir / "pg_dump", self.pool.major)

        def dump(url: DatabaseUrl, should_stop: Callable[[], bool]) -> str:
            self.dumped.append(url.database)
            return schema.dump_schema(program, url, NOTHING)

        return ReplayTools(
            pool=self.pool,  # type: ignore[arg-type]
            dbmate=lambda url: Dbmate(self.dbmate, url, TABLE, ServerOptions("tests"), NOTHING),
            connect=lambda url: connect(url, application_name="tests", timeout=10),
            dump=dump,
            events=RunEvents(self.started.append, lambda name, seconds: None, lambda: False),
            cache=self.cache,
            migrations_table=TABLE,
            rewritten={},
        )

    def replay(self, history: Mapping[str, str], new: Sequence[str] = ()) -> ReplayResult:
        """Replay it; `started` and `dumped` are of this replay alone."""
        self.started.clear()
        self.dumped.clear()
        migrations = [parsed(name, text) for name, text in history.items()]
        keys = keys_of(migrations)
        due = round_trips_due(migrations, keys, frozenset(new), self.cache.passed_round_trips())
        plan = replays.plan_replay(migrations, keys, due, self.pool.longest_cached_prefix)
        return replays.run_replay(self.tools, plan)

    def faults(self, history: Mapping[str, str], new: Sequence[str]) -> list[tuple[str, int, str]]:
        """The faults of round trips: file, line, message."""
        return [(fault.file, fault.line, fault.message) for fault in self.replay(history, new).faults]


def parsed(name: str, text: str) -> ParsedMigration:
    """A migration that can be read."""
    found = parse_migration(migration_file(name, text), text)
    assert isinstance(found, ParsedMigration)
    return found


def keys_of(migrations: Sequence[ParsedMigration]) -> tuple[str, ...]:
    """A key for every prefix."""
    digest, keys = sha256(), []
    for each in migrations:
        digest.update(each.file.name.encode() + each.file.content)
        keys.append(digest.hexdigest())
    return tuple(keys)


@contextmanager
def replayer_on(server: Server, dbmate: Path, folder: Path) -> Iterator[Replayer]:
    """A replayer whose databases are dropped afterwards."""
    pool = FakePool(server)
    yield Replayer(pool, dbmate, ReplayCache(folder, "stamp"))
    for name in pool.templates.values():
        pool.run("drop database if exists {} with (force)", name)


@pytest.fixture
def replayer(server: Server, dbmate: Path, tmp_path: Path) -> Iterator[Replayer]:
    """On both majors."""
    with replayer_on(server, dbmate, tmp_path) as made:
        yield made


@pytest.fixture
def embedded_replayer(embedded: Server, dbmate: Path, tmp_path: Path) -> Iterator[Replayer]:
    """On the wheel's server alone, for what no major changes."""
    with replayer_on(embedded, dbmate, tmp_path) as made:
        yield made


BASE = {
    "001_init.sql": migration("create schema app; create table app.orders (id int primary key, note text);"),
    "002_b.sql": migration("create table app.customer (id int);", "drop table app.customer;"),
}


def upon(up: str, down: str, *, options: str = "") -> dict[str, str]:
    """The base and one new migration."""
    return {**BASE, "003_c.sql": migration(up, down, options=options)}


NEW = ["003_c.sql"]


@pytest.mark.both_majors
def test_a_migrate_down_that_undoes_everything_is_fine(replayer: Replayer) -> None:
    up = "create table app.c (id bigserial primary key, kind text check (kind in ('a', 'b')));"
    up += " create index on app.orders (note); alter table app.orders add price int default 1;"
    down = "alter table app.orders drop price; drop index app.orders_note_idx; drop table app.c;"
    assert replayer.faults(upon(up, down), NEW) == []
    assert replayer.started == ["001_init.sql", "002_b.sql", *NEW, *NEW, *NEW]


@pytest.mark.both_majors
@pytest.mark.parametrize(
    ("up", "down", "message"),
    [
        (
            "create table app.c (id serial primary key); create index c_i on app.c (id);",
            "select 1;",
            "it leaves table app.c",
        ),
        ("alter table app.orders add price int;", "select 1;", "it leaves column app.orders.price"),
        ("alter table app.orders drop note;", "select 1;", "it does not bring back column app.orders.note"),
        (
            "alter table app.orders alter note set not null;",
            "select 1;",
            "it does not restore column app.orders.note",
        ),
        (
            "create index orders_note on app.orders (note); create view app.v as select id from app.orders;",
            "drop view app.v;",
            "it leaves index app.orders_note",
        ),
        (
            "alter table app.orders add constraint positive check (id > 0);",
            "select 1;",
            "it leaves constraint positive of app.orders",
        ),
        ("drop table app.customer;", "select 1;", "it does not bring back table app.customer"),
        (
            "create function app.f() returns int language sql as 'select 1';",
            "create or replace function app.f() returns int language sql as 'select 2';",
            "it leaves function app.f()",
        ),
        ("comment on table app.orders is 'x';", "select 1;", "it leaves comment on table app.orders"),
    ],
)
def test_what_a_migrate_down_leaves_or_does_not_bring_back_is_named(
    replayer: Replayer, up: str, down: str, message: str
) -> None:
    [(file, line, found)] = replayer.faults(upon(up, down), NEW)
    assert (file, line) == ("003_c.sql", 4)
    assert found == f"migrate:down does not undo migrate:up: {message}"


@pytest.mark.both_majors
@pytest.mark.parametrize(
    ("up", "down", "rest", "what"),
    [
        (
            "grant select on app.orders to pg_monitor;",
            "revoke select on app.orders from pg_monitor;",
            "grant insert on app.orders to pg_monitor;",
            "the privileges of table app.orders",
        ),
        (
            "grant select (note) on app.orders to pg_monitor;",
            "revoke select (note) on app.orders from pg_monitor;",
            "select 1;",
            "the privileges of table column app.orders.note",
        ),
        (
            "alter default privileges in schema app grant select on tables to pg_monitor;",
            "alter default privileges in schema app revoke select on tables from pg_monitor;",
            "select 1;",
            "the default privileges for role postgres in schema app on tables",
        ),
        (
            "do $$ begin execute format('alter database %I set jit to off', current_database()); end $$;",
            "do $$ begin execute format('alter database %I reset jit', current_database()); end $$;",
            "select 1;",
            "the setting jit of the database",
        ),
    ],
)
def test_privileges_and_settings_of_the_database_are_undone_too(
    replayer: Replayer, up: str, down: str, rest: str, what: str
) -> None:
    assert replayer.faults(upon(up, down), NEW) == []
    [(_, _, message)] = replayer.faults(upon(up, rest), NEW)
    assert message == f"migrate:down does not undo migrate:up: it does not restore {what}"


@pytest.mark.both_majors
@pytest.mark.parametrize(
    ("body", "is_layout"),
    [
        ("begin\n  return 1; -- one\nend", True),
        ("begin return 2; end", False),
    ],
)
def test_a_function_that_comes_back_with_another_layout_is_told_as_that(
    replayer: Replayer, body: str, is_layout: bool
) -> None:
    head = "create or replace function app.f() returns int language plpgsql as"
    history = {**BASE, "002_b.sql": migration(f"{head} $$begin return 1; end$$;")}
    history["003_c.sql"] = migration(f"{head} $$begin return 3; end$$;", f"{head} $${body}$$;")
    [fault] = replayer.replay(history, NEW).faults
    assert fault.is_layout == is_layout
    assert "it does not restore function app.f()" in fault.message


@pytest.fixture
def roles(replayer: Replayer) -> Iterator[None]:
    """Two roles, which are there before any migration."""
    replayer.pool.server.execute("create role old_4712")
    replayer.pool.server.execute("create role group_4712")
    yield
    for name in replayer.pool.templates.values():
        replayer.pool.run("drop database {} with (force)", name)
    replayer.pool.templates.clear()
    for name in ("old_4712", "group_4712"):
        replayer.pool.server.execute(f"drop role if exists {name}")


@pytest.mark.both_majors
@pytest.mark.parametrize(
    ("up", "down", "message"),
    [
        (
            "alter role old_4712 createdb;",
            "alter role old_4712 nocreatedb;",
            "it leaves the attribute CREATEDB of role old_4712",
        ),
        (
            "grant group_4712 to old_4712;",
            "revoke group_4712 from old_4712;",
            "it leaves the membership of role old_4712 in group_4712",
        ),
        (
            "alter role old_4712 set statement_timeout = '5s';",
            "alter role old_4712 reset statement_timeout;",
            "it leaves the setting statement_timeout of role old_4712",
        ),
        (
            "alter role all set work_mem = '5MB';",
            "alter role all reset work_mem;",
            "it leaves the setting work_mem of all roles",
        ),
    ],
)
@pytest.mark.usefixtures("roles")
def test_what_is_left_of_roles_is_named(replayer: Replayer, up: str, down: str, message: str) -> None:
    try:
        [(_, _, told)] = replayer.faults(upon(up, "select 1;"), NEW)
        assert told == f"migrate:down does not undo migrate:up: {message}"
        # The server keeps it.
        replayer.pool.server.execute(down)
        assert replayer.faults(upon(up, down), NEW) == []
    finally:
        replayer.pool.server.execute("alter role all reset all")


@pytest.mark.both_majors
def test_the_version_of_an_extension_is_restored_too(replayer: Replayer) -> None:
    history = {**BASE, "002_b.sql": migration("create extension hstore version '1.4';")}
    history["003_c.sql"] = migration("alter extension hstore update;", "select 1;")
    [(_, _, message)] = replayer.faults(history, NEW)
    assert message.endswith("it does not restore the version of extension hstore")
    again = "drop extension hstore; create extension hstore version '1.4';"
    history["003_c.sql"] = migration("alter extension hstore update;", again)
    assert replayer.faults(history, NEW) == []


@pytest.mark.both_majors
def test_owners_are_brought_back_too(replayer: Replayer) -> None:
    replayer.pool.server.execute("create role owner_4711")
    try:
        up = "alter table app.orders owner to owner_4711;"
        assert replayer.faults(upon(up, "alter table app.orders owner to postgres;"), NEW) == []
        [(_, _, message)] = replayer.faults(upon(up, "select 1;"), NEW)
        assert message.endswith("it does not restore the owner of table app.orders")
    finally:
        for name in replayer.pool.templates.values():
            replayer.pool.run("drop database {} with (force)", name)
        replayer.pool.templates.clear()
        replayer.pool.server.execute("drop role owner_4711")


@pytest.mark.both_majors
def test_the_name_of_a_not_null_that_nobody_chose_is_no_part_of_the_schema(replayer: Replayer) -> None:
    up = "alter table app.orders rename id to number; alter table app.orders add extra int not null;"
    down = "alter table app.orders drop extra; alter table app.orders rename number to id;"
    assert replayer.faults(upon(up, down), NEW) == []
    history = upon("alter table app.orders alter note set not null;", "select 1;")
    history["004_d.sql"] = migration(
        "alter table app.orders rename note to memo; alter table app.orders alter memo drop not null;",
        "alter table app.orders alter memo set not null; alter table app.orders rename memo to note;",
    )
    assert replayer.faults(history, ["004_d.sql"]) == []


def test_a_migrate_down_that_fails_is_reported_with_the_servers_words_and_its_line(
    replayer: Replayer,
) -> None:
    history = upon("create table app.c (id int);", "select 1;\ndrop table app.missing;")
    [(file, line, message)] = replayer.faults(history, NEW)
    assert (file, line) == ("003_c.sql", 6)  # The server tells no position for this error.
    assert message == 'migrate:down fails: table "missing" does not exist (42P01)'
    history = upon("create table app.c (id int);", "select 1;\nselect missing;")
    [(_, line, message)] = replayer.faults(history, NEW)
    assert line == 6
    assert message == 'migrate:down fails: column "missing" does not exist (42703)'


def test_a_migration_that_cannot_be_applied_again_is_reported(replayer: Replayer) -> None:
    # What is left behind is no part of the schema: rows.
    up = "insert into app.orders (id) values (1);"
    [(_, line, message)] = replayer.faults(upon(up, "select 1;"), NEW)
    assert line == 4
    assert message.startswith("after migrate:down it cannot be applied again: duplicate key value violates")


@pytest.mark.both_majors
def test_a_column_that_comes_back_as_the_last_one_is_fine(replayer: Replayer) -> None:
    history = upon(
        "alter table app.orders drop id;", "alter table app.orders add id int not null primary key;"
    )
    assert replayer.faults(history, NEW) == []


@pytest.mark.both_majors
def test_a_check_that_postgresql_writes_in_other_words_is_fine(replayer: Replayer) -> None:
    """pg_dump's own text of the constraint, as somebody pastes it into migrate:down."""
    first = "alter table app.orders add kind varchar(9) constraint k check (kind in ('a', 'b'));"
    pasted = (
        "alter table app.orders add constraint k check"
        " (((kind)::text = any ((array['a'::character varying, 'b'::character varying])::text[])));"
    )
    history = {**BASE, "003_c.sql": migration(first)}
    history["004_d.sql"] = migration("alter table app.orders drop constraint k;", pasted)
    assert replayer.faults(history, ["004_d.sql"]) == []


def test_the_first_migration_of_all_may_have_a_migrate_down(replayer: Replayer) -> None:
    history = {"001_a.sql": migration("create table a (id int);", "drop table a;")}
    assert replayer.faults(history, ["001_a.sql"]) == []
    assert replayer.started == ["001_a.sql"] * 3


def test_an_edited_first_migration_is_not_taken_for_the_one_before(embedded_replayer: Replayer) -> None:
    assert embedded_replayer.faults({"001_a.sql": migration("create table a ();", "drop table a;")}, ()) == []
    history = {"001_a.sql": migration("create table a ();", "select 1;")}
    [(_, _, message)] = embedded_replayer.faults(history, ["001_a.sql"])
    assert message.endswith("it leaves table public.a")


def test_of_several_new_migrations_each_is_tested_upon_those_before(replayer: Replayer) -> None:
    history = {
        **upon("create table app.c (id int);", "drop table app.c;"),
        "004_d.sql": migration("alter table app.c add d int;", "select 1;"),
        "005_e.sql": migration("alter table app.c add e int;", "alter table app.c drop d;"),
        "006_f.sql": migration("alter table app.c add f int;", "alter table app.c drop f;"),
    }
    faults = replayer.faults(history, list(history)[2:])
    assert [(file, message.split(": ")[1]) for file, _, message in faults] == [
        ("004_d.sql", "it leaves column app.c.d"),
        ("005_e.sql", "it leaves column app.c.e; it does not bring back column app.c.d"),
    ]


def test_rows_that_a_round_trip_has_doubled_do_not_stop_what_follows(replayer: Replayer) -> None:
    history = {
        **upon("insert into app.customer values (1);", "select 1;"),
        "004_d.sql": migration(
            "create unique index on app.customer (id);", "drop index app.customer_id_idx;"
        ),
    }
    assert replayer.faults(history, ["003_c.sql", "004_d.sql"]) == []
    template = replayer.pool.templates[keys_of([parsed(*item) for item in history.items()])[-1]]
    assert replayer.pool.server.execute("select id from app.customer", template) == [(1,)]


def test_a_new_migration_alone_is_run_once_its_history_is_cached(replayer: Replayer) -> None:
    replayer.replay(BASE)
    assert replayer.started == ["001_init.sql", "002_b.sql"]
    replayer.replay(upon("create table app.c (id int);", "drop table app.c;"), NEW)
    assert replayer.started == NEW * 3
    assert len(replayer.dumped) == 3, "the schema before it was known"


def test_what_was_checked_whole_is_not_run_again(replayer: Replayer) -> None:
    history = upon("create table app.c (id int);", "drop table app.c;")
    first = replayer.replay(history, NEW)
    made = len(replayer.pool.made)
    assert replayer.replay(history, NEW) == first
    assert (replayer.started, replayer.dumped, len(replayer.pool.made)) == ([], [], made)


def test_what_was_only_applied_is_not_taken_for_checked(replayer: Replayer) -> None:
    history = upon("create table app.c (id int);", "select 1;")
    assert replayer.faults(history, []) == []
    assert len(replayer.faults(history, NEW)) == 1
    assert len(replayer.faults(history, NEW)) == 1, "reported again every time"


def test_a_migration_that_fails_stops_the_replay_with_its_place(replayer: Replayer) -> None:
    history = upon("create table app.c (id int);\nselect missing;", "drop table app.c;")
    with pytest.raises(MigrationFailed) as caught:
        replayer.replay(history, NEW)
    assert caught.value.migration.file.name == "003_c.sql"
    failure = caught.value.failure
    assert failure is not None
    assert (failure.line, failure.sqlstate) == (3, "42703")
    replayer.pool.made.clear()
    with pytest.raises(MigrationFailed):
        replayer.replay(history, NEW)
    assert replayer.started == NEW, "what is before it was kept"


@pytest.mark.both_majors
@pytest.mark.parametrize(
    ("up", "place"),
    [
        ("create table app.c (id int);\n  alter table app.missing add x int;", (3, 3)),
        ("alter table app.missing add x int;", (2, 1)),
        ("create table app.c (id int);\ncreate table app.c (id int);\nselect 1;", (3, 1)),
    ],
)
def test_the_statement_that_fails_is_found_where_the_server_tells_no_place(
    replayer: Replayer, up: str, place: tuple[int, int]
) -> None:
    with pytest.raises(MigrationFailed) as caught:
        replayer.replay(upon(up, ""), NEW)
    failure = caught.value.failure
    assert failure is not None
    assert (failure.line, failure.column) == place


def test_a_migration_that_dbmate_ends_well_with_and_does_not_record_is_reported(replayer: Replayer) -> None:
    history = {**BASE, "003_c.sql": migration("select 1;"), "004_d.sql": migration("select 1;")}
    history["003_c.sql"] = migration(f"create rule r as on insert to {TABLE} do instead nothing;")
    with pytest.raises(MigrationFailed) as caught:
        replayer.replay(history)
    assert caught.value.failure is None


def test_session_state_of_one_migration_does_not_reach_the_next(replayer: Replayer) -> None:
    history = {
        "001_init.sql": migration("select pg_catalog.set_config('search_path', '', false);"),
        "002_b.sql": migration("create table b (id int);", "drop table b;"),
    }
    assert replayer.faults(history, ["002_b.sql"]) == []


def test_a_migration_outside_a_transaction_goes_up_and_down(replayer: Replayer) -> None:
    history = upon(
        "create index concurrently i on app.orders (note);", "drop index app.i;", options="transaction:false"
    )
    assert replayer.faults(history, NEW) == []


def test_the_picture_is_that_of_the_last_migration(replayer: Replayer) -> None:
    history = upon("create table app.c (id int);", "select 1;")
    for new in (NEW, []):
        seen = replayer.replay(history, new).dump
        assert seen is not None
        assert "CREATE TABLE app.c (" in seen.schema
        assert seen.history.endswith("('001'),\n    ('002'),\n    ('003');\n")


@pytest.mark.both_majors
def test_no_scratch_database_is_left(replayer: Replayer) -> None:
    with pytest.raises(MigrationFailed):
        replayer.replay(upon("select missing;", ""), NEW)
    replayer.replay(upon("create table app.c ();", "select 1;"), NEW)
    names = {str(name) for (name,) in replayer.pool.server.execute("select datname from pg_database")}
    assert {name for name in names if name.startswith("s_")} == set(replayer.pool.templates.values())


@pytest.mark.both_majors
def test_a_dump_that_is_loaded_and_dumped_is_the_same_schema(replayer: Replayer) -> None:
    kinds = "create table app.k (v varchar(9) check (v in ('a', 'b')));"
    dump = replayer.replay({**BASE, "003_c.sql": migration(kinds)}).dump
    assert dump is not None
    again = reload_dump(replayer.tools, dump.schema)
    assert again.schema != dump.schema, "PostgreSQL has other words for the check now"
    assert not compare_reloaded(replayer.tools, dump.schema, again.schema)
