"""Rule data-write: rows are written by more than INSERT, and much that holds the word writes none."""

import pytest

from dbmate_wrap.policy.rules.data_write import find
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def found(sql: str) -> list[tuple[str, str]]:
    """What is written and the text from there on, of each hit."""
    return [
        (hit.message.removeprefix("writes rows: "), sql[hit.offset :])
        for hit in find(read_sql(sql).statements, TRANSACTION)
    ]


@pytest.mark.parametrize(
    ("sql", "message", "place"),
    [
        ("insert into app.t values (1)", "INSERT INTO app.t", "insert"),
        ("update only t set i = 1", "UPDATE t", "update"),
        ("delete from t using u where true", "DELETE FROM t", "delete"),
        ("merge into a.t using u on true when matched then delete", "MERGE INTO a.t", "merge"),
        ("truncate a.t, u cascade", "TRUNCATE a.t, u", "truncate"),
        ("copy a.t (i) from '/tmp/x'", "COPY a.t FROM", "copy"),
        ("copy t from stdin;\n1\n\\.\n", "COPY t FROM", "copy"),
        ("copy (insert into t values (1) returning i) to '/tmp/x'", "INSERT INTO t", "t values"),
        ("select 1 into a.b from c", "SELECT INTO a.b", "select"),
        ("select 1 into b union select 2", "SELECT INTO b", "select"),
        ("create table a.b as select 1", "CREATE TABLE a.b AS", "create"),
        ("create temp table b (i int); insert into app.b values (1)", "INSERT INTO app.b", "insert"),
        ("insert into b values (1); create temp table b (i int)", "INSERT INTO b", "insert"),
        ("create temp table b (i int); drop table b; insert into b values (1)", "INSERT INTO b", "insert"),
        ("create temp table b (i int); truncate b, t", "TRUNCATE b, t", "truncate"),
        (
            "create temp table b as with w as (delete from t returning i) select i from w",
            "DELETE FROM t",
            "t re",
        ),
        ("create temp view b as select * from t; insert into b values (1)", "INSERT INTO b", "insert"),
        ("create table b (i int); insert into b values (1)", "INSERT INTO b", "insert"),
        (
            "create temp table b (i int); alter table b rename to c; insert into b values (1)",
            "INSERT INTO b",
            "insert",
        ),
        ("create temp table b (i int); discard temp; insert into b values (1)", "INSERT INTO b", "insert"),
        (
            "savepoint s; create temp table b (i int); rollback to s; insert into b values (1)",
            "INSERT INTO b",
            "insert",
        ),
        (
            "create temp table b (i int); create rule r as on insert to b do also delete from t;"
            " insert into b values (1)",
            "INSERT INTO b",
            "insert into b values",
        ),
        ("create temp table b (i int); drop table pg_temp.b; truncate b", "TRUNCATE b", "truncate"),
        ("explain create temp table b as select 1; truncate b", "TRUNCATE b", "truncate"),
        (
            "create function f() returns void language sql as 'create temp table b ()'; truncate b",
            "TRUNCATE b",
            "truncate",
        ),
        ("create table b as execute p(1)", "CREATE TABLE b AS", "create"),
        ("with w as (delete from ü.t returning i) select 'ü' from w", "DELETE FROM ü.t", "ü.t returning"),
        ("select 'ü'; explain (costs off, analyze) update t set i = 1", "UPDATE t", "t set"),
        ("explain (analyze 1) update t set i = 1", "UPDATE t", "t set"),
        ("explain (analyze true) update t set i = 1", "UPDATE t", "t set"),
        ("explain analyze create table b as select 1", "CREATE TABLE b AS", "explain"),
        ("do $$ begin\n  insert into ü.t select 'ü'; end $$", "INSERT INTO ü.t", "insert"),
        ("do $$ begin execute 'delete from ü'; end $$", "DELETE FROM ü", "'delete"),
        ("do $$ begin execute format('truncate %I.t', s); end $$", "TRUNCATE _.t", "format"),
        (
            "do $$ begin for r in update t set i = 1 returning i loop null; end loop; end $$",
            "UPDATE t",
            "update",
        ),
        ("do $$ begin create table b as select 1; end $$", "CREATE TABLE b AS", "create"),
        ("prepare p as insert into t values (1); execute p", "EXECUTE p (INSERT INTO t)", "execute p"),
    ],
)
def test_what_writes_rows_is_reported_at_its_place(sql: str, message: str, place: str) -> None:
    ((found_message, where),) = found(sql)
    assert found_message == message
    assert where.startswith(place)


@pytest.mark.parametrize(
    "sql",
    [
        "create table b as select 1 with no data",
        "create temp table b as values (1)",
        "select 1 as i into temp b from t; update b set i = 2",
        "create temp table b (i int) on commit drop; insert into b select 1; delete from pg_temp.b",
        "create table pg_temp.b (i int); copy b from '/tmp/x'; truncate b",
        "create temp table b (i int); merge into b using t on true when matched then delete",
        "create temp table b (i int); with w as (insert into b values (1) returning i) select i from w",
        "do $$ begin create temp table b (i int); insert into b values (1); end $$; update b set i = 2",
        "do $$ begin execute 'create temp table b as select 1'; execute 'delete from b'; end $$",
        "create temp table b (i int); prepare p as insert into b values (1); execute p",
        "create temp table b (i int); alter table pg_temp.b rename to c; insert into pg_temp.c values (1)",
        "create temp table b (i int); drop table app.b; insert into b values (1)",
        "select 1 into pg_temp.b from t; copy pg_temp.b from '/tmp/x'",
        "do $$ begin drop table if exists b; create temp table b as select 1; delete from b; end $$",
        "create materialized view b as select 1",
        "refresh materialized view b",
        "create view v as select 1",
        "create function f() returns void language sql as 'insert into t values (1)'",
        "create function f() returns void begin atomic insert into t values (1); end",
        "create function f() returns trigger language plpgsql as"
        " $$ begin insert into t values (1); return new; end $$",
        "create procedure f() language plpgsql as $$ begin execute 'truncate t'; end $$",
        "create trigger t before insert or update on a for each row execute function f()",
        "create rule r as on insert to t do instead (insert into a values (1); delete from b)",
        "prepare p as insert into t values (1)",
        "explain insert into t values (1)",
        "explain (analyze off) insert into t values (1)",
        "explain (analyze 0) insert into t values (1)",
        "explain (analyze false) insert into t values (1)",
        "copy t to '/tmp/x'",
        "copy (select 1) to stdout",
        "do $$ declare a int; begin select 1 into a from t; end $$",
        "do $$ begin perform 'insert into t values (1)'; end $$",
        "do $$ begin execute 'create table t ()'; raise notice 'delete from t'; end $$",
        "grant insert, update, delete, truncate on t to r",
        "create policy p on t for insert with check (true)",
        "select * from t for update",
        "lock table t",
    ],
)
def test_what_writes_no_rows_is_left_alone(sql: str) -> None:
    reading = read_sql(sql)
    assert reading.unreadable == ()
    assert found(sql) == []


def test_every_write_of_a_statement_is_a_hit() -> None:
    sql = "with a as (insert into t values (1)), b as (update u set i = 1) delete from v"
    assert sorted(message for message, _ in found(sql)) == ["DELETE FROM v", "INSERT INTO t", "UPDATE u"]


def test_the_temporary_tables_of_one_block_are_none_in_the_next() -> None:
    """migrate:down, and every other file, may run in a session that has only the real table."""
    assert found("create temp table b (i int); delete from b") == []
    assert found("delete from b") == [("DELETE FROM b", "delete from b")]
