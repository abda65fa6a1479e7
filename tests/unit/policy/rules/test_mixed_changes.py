"""mixed-changes: what belongs together by what the migration itself does, and what does not."""

import pytest

from dbmate_wrap.policy.rules.mixed_changes import find
from dbmate_wrap.sql.parse import read_sql

TOUCH = "create function app.touch() returns trigger language plpgsql as 'begin return new; end'"


def hits(*blocks: str) -> list[str]:
    """The pairs that nothing connects, as the messages have them."""
    found = find([read_sql(block).statements for block in blocks])
    return [
        hit.message.removeprefix("changes ").removesuffix(", which nothing here connects") for _, hit in found
    ]


CONNECTED = [
    "create table app.a (id int primary key); create table app.b (id int references app.a); create "
    "index on app.b (id)",
    "create table app.a (id int); create table app.b (id int); create table app.c (a int references "
    "app.a, b int references app.b)",
    "alter table app.a add x int; alter table app.b add a_id int references app.a (id)",
    "alter table app.a add x int; alter table app.a add y int; create index on app.a (x); create "
    "policy p on app.a using (true)",
    "create type app.s as enum ('a'); alter table app.o add s app.s; create index on app.o (s)",
    "create domain app.d as text; create table app.t (d app.d[])",
    "create schema n; create table n.a (id int); create table n.b (id int); create function n.f() "
    "returns int language sql as 'select 1'",
    "create schema n create table a (id int) create table b (id int); create table n.c (id int)",
    "create table app.a (id int); create view app.v as select * from app.a; create view app.w as "
    "select * from app.v",
    "create table app.a (id int); create materialized view app.m as with x as (select * from app.a) "
    "select * from x; create index on app.m (id)",
    f"{TOUCH}; create trigger t before update on app.a for each row execute function app.touch(); "
    "create trigger t before update on app.b for each row execute function app.touch()",
    "create sequence app.s; create table app.a (id int default nextval('app.s')); alter sequence app.s "
    "owned by app.a.id",
    "create table app.p (id int) partition by range (id); create table app.p1 partition of app.p "
    "default; create table app.p2 (like app.p); create index on app.p2 (id)",
    "create table app.q (id int); alter table app.p attach partition app.q default; alter table app.p "
    "add x int",
    "alter table app.a rename to b; create view app.a as select * from app.b",
    "alter table app.a set schema arch; create view app.a as select * from arch.a",
    "create table orders (id int); alter table app.items add o int references orders; create index on "
    "app.orders (id)",
    "create table app.a (id int); insert into app.b select id from app.a",
    "create publication p for table app.a; alter publication p add table app.b",
    "create table app.a (id int); create table app.b (id int); grant select on app.a, app.b to x",
    "create table app.a (id int); create table app.b (id int); select audit.pair('app.a', 'app.b')",
    "create table app.a (id int); create table app.b (id int); do $$ begin insert into app.a select * "
    "from app.b; end $$",
    "create table app.a (s app.status); create table app.b (s app.status)",
    # Functions: what they mention, and who calls them.
    "create function app.f() returns int language sql as 'select count(*) from app.t'; alter table "
    "app.t add z int",
    "create function app.f() returns int language plpgsql as 'begin return (select count(*) from "
    "app.t); end'; alter table app.t add z int",
    "create function app.f() returns int begin atomic; select count(*) from app.t; end; alter table "
    "app.t add z int",
    "create function app.f(text) returns text language sql as 'select $1'; create function app.g() "
    "returns text language sql as $$ select app.f('x') $$",
    "create function app.slug(text) returns text language sql as 'select lower($1)'; alter table app.a "
    "add s text default app.slug('x'); alter table app.b add s text default app.slug('y')",
    "create function app.acc(int, int) returns int language sql as 'select 1'; create aggregate "
    "app.agg (int) (sfunc = app.acc, stype = int); create view app.v as select app.agg(1), app.acc(1, "
    "2)",
    # What the migration does not show is not checked: on which table an index is, what a function is for.
    "drop index app.a_idx; create index b_idx on app.b (x)",
    "alter index app.a_idx rename to i; alter table app.b add x int",
    f"{TOUCH}; alter table app.a add x int",
    "create or replace function app.f() returns int language plpgsql as 'begin execute x; end'; alter "
    "table app.a add x int",
    "create or replace function app.f() returns int language plpython3u as 'x'; alter table app.a add x int",
    "alter type app.s add value 'x'; alter table app.a add x int",
    "alter view app.v rename to w; alter table app.a add x int",
    # What is removed together hung together, or may have.
    "drop table app.a; drop table app.b",
    "alter table app.a drop column b_id; drop table app.b",
    "alter table app.a alter s type text; drop type app.s",
    "drop trigger x on app.a; drop trigger y on app.b; drop function app.touch()",
    "drop view app.v; alter table app.t alter x type text; create view app.v as select * from app.other",
    # No change of an object.
    "create table app.a (id int); comment on table app.b is 'x'; grant select on app.c to x; alter "
    "table app.d owner to x",
    "create table app.a (id int); create extension citext; set local lock_timeout = '1s'; select 1; "
    "grant usage on schema app to x",
    "create table app.a (id serial); grant all on sequence app.a_id_seq to x; alter sequence "
    "app.other_seq restart",
]  # fmt: skip


@pytest.mark.parametrize("sql", CONNECTED)
def test_what_is_connected_or_unknown_is_no_hit(sql: str) -> None:
    assert not read_sql(sql).unreadable
    assert hits(sql) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create table app.a (id int); create table app.b (id int)", ["app.a and app.b"]),
        ("create table a (id int); create table b (id int)", ["a and b"]),
        ("alter table app.a add x int; alter table app.b add y int", ["app.a and app.b"]),
        ("create index on app.a (x); create index on app.b (x)", ["app.a and app.b"]),
        ("create type app.s as enum ('a'); create table app.z (id int)", ["app.s and app.z"]),
        ("create sequence app.s; create table app.a (id int)", ["app.s and app.a"]),
        ("drop trigger x on app.a; drop trigger y on app.b", ["app.a and app.b"]),
        ("alter table app.a drop x; alter table app.b drop y", ["app.a and app.b"]),
        ("drop table app.a; create table app.b (id int)", ["app.a and app.b"]),
        ("alter table app.a rename x to y; alter table app.b rename to c", ["app.a and app.b"]),
        ("create schema n; create table n.a (id int); alter table app.b add x int", ["n.a and app.b"]),
        (
            "create table app.a (id int); create table app.b (id int); alter table app.a add x int;"
            " create table app.c (b int references app.b); create table app.d (id int)",
            ["app.a and app.b", "app.a and app.d"],
        ),
        ("create table app.a (x public.citext); create table app.b (x public.citext)", ["app.a and app.b"]),
        (
            "create function app.f() returns int language sql as 'select count(*) from app.t';"
            " alter table app.other add x int",
            ["app.f and app.other"],
        ),
        ("create view app.v as select * from app.a; alter table app.b add x int", ["app.v and app.b"]),
        ("do $$ begin alter table app.a add x int; end $$; alter table app.b add x int", ["app.a and app.b"]),
        (
            "create table app.a (id int); select track('app.a'), track('app.c'); create table app.b (id int)",
            ["app.a and app.b"],
        ),
    ],
)  # fmt: skip
def test_what_nothing_connects_is_a_hit_at_the_first_statement_of_the_other(
    sql: str, expected: list[str]
) -> None:
    assert hits(sql) == expected


def test_the_up_blocks_of_a_file_are_one_migration() -> None:
    assert hits("create table app.a (id int)", "create index on app.a (id)") == []
    first, second = "create table app.a (id int)", "  create table app.b (id int)"
    ((block, hit),) = find([read_sql(first).statements, read_sql(second).statements])
    assert (block, hit.offset, hit.rule) == (1, 2, "mixed-changes")


def test_five_thousand_changes_are_checked_in_reasonable_time() -> None:
    sql = "".join(f"alter table t{i} add x int default nextval('s{i}');" for i in range(5000))
    assert len(hits(sql)) == 4999
