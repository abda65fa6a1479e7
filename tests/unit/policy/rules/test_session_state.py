"""session-state: what outlives the transaction of its migration."""

import pytest

from dbmate_wrap.policy.rules import session_state
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def hits(sql: str) -> list[str]:
    """What the messages say after the colon."""
    found = session_state.find(read_sql(sql).statements, TRANSACTION)
    return [hit.message.removeprefix("outlives the migration: ") for hit in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("set lock_timeout = '1s'", "SET lock_timeout"),
        ("set session my.var = 'x'", "SET my.var"),
        ("set time zone 'UTC'", "SET timezone"),
        ("set role bob", "SET role"),
        ("set session characteristics as transaction read only", "SET SESSION CHARACTERISTICS"),
        ("reset lock_timeout", "RESET lock_timeout"),
        ("reset all", "RESET ALL"),
        ("select set_config('lock_timeout', '1s', false)", "set_config of lock_timeout"),
        ("select pg_catalog.set_config('a.b', 'x', is_local => false)", "set_config of a.b"),
        ("select set_config('a.b', 'x', x.local) from app.t x", "set_config of a.b"),
        ("select set_config(name, 'x', false) from app.settings", "set_config of a setting"),
        ("insert into app.t select set_config('a.b', 'x', 'off')", "set_config of a.b"),
        ("discard plans", "DISCARD"),
        ("listen x", "LISTEN"),
        ("unlisten *", "UNLISTEN"),
        ("load 'auto_explain'", "LOAD"),
        ("prepare q as select 1", "PREPARE"),
        ("deallocate q", "DEALLOCATE"),
        ("declare c cursor with hold for select 1", "DECLARE c CURSOR WITH HOLD"),
        ("create temp table tmp (a int)", "temporary tmp"),
        ("create temp table tmp (a int) on commit delete rows", "temporary tmp"),
        ("create table pg_temp.tmp (a int)", "temporary tmp"),
        ("create temp table tmp as select 1", "temporary tmp"),
        ("select 1 into temp tmp", "temporary tmp"),
        ("create temp view v as select 1", "temporary v"),
        ("create temp sequence s", "temporary s"),
        ("drop table if exists tmp; create temp table tmp (a int)", "temporary tmp"),
        ("select pg_advisory_lock(1)", "pg_advisory_lock takes a lock of the session"),
        ("select pg_try_advisory_lock(1, 2)", "pg_try_advisory_lock takes a lock of the session"),
        ("do $$ begin set work_mem = '1MB'; end $$", "SET work_mem"),
        ("do $$ begin perform set_config('a.b', 'x', false); end $$", "set_config of a.b"),
        ("do $$ begin perform pg_advisory_lock(1); end $$", "pg_advisory_lock takes a lock of the session"),
        ("do $$ begin create temp table tmp (a int); end $$", "temporary tmp"),
        ("do $$ begin execute 'set work_mem = ''1MB'''; end $$", "SET work_mem"),
    ],
)  # fmt: skip
def test_what_stays_in_the_session_is_named(sql: str, expected: str) -> None:
    assert hits(sql) == [expected]


@pytest.mark.parametrize(
    "sql",
    [
        "set local lock_timeout = '1s'",
        "set transaction isolation level serializable",
        "set search_path = app",
        "reset search_path",
        "set schema 'app'",
        "select set_config('search_path', '', false)",
        "select set_config('a.b', 'x', true)",
        "select set_config('a.b', 'x', is_local => true)",
        "select set_config('a.b', 'x', 'on')",
        "select current_setting('a.b')",
        "show lock_timeout",
        "create temp table tmp (a int) on commit drop",
        "create temp table tmp on commit drop as select 1",
        "create temp table tmp (a int); insert into app.t select a from tmp; drop table tmp",
        "select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(2), pg_advisory_unlock(3)",
        "declare c cursor for select 1",
        "notify x",
        "create function app.f() returns void language sql set lock_timeout = '1s' as 'set work_mem = 1'",
        "create function app.f() returns void language plpgsql as 'begin set work_mem = 1; end'",
        "alter function app.f() set lock_timeout = '1s'",
        "alter role bob set lock_timeout = '1s'",
        "alter table app.t alter x set default set_config('a.b', 'x', false)",
        "create view app.v as select set_config('a.b', 'x', false)",
        "create policy p on app.t using (pg_try_advisory_lock(id))",
        "create table app.temp (temp int)",
        "create unlogged table app.t (a int)",
        "do $$ begin set local work_mem = '1MB'; perform set_config('a.b', 'x', true); end $$",
    ],
)
def test_what_ends_with_the_transaction_or_belongs_to_others_is_no_hit(sql: str) -> None:
    assert hits(sql) == []
