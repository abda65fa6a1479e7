"""drops-before-rollout: what is taken from code that still runs, and what nobody can have used yet."""

import pytest

from dbmate_wrap.policy.rules.drops_before_rollout import MadeObjects, find
from dbmate_wrap.sql.parse import read_sql

EARLIER = """
create table app.t (a int, b int); create table plain (a int); create view app.v as select 1 as a;
create materialized view app.m as select 1; create type app.e as enum ('x');
create type app.c as (a int, b int);
create domain app.d as text; create table app.p (i int) partition by range (i);
create table app.p1 partition of app.p default; create temp table passing (a int);
create schema own create table o (a int); create foreign table app.f (a int) server s;
create type app.r as range (subtype = int); do $$ begin execute 'create table app.dynamic (a int)'; end $$;
create table app.copied as select 1; alter table app.born rename to renamed;
alter type app.q set schema other;
create function app.fn() returns int language sql as 'select 1';
create sequence app.s; create index i on app.t (a);
"""


HINT = (
    "move it into a migration of its own, with `-- dbmate-wrap: phase after` on the line before"
    " `-- migrate:up`: `up --phase before` leaves that for the time after the rollout"
)
TAIL = ", which code that runs until the rollout may still use"


def hits(*blocks: str, earlier: str = EARLIER) -> list[str]:
    """What the messages say is taken away, after migrations that have made `EARLIER`."""
    made = MadeObjects()
    made.add(earlier, read_sql(earlier).statements)
    found = [*find([(block.lower(), read_sql(block).statements) for block in blocks], made)]
    assert {hit.hint for _, hit in found} <= {HINT}
    return [hit.message.removesuffix(TAIL) for _, hit in found]


@pytest.mark.parametrize(
    ("statement", "taken"),
    [
        ("drop table app.t", "drops table app.t"),
        ("DROP TABLE IF EXISTS app.t CASCADE", "drops table app.t"),
        ("drop table app.t, app.unknown, plain", "drops table app.t, drops table plain"),
        ("drop table t", "drops table t"),
        ("drop table public.plain", "drops table public.plain"),
        ("drop table app.copied", "drops table app.copied"),
        ("drop table app.renamed", "drops table app.renamed"),
        ("drop table app.dynamic", "drops table app.dynamic"),
        ("drop table own.o", "drops table own.o"),
        ("drop foreign table app.f", "drops table app.f"),
        ("drop view app.v", "drops view app.v"),
        ("drop materialized view app.m", "drops view app.m"),
        ("drop type app.e", "drops type app.e"),
        ("drop type app.r", "drops type app.r"),
        ("drop type other.q", "drops type other.q"),
        ("drop domain app.d", "drops domain app.d"),
        ("drop schema app cascade", "drops schema app"),
        ("alter schema own rename to mine", "renames schema own"),
        ("alter table app.t drop column a", "drops column a of app.t"),
        ("alter table app.t drop a, add z int, drop b", "drops column a of app.t, drops column b of app.t"),
        ("alter type app.c drop attribute a", "drops column a of app.c"),
        ("alter table app.t rename column a to z", "renames column a of app.t"),
        ("alter view app.v rename column a to z", "renames column a of app.v"),
        ("alter type app.c rename attribute a to z", "renames column a of app.c"),
        ("alter table app.t rename to u", "renames table app.t"),
        ("alter view app.v rename to w", "renames view app.v"),
        ("alter type app.e rename to e2", "renames type app.e"),
        ("alter table app.t set schema archive", "moves table app.t"),
        ("alter domain app.d set schema archive", "moves domain app.d"),
        ("alter table app.t set\n  schema archive", "moves table app.t"),
        ("do $$ begin drop table app.t; end $$", "drops table app.t"),
        ("do $$ begin execute 'alter table app.t drop a'; end $$", "drops column a of app.t"),
        # A column of the same name was added to another table.
        ("alter table app.x add a int; alter table app.t drop a", "drops column a of app.t"),
    ],
)
def test_what_earlier_migrations_made_is_taken_away_too_early(statement: str, taken: str) -> None:
    assert hits(statement) == [taken]


@pytest.mark.parametrize(
    "statements",
    [
        "drop table app.unknown",
        "drop table elsewhere.t",
        "alter table app.unknown drop a",
        "drop schema nobody",
        # Made here, or there again at the end.
        "create table app.n (a int); alter table app.n drop a; drop table app.n",
        "alter table app.t add z int; alter table app.t rename z to y; alter table app.t drop y",
        "drop view app.v; create view app.v as select 2 as a",
        "create or replace view app.v as select 1 as a; drop view app.v",
        "alter table app.t rename to u; create view app.t as select * from app.u",
        "alter type app.e rename to e_old; create type app.e as enum ('y'); drop type app.e_old",
        "alter table app.t drop a; alter table app.t add a bigint",
        "drop table plain; alter table app.plain2 rename to plain",
        "create temp table t2 (a int); drop table t2",
        # Nobody names it, or the rule is not about it.
        "drop table app.p1",
        "drop table passing",
        "drop index app.i",
        "drop function app.fn()",
        "drop sequence app.s",
        "alter index app.i rename to j",
        "alter table app.t alter a drop not null, drop constraint c",
        "alter function app.fn() rename to g",
        "create function app.g() returns void language sql as 'drop table app.t'",
    ],
)
def test_what_no_code_can_miss_is_no_hit(statements: str) -> None:
    assert hits(statements) == []


def test_the_sections_of_a_file_are_one_migration() -> None:
    assert hits("create table app.n (a int)", "drop table app.n; drop table app.t") == ["drops table app.t"]


def test_nothing_was_made_before_the_first_migration() -> None:
    assert hits("drop table app.t", earlier="") == []
    assert hits("drop table _", earlier="do $$ begin execute 'create table ' || x; end $$") == []
