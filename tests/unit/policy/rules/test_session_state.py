"""session-state: what outlives the transaction of its migration."""

import pytest

from dbmate_wrap.policy.hit import BlockContext
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


LOCAL = "still holds when dbmate records the version: SET LOCAL "


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("set local role bob; create table app.t ()", LOCAL + "role"),
        ("set local session authorization bob", LOCAL + "session_authorization"),
        ("set session authorization bob", "SET session_authorization"),
        ("select set_config('role', 'bob', true)", LOCAL + "role"),
        ("select set_config('role', 'bob', false)", "SET role"),
        ("set role a; reset role; set local role b", LOCAL + "role"),
        ("set role a; set role b", "SET role"),
        ("set role a; reset session authorization; reset all", "SET role"),
        ("do $$ begin set local role bob; end $$", LOCAL + "role"),
        ("do $$ begin execute format('set local role %I', bob); end $$", LOCAL + "role"),
        ("reset role; set local role bob", LOCAL + "role"),
        ("select set_config('role', 'bob', true); select set_config('role', 'ann', true)", LOCAL + "role"),
    ],
)
def test_a_role_that_is_not_put_back_holds_when_dbmate_records(sql: str, expected: str) -> None:
    assert expected in hits(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "set role bob; create table app.t (); reset role",
        "set local role bob; reset role",
        "set local role bob; set local role none",
        "set role a; set role b; set role none",
        "set session authorization bob; set session authorization default",
        "set local session authorization bob; reset session authorization",
        "select set_config('role', 'bob', true); select set_config('role', 'none', true)",
        "do $$ begin set local role bob; end $$; reset role",
        "set role bob; select set_config('role', 'none', false)",
        "do $$ declare old text; begin set local role bob; perform set_config('role', old, true); end $$",
        "reset role",
        "create function app.f() returns void language sql set role bob as 'select 1'",
    ],
)
def test_a_role_that_is_put_back_is_no_hit(sql: str) -> None:
    assert hits(sql) == []


def test_outside_a_transaction_set_local_has_ended_before_the_record() -> None:
    context = BlockContext(False, TRANSACTION.history_table)
    assert list(session_state.find(read_sql("set local role bob").statements, context)) == []
    assert list(session_state.find(read_sql("set role bob").statements, context)) != []


@pytest.mark.parametrize(
    ("sql", "undo"),
    [
        ("set role bob", "RESET ROLE"),
        ("set local role bob", "RESET ROLE"),
        ("set session authorization bob", "RESET SESSION AUTHORIZATION"),
    ],
)
def test_the_hint_for_a_role_is_not_set_local(sql: str, undo: str) -> None:
    (hit,) = session_state.find(read_sql(sql).statements, TRANSACTION)
    assert undo in hit.hint
    assert "SET LOCAL" not in hit.hint
    assert hits(f"{sql}; {undo}") == []
