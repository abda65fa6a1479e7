"""What the catalogs tell of a change: each kind is named, and its statement brings the former state back."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from dbmate_wrap.domain.leftovers import DatabaseObject, Leftovers, diff_inventories
from dbmate_wrap.postgres.catalog import inventory, read_server
from dbmate_wrap.postgres.session import Session
from tests.support.servers import Database
from tests.support.sessions import open_session

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

GROUND = """
create schema shop;
create table shop.t (id bigint, n text default 'x', at date);
create table shop.p (id int, at date) partition by range (at);
create table shop.p1 (id int, at date);
create type shop.pair as (a int, b int);
create type shop.mood as enum ('good');
create domain shop.amount as int;
create function shop.f() returns trigger language plpgsql as 'begin return new; end';
create view shop.v as select id from shop.t;
create index ti on shop.t (id);
create table public.schema_migrations (version varchar primary key);
"""
MADE = [
    ("create table shop.new (id serial primary key, n text check (n <> ''))", "table shop.new"),
    ("alter table shop.t add column note text", "column shop.t.note"),
    ("alter table shop.t add constraint positive check (id > 0) not valid", "constraint positive on shop.t"),
    ("alter table shop.t add constraint one unique (id)", "constraint one on shop.t"),
    ('alter table shop.t add constraint "a on b" unique (n)', 'constraint "a on b" on shop.t'),
    ("alter domain shop.amount add constraint low check (value > 0)", "constraint low on shop.amount"),
    ("create type shop.new as (a int)", "type shop.new"),
    ("create type shop.new as enum ('a')", "type shop.new"),
    ("create type shop.new as range (subtype = int)", "type shop.new"),
    ("create domain shop.new as text", "type shop.new"),
    ("alter type shop.pair add attribute c int", "attribute shop.pair.c"),
    ("create policy own on shop.t using (true)", "policy own on shop.t"),
    (
        "create trigger tr before insert on shop.t for each row execute function shop.f()",
        "trigger tr on shop.t",
    ),
    ("create rule r as on insert to shop.t do also nothing", "rule r on shop.t"),
    ("create statistics shop.st on id, n from shop.t", "statistics shop.st"),
    ("create publication pub for table shop.t", "publication pub"),
    ("create sequence shop.s", "sequence shop.s"),
    ("create view shop.w as select 1", "view shop.w"),
    ("create materialized view shop.m as select 1", "materialized view shop.m"),
    ("create procedure shop.pr(a int) language sql as 'select 1'", "procedure shop.pr(integer)"),
    ("create aggregate shop.ag(int) (sfunc = int4pl, stype = int)", "aggregate shop.ag(integer)"),
    ('create collation shop.c from "C"', "collation shop.c"),
    ("create cast (shop.pair as text) with inout", "cast (shop.pair AS pg_catalog.text)"),
    ("create operator shop.+ (leftarg = date, rightarg = date, procedure = date_eq)", "operator shop.+"),
    ("create text search configuration shop.tsc (copy = english)", "text search configuration shop.tsc"),
    ("create foreign data wrapper fdw", "foreign data wrapper fdw"),
    ("create access method am2 type index handler bthandler", "access method am2"),
    ("select lo_create(4711)", "large object 4711"),
    ("create schema more", "schema more"),
]
CHANGED = [
    ("alter table shop.t alter column id set not null", "column shop.t.id"),
    ("alter table shop.t alter column n set default 'y'", "column shop.t.n"),
    ("alter table shop.t alter column n type varchar(9)", "column shop.t.n"),
    ("alter table shop.t alter column n set statistics 500", "column shop.t.n"),
    ("revoke usage on language plpgsql from public", "language plpgsql"),
    ("alter table shop.t enable row level security", "table shop.t"),
    ("grant select on shop.t to public", "table shop.t"),
    ("grant select (n) on shop.t to public", "column shop.t.n"),
    ("grant usage on schema shop to public", "schema shop"),
    ("alter table shop.t replica identity full", "table shop.t"),
    ("alter table shop.t set (fillfactor = 50)", "table shop.t"),
    ("create or replace view shop.v as select id + 0 as id from shop.t", "view shop.v"),
    (
        "create or replace function shop.f() returns trigger language plpgsql as 'begin return old; end'",
        "function shop.f()",
    ),
    ("alter table shop.p attach partition shop.p1 default", "table shop.p1"),
    ("alter domain shop.amount set default 1", "type shop.amount"),
]
GONE = [
    ("drop index shop.ti", "index shop.ti"),
    ("alter table shop.t drop column at", "column shop.t.at"),
    ("drop table shop.p1", "table shop.p1"),
    ("alter type shop.mood rename value 'good' to 'fine'", "value 'good' of type shop.mood"),
]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session on a database with the ground."""
    database.execute(GROUND)
    with open_session(database) as opened:
        yield opened


def look(session: Session) -> tuple[DatabaseObject, ...]:
    """The inventory now."""
    return inventory(session, read_server(session, "schema_migrations"))


def compare(session: Session, *statements: str) -> Leftovers:
    """What these statements change; nothing of it stays."""
    before = look(session)
    with undone(session):
        for statement in statements:
            session.rows(statement)
        return diff_inventories(before, look(session))


@contextmanager
def undone(session: Session) -> Iterator[None]:
    """Nothing of what is done here stays."""
    session.rows("begin")
    yield
    session.rows("rollback")


def test_what_was_made_is_named_alone_and_its_statement_undoes_it(session: Session) -> None:
    before = look(session)
    for statement, name in MADE:
        with undone(session):
            session.rows(statement)
            left = diff_inventories(before, look(session))
            assert [each.name.split("(pg_catalog.date")[0] for each in left.objects] == [name], statement
            assert (left.changed, left.gone) == ((), ()), statement
            for each in left.objects:
                session.rows(str(each.drop))
            assert not diff_inventories(before, look(session)), statement


def test_what_was_changed_is_named(session: Session) -> None:
    for statement, name in CHANGED:
        assert name in compare(session, statement).changed, statement


def test_what_is_gone_is_named_alone(session: Session) -> None:
    for statement, name in GONE:
        assert compare(session, statement).gone == (name,), statement


def test_a_new_value_of_a_type_is_named_although_nothing_removes_it(session: Session) -> None:
    left = compare(session, "alter type shop.mood add value 'bad'")
    assert left.sentence() == "left behind: value 'bad' of type shop.mood"


def test_what_is_added_to_a_publication_is_named_alone(session: Session) -> None:
    session.rows("create publication pub for table shop.t")
    [each] = compare(session, "alter publication pub add table shop.p1").objects
    assert each.drop == "alter publication pub drop table shop.p1"


def test_settings_of_the_database_are_seen(database: Database, session: Session) -> None:
    left = compare(session, f"alter database {database.name} set work_mem = '5MB'")
    assert left.sentence() == "left behind: settings of role ALL"


def test_a_detach_that_was_cut_off_is_named_with_the_statement_that_ends_it(
    database: Database, session: Session
) -> None:
    session.rows("alter table shop.p attach partition shop.p1 default")
    session.rows("create table shop.p2 partition of shop.p for values from ('2020-01-01') to ('2021-01-01')")
    session.rows("alter table shop.p detach partition shop.p1")
    before = look(session)
    with database.connect() as reader, database.connect() as cut_off:
        reader.execute("begin; select from shop.p")
        cut_off.execute("set lock_timeout = '300ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            cut_off.execute("alter table shop.p detach partition shop.p2 concurrently")
    # Its first step has made a constraint, too.
    left = diff_inventories(before, look(session)).objects
    [each] = [each for each in left if each.name.startswith("pending")]
    assert each.name == "pending detach of partition shop.p2 of shop.p"
    session.rows(str(each.drop))
    assert not [one for one in look(session) if "pending" in one.name]


def test_owner_and_grants_of_the_database_are_seen(database: Database, session: Session) -> None:
    for statement in ("grant create on database {} to public", "alter database {} owner to pg_monitor"):
        left = compare(session, statement.format(database.name))
        assert left.sentence() == f"changed: database {database.name}"


def test_a_grant_on_a_parameter_is_seen(session: Session) -> None:
    if session.server_version_num < 150000:
        pytest.skip("parameters have no grants before 15")
    left = compare(session, "create role reader", "grant set on parameter log_statement to reader")
    assert "grants on parameters to reader" in {each.name for each in left.objects}


def test_rows_comments_and_statistics_are_no_difference(session: Session) -> None:
    assert not compare(
        session,
        "insert into shop.t values (1)",
        "comment on table shop.t is 'x'",
        "analyze shop.t",
        "insert into public.schema_migrations values ('001')",
        "create index on shop.t (n)",
        "drop index shop.t_n_idx",
    )


def test_members_of_an_extension_are_not_named(session: Session) -> None:
    left = compare(session, "create schema e", "create extension citext schema e")
    assert [each.name for each in left.objects] == ["extension citext", "schema e"]
