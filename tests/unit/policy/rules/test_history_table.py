"""history-table: nobody but dbmate and dbmate-wrap touches their tables; reading is fine."""

import pytest

from dbmate_wrap.policy.hit import BlockContext
from dbmate_wrap.policy.rules import history_table
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


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
        ("alter schema dbmate_wrap owner to x", "schema dbmate_wrap"),
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


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("drop schema public", "DROP SCHEMA public"),
        ("drop schema if exists app, public cascade", "DROP SCHEMA public"),
        ("alter schema public rename to old", "ALTER SCHEMA public RENAME"),
        ("do $$ begin drop schema public cascade; end $$", "DROP SCHEMA public"),
        ("do $$ begin execute 'drop schema public cascade'; end $$", "DROP SCHEMA public"),
        ("do $$ begin execute 'alter schema public rename to x'; end $$", "ALTER SCHEMA public RENAME"),
        ("drop owned by app", "DROP OWNED BY app"),
        ("drop owned by session_user cascade", "DROP OWNED BY CURRENT_USER"),
        ("reassign owned by a to b; drop owned by a, c", "DROP OWNED BY a, c"),
        ("reassign owned by current_user to b", "REASSIGN OWNED BY CURRENT_USER"),
        (
            "do $$ declare r record; begin for r in select tablename from pg_tables where"
            " schemaname = current_schema() loop execute 'DROP TABLE IF EXISTS ' || quote_ident(r.tablename)"
            " || ' CASCADE'; end loop; end $$",
            "DROP TABLE of all tables that a catalog lists",
        ),
        (
            "do $$ begin execute (select 'truncate table ' || string_agg(format('%I.%I', schemaname,"
            " tablename), ', ') from pg_catalog.pg_tables where schemaname not in ('x', 'y')); end $$",
            "TRUNCATE TABLE of all tables that a catalog lists",
        ),
        (
            "do $$ declare c text; begin for c in select format('delete from %I', table_name) from"
            " information_schema.tables where table_schema = 'public' loop execute c; end loop; end $$",
            "DELETE FROM of all tables that a catalog lists",
        ),
        (
            "do $$ declare t text; begin for t in select oid::regclass from pg_class where relkind = 'r' and"
            " relnamespace = 'public'::regnamespace loop execute format('alter table %s owner to x', t);"
            " end loop; end $$",
            "ALTER TABLE of all tables that a catalog lists",
        ),
    ],
)  # fmt: skip
def test_what_takes_the_history_with_other_things_is_a_hit(sql: str, expected: str) -> None:
    found = history_table.find(read_sql(sql).statements, TRANSACTION)
    assert [hit.message.removeprefix("takes the history away: ") for hit in found] == [expected]


def loop(condition: str, command: str = "truncate %I") -> str:
    """A DO block that runs a command for the tables of a catalog."""
    return (
        "do $$ declare t text; begin for t in select tablename from pg_tables where"
        f" {condition} loop execute format('{command}', t); end loop; end $$"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "drop schema app cascade",
        "alter schema app rename to public",
        "alter schema public owner to x",
        "reassign owned by a to b; drop owned by a",
        "drop table public.t cascade",
        "create function app.f() returns void language plpgsql as 'begin drop schema public; end'",
        loop("schemaname = 'app'"),
        loop("schemaname in ('app', 'shop')"),
        loop("schemaname = any('{app,shop}')"),
        loop("schemaname not in ('pg_catalog', 'public')"),
        loop("schemaname = 'public' and tablename <> 'schema_migrations'"),
        loop("schemaname = 'public' and tablename not like 'schema%'"),
        loop("tablename like 'log_%'"),
        loop("tablename = x"),
        loop("true", "alter table %I enable trigger all"),
        loop("true", "analyze %I"),
        "do $$ declare t text; begin for t in select tablename from pg_tables loop"
        " continue when t = 'schema_migrations'; execute 'truncate ' || t; end loop; end $$",
        "do $$ declare t text; begin for t in select inhrelid::regclass from pg_inherits join pg_class c on"
        " c.oid = inhparent loop execute 'drop table ' || t; end loop; end $$",
        "do $$ begin if exists (select from pg_class) then execute 'drop table app.old'; end if; end $$",
    ],
)
def test_what_leaves_the_history_is_no_hit(sql: str) -> None:
    assert read_sql(sql).unreadable == ()
    assert list(history_table.find(read_sql(sql).statements, TRANSACTION)) == []


def test_the_schema_is_the_one_of_the_settings() -> None:
    statements = read_sql("drop schema public; drop schema ops").statements
    (hit,) = history_table.find(statements, BlockContext(False, ("ops", "history")))
    assert hit.message == "takes the history away: DROP SCHEMA ops"
