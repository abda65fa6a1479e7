"""Migrations that make something in the schema, and those that only look like it."""

import pytest

from dbmate_wrap.sql.makes import makes_objects


@pytest.mark.parametrize(
    "sql",
    [
        "create table if not exists t ()",
        "create table t as select 1",
        "create or replace function f() returns int language sql as 'select 1'",
        "alter table t add column if not exists x int",
        "alter table t alter x set default 1",
        "alter type e add value if not exists 'a'",
        "create extension if not exists hstore",
        "drop trigger if exists g on t; create trigger g before insert on t execute function f()",
        "do $$ begin if not exists (select from t) then create index on t (x); end if; end $$",
        "do $$ begin execute 'create view v as select 1'; end $$",
    ],
)
def test_what_makes_or_extends_an_object(sql: str) -> None:
    assert makes_objects(["select 1", sql])


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "insert into t values (1); analyze t",
        "create temp table t (); select 1 into temp u",
        "create function pg_temp.f() returns int language sql as 'select 1'",
        "create function f() returns int language sql as 'select 1'; select f(); drop function f()",
        "alter table t disable trigger all; update t set x = 1; alter table t enable trigger all",
        "drop table if exists t",
        "grant select on t to r",
        "do $$ begin update t set x = 1; end $$",
        "create tabel t ()",
    ],
)
def test_what_makes_none_that_lasts(sql: str) -> None:
    assert not makes_objects([sql])
