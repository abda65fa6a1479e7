"""unqualified-name: what needs a schema and has none, and above all what needs none."""

import pytest

from dbmate_wrap.policy.rules import unqualified_name
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def hits(sql: str) -> list[str]:
    """What is named, in order, as `kind name`."""
    found = unqualified_name.find(read_sql(sql).statements, TRANSACTION)
    return [hit.message.removesuffix(" is named without its schema") for hit in found]


NOTHING = [
    "create table app.a (id bigserial, b text, e int[], f _text, g \"char\", i numeric(10,2), j "
    "timestamptz, k xml)",
    "create table app.p1 partition of app.p for values from (1) to (2)",
    "create table app.c (like app.t including all, x int) inherits (app.base)",
    "create table app.g (a int, b int generated always as (a * 2::bigint) stored)",
    "create table app.t of app.kind",
    "create view app.v as with x as (select 1), y as (select * from x) select * from x join y using "
    "(id), app.t",
    "create view app.v as select * from generate_series(1, 2) g, unnest(array[1]) u, lateral (select g) l",
    "create view app.v as select * from json_to_recordset('[]') as r (a int, b text)",
    "create materialized view app.m as select * from app.t t join app.u u using (id) with no data",
    "refresh materialized view concurrently app.m",
    "create trigger t before update on app.t for each row execute function "
    "suppress_redundant_updates_trigger()",
    "create trigger t after insert on app.t referencing new table as fresh for each statement execute "
    "function app.f()",
    "create policy p on app.t using (exists (select from app.m where m.id = t.id))",
    "create rule r as on insert to app.t do also insert into app.log select new.*",
    "create rule r as on delete to app.t do also select * from old",
    "create publication p for table app.a, tables in schema app",
    "create statistics on a, b from app.t",
    "create sequence app.s as smallint owned by app.t.id",
    "alter sequence app.s owned by none",
    "alter table app.t alter id set default nextval('app.seq'), alter x set default "
    "nextval('app.seq'::regclass)",
    "select 'pg_class'::regclass, '123'::regclass, to_regclass('app.\"A b\"'), 'a b'::text",
    "create domain app.d as text check (value ~ 'x')",
    "create type app.r as range (subtype = float8, subtype_diff = float8mi)",
    "create aggregate app.a (int) (sfunc = int4pl, stype = int4)",
    "create operator app.=== (leftarg = app.t, rightarg = app.t, procedure = feq, commutator = ===)",
    "create index i on app.t using gin (x gin_trgm_ops) with (fastupdate = off)",
    "alter table app.t set (autovacuum_enabled = off, fillfactor = 70)",
    "alter table app.t add constraint u unique using index idx",
    "cluster app.t using i",
    "set constraints fk deferred",
    "grant select on all tables in schema app to x",
    "grant usage on schema app to x",
    "revoke execute on function pg_sleep(double precision) from public",
    "alter default privileges in schema app grant select on tables to x",
    "comment on column app.t.c is ''",
    "comment on constraint x on app.t is ''",
    "comment on extension e is ''",
    "comment on operator + (int, int) is ''",
    "drop schema app",
    "drop trigger x on app.t",
    "drop operator + (int, int)",
    "alter table app.t rename to u",
    "alter function app.f(int) set schema other",
    "alter role a rename to b",
    "update app.t as x set a = 1 from app.u as y where x.id = y.id",
    "delete from app.t x using app.u as y where x.id = y.id",
    "merge into app.t t using app.s s on t.id = s.id when matched then update set x = 1",
    "select * from app.t for update of t",
    "select * from pg_class, pg_stat_statements, information_schema.tables",
    "insert into app.t (a) values (1) on conflict (a) do update set a = excluded.a where t.x > 1",
    "with d as (delete from app.t returning *) insert into app.log select * from d",
    "create temp table tmp as select 1 as x; insert into tmp values (1); drop table tmp",
    "create schema app create table t (id int, s status) create view v as select * from t create index "
    "on t (id)",
    "create schema authorization app create table t (id int)",
    "import foreign schema remote limit to (a, b) from server s into app",
    "create extension citext; create server s foreign data wrapper w; create role r; create publication p",
    "create function app.f(a int, variadic d text[]) returns setof record language sql as 'select * "
    "from foo'",
    "create function app.f(a app.t.id%type) returns trigger language plpgsql as 'begin insert into foo "
    "values (1); end'",
    "do $$ declare r record; n int; begin select count(*) into n from app.t; foreach n in array x loop "
    "end loop; end $$",
    "do $$ begin create temp table tt (a int); insert into tt values (1); end $$",
    "do $$ begin execute format('alter table %I add x int', tbl); execute 'drop table ' || tbl; end $$",
    "do $$ begin null; exception when sqlstate '0A000' or undefined_table then null; end $$",
    "do $$ begin perform f(1); n := g(2) + m; raise notice '%', t; end $$",
]  # fmt: skip


@pytest.mark.parametrize("sql", NOTHING)
def test_what_has_its_schema_or_needs_none_is_no_hit(sql: str) -> None:
    reading = read_sql(sql)
    assert not reading.unreadable
    assert hits(sql) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create table a (c status, d public.citext, e citext)", ["table a", "type status", "type citext"]),
        ("create table app.a (b int references other (id))", ["relation other"]),
        ("create table p1 partition of p default", ["table p1", "relation p"]),
        ("create table app.c (like t) inherits (base)", ["relation t", "relation base"]),
        ("create table app.t of kind", ["type kind"]),
        ("create table app.g (c text default 'x'::mytype)", ["type mytype"]),
        ("create view v as select * from w join w using (id)", ["view v", "relation w"]),
        ("with x as (select 1) insert into x select * from x", ["relation x"]),
        ("create view app.v as with x as (select * from z) select * from x", ["relation z"]),
        ("refresh materialized view m", ["relation m"]),
        ("create trigger t before update on app.t for each row execute function f()", ["function f"]),
        ("create event trigger t on ddl_command_end execute function f()", ["function f"]),
        ("alter policy p on t to x", ["relation t"]),
        ("create policy p on app.t using (exists (select from m))", ["relation m"]),
        ("create rule r as on insert to t do also insert into app.log select * from old", ["relation t"]),
        ("create publication p for table app.a, b", ["relation b"]),
        ("create statistics s on a, b from app.t", ["statistics s"]),
        ("create sequence s owned by t.id", ["table t", "sequence s"]),
        ("alter table app.t alter id set default nextval('seq')", ["sequence seq"]),
        ("select 'foo'::regclass, to_regclass('\"A b\"')", ["relation A b", "relation foo"]),
        ("create domain d as d2", ["domain d", "type d2"]),
        ("alter domain d add not null", ["domain d"]),
        ("comment on constraint c on domain d is ''", ["type d"]),
        ("create type e as enum ('a')", ["type e"]),
        ("alter type e add value 'x'", ["type e"]),
        ("create type c as (a int, b e)", ["type c", "type e"]),
        ("alter type c add attribute z text", ["type c"]),
        ("drop type if exists e, app.f", ["type e"]),
        ("create function f() returns trigger language plpgsql as ''", ["function f"]),
        ("create function app.f(a s) returns t.id%type language sql as ''", ["type s", "relation t"]),
        ("create function app.f() returns int begin atomic; select * from foo; end", ["relation foo"]),
        ("create procedure p() language sql as ''", ["procedure p"]),
        ("create aggregate a (int) (sfunc = f, stype = mystate)", ["aggregate a", "type mystate"]),
        ("create cast (app.a as text) with function f(app.a)", ["function f"]),
        ("grant select on app.t, u to x", ["relation u"]),
        ("grant usage on type t to x", ["type t"]),
        ("grant execute on function f(int), app.g to x", ["function f"]),
        ("comment on column t.c is ''", ["relation t"]),
        ("comment on index i is ''", ["index i"]),
        ("comment on trigger x on t is ''", ["relation t"]),
        ("comment on collation c is ''", ["collation c"]),
        ("alter table t rename to u", ["table t"]),
        ("alter index i rename to j", ["index i"]),
        ("alter index app.i attach partition j", ["index j"]),
        ("alter view v set schema app", ["view v"]),
        ("alter function f() rename to g", ["function f"]),
        ("alter type ty rename to tz", ["type ty"]),
        ("reindex index i", ["index i"]),
        ("drop table a, app.b, c", ["table a", "table c"]),
        ("drop index concurrently i", ["index i"]),
        ("drop function f(int), app.g(status)", ["function f", "type status"]),
        ("drop trigger x on t", ["relation t"]),
        ("drop materialized view m", ["view m"]),
        ("merge into app.t using s on true when matched then delete", ["relation s"]),
        ("update t set a = 1 from u as x", ["relation t", "relation u"]),
        ("lock table t", ["relation t"]),
        ("copy t from stdin", ["relation t"]),
        ("insert into tmp values (1); create temp table tmp (a int)", ["relation tmp"]),
        ("do $$ begin perform 1 from t; drop table u; end $$", ["relation t", "table u"]),
        ("do $$ begin execute 'drop table t'; end $$", ["table t"]),
    ],
)  # fmt: skip
def test_what_has_no_schema_is_named(sql: str, expected: list[str]) -> None:
    assert hits(sql) == expected


def test_one_hit_per_name_and_statement() -> None:
    assert hits("select * from t a, t b; select * from t") == ["relation t", "relation t"]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("/* t */ drop table app.t,\n  t", "t"),
        ("-- é\nselect 'é', x.* from app.y, x", "x"),
        ("comment on table zü is 'x'", "zü"),
        ("do $$ begin\n  drop table app.a, b;\nend $$", "b"),
        ("do 'begin perform ''x''; drop table b; end'", "b"),
    ],
)
def test_the_hit_is_where_the_name_is(sql: str, word: str) -> None:
    (hit,) = unqualified_name.find(read_sql(sql).statements, TRANSACTION)
    assert sql[hit.offset :].startswith(word)
    assert sql[: hit.offset].endswith((" ", "\n"))


def test_the_hint_says_how_to_write_it() -> None:
    (hit,) = unqualified_name.find(read_sql("drop table orders").statements, TRANSACTION)
    assert (hit.rule, hit.hint) == ("unqualified-name", "write it with its schema, as in public.orders")
