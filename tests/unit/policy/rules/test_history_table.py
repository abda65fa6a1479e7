"""history-table: nobody but dbmate and dbmate-wrap touches their tables; reading is fine."""

import pytest

from dbmate_wrap.policy.hit import BlockContext
from dbmate_wrap.policy.rules import history_table
from dbmate_wrap.sql.parse import read_sql


def hits(sql: str, table: tuple[str | None, str] = (None, "schema_migrations")) -> list[str]:
    """The names that the messages give."""
    found = history_table.find(read_sql(sql).statements, BlockContext(True, table))
    return [hit.message.removeprefix("touches ").partition(",")[0] for hit in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create table schema_migrations (version text)", "schema_migrations"),
        ("create table if not exists public.schema_migrations (version text)", "public.schema_migrations"),
        ("insert into schema_migrations values ('1')", "schema_migrations"),
        ("INSERT INTO public.\"schema_migrations\" VALUES ('1')", "public.schema_migrations"),
        ("delete from public.schema_migrations", "public.schema_migrations"),
        ("with x as (delete from schema_migrations returning *) select * from x", "schema_migrations"),
        ("update schema_migrations set version = '1'", "schema_migrations"),
        ("truncate app.a, schema_migrations", "schema_migrations"),
        ("copy schema_migrations from stdin", "schema_migrations"),
        ("alter table public.schema_migrations add x int", "public.schema_migrations"),
        ("alter table public.schema_migrations rename to x", "public.schema_migrations"),
        ("drop table if exists schema_migrations", "schema_migrations"),
        ("comment on table public.schema_migrations is ''", "public.schema_migrations"),
        ("comment on column public.schema_migrations.version is ''", "public.schema_migrations"),
        ("grant select on schema_migrations to x", "schema_migrations"),
        ("create index on schema_migrations (version)", "schema_migrations"),
        ("create view app.v as select * from schema_migrations", "schema_migrations"),
        ("create trigger t after insert on schema_migrations execute function app.f()", "schema_migrations"),
        ("lock table schema_migrations", "schema_migrations"),
        ("select * into schema_migrations from app.t", "schema_migrations"),
        ("explain analyze delete from schema_migrations", "schema_migrations"),
        ("do $$ begin insert into schema_migrations values ('1'); end $$", "schema_migrations"),
        ("do $$ begin execute 'drop table schema_migrations'; end $$", "schema_migrations"),
        ("create schema dbmate_wrap", "schema dbmate_wrap"),
        ("drop schema dbmate_wrap cascade", "schema dbmate_wrap"),
        ("alter schema dbmate_wrap rename to x", "schema dbmate_wrap"),
        ("comment on schema dbmate_wrap is ''", "schema dbmate_wrap"),
        ("grant usage on schema dbmate_wrap to x", "schema dbmate_wrap"),
        ("grant select on all tables in schema dbmate_wrap to x", "schema dbmate_wrap"),
        ("alter table app.t set schema dbmate_wrap", "schema dbmate_wrap"),
        ("update dbmate_wrap.ledger set x = 1", "dbmate_wrap.ledger"),
        ("drop function dbmate_wrap.f()", "dbmate_wrap.f"),
    ],
)
def test_what_touches_them_is_a_hit(sql: str, expected: str) -> None:
    assert hits(sql) == [expected]


@pytest.mark.parametrize(
    "sql",
    [
        "select * from schema_migrations, dbmate_wrap.ledger",
        "select 1 from app.t where exists (select from public.schema_migrations)",
        "insert into app.t select version from schema_migrations",
        "copy schema_migrations to stdout",
        "copy (select * from schema_migrations) to stdout",
        "explain select * from schema_migrations",
        "do $$ begin if exists (select from schema_migrations) then null; end if; end $$",
        "create table app.old_schema_migrations (schema_migrations text)",
        "insert into app.t values ('schema_migrations', 'dbmate_wrap')",
        "create function app.f() returns void language sql as 'delete from schema_migrations'",
        "comment on table app.t is 'not schema_migrations'",
        "with schema_migrations as (select 1) select * from schema_migrations",
    ],
)
def test_reading_and_other_things_are_no_hit(sql: str) -> None:
    assert hits(sql) == []


@pytest.mark.parametrize(
    ("sql", "table", "expected"),
    [
        ("drop table ops.history", ("ops", "history"), ["ops.history"]),
        ("drop table history", ("ops", "history"), ["history"]),
        ("drop table app.history", ("ops", "history"), []),
        ("drop table public.history", (None, "history"), ["public.history"]),
        ("drop table app.history", (None, "history"), []),
        ("drop table schema_migrations", ("ops", "history"), []),
        ('drop table "History"', (None, "History"), ["History"]),
        ("drop table history", (None, "History"), []),
    ],
)
def test_the_table_is_the_one_of_the_settings(
    sql: str, table: tuple[str | None, str], expected: list[str]
) -> None:
    assert hits(sql, table) == expected
