"""What servers take and refuse inside a transaction block, after SETUP: for unit and integration tests."""

SETUP = """
create schema app;
create type app.status as enum ('old');
create table app.t (id int primary key, s app.status, x text);
create index t_x on app.t (x);
create table app.p (id int) partition by range (id);
create table app.p1 partition of app.p for values from (0) to (10);
"""
_SUBSCRIPTION = "create subscription s connection 'dbname=x' publication p with (connect = false)"

# 25001 in a transaction block, by the last statement.
REFUSED = [
    "create index concurrently on app.t (id)",
    "create unique index concurrently if not exists i on app.t (id)",
    "drop index concurrently app.t_x",
    "reindex table concurrently app.t",
    "reindex (concurrently) index app.t_x",
    "reindex (concurrently on, verbose) table app.t",
    "reindex schema app",
    "reindex schema concurrently app",
    "reindex database postgres",
    "reindex system postgres",
    "vacuum",
    "vacuum (full, analyze) app.t",
    "alter system set work_mem = '5MB'",
    "alter system reset all",
    "create database other",
    "drop database if exists other",
    "alter database postgres set tablespace pg_default",
    "create tablespace x location '/nonexistent'",
    "drop tablespace if exists x",
    "alter table app.p detach partition app.p1 concurrently",
    "cluster",
    "discard all",
    "create subscription s connection 'dbname=x' publication p",
    "create subscription s connection 'dbname=x' publication p with (create_slot = on)",
    f"{_SUBSCRIPTION}; drop subscription s",
    f"{_SUBSCRIPTION}; alter subscription s enable; alter subscription s refresh publication",
    f"{_SUBSCRIPTION}; alter subscription s enable; alter subscription s add publication q",
    f"{_SUBSCRIPTION}; alter subscription s enable; alter subscription s set publication q",
]
# Subscriptions learned these in PostgreSQL 17 and 18.
REFUSED_SINCE_18 = [
    f"{_SUBSCRIPTION}; alter subscription s set (failover = true)",
    f"{_SUBSCRIPTION}; alter subscription s set (two_phase = false)",
]
REFUSED_IN_DO = [
    "do $$ begin create index concurrently on app.t (id); end $$",
    "do $$ begin execute 'vacuum'; end $$",
    "do $$ begin if true then reindex schema app; end if; end $$",
]
ALLOWED = [
    "create index on app.t (id)",
    "drop index app.t_x",
    "reindex table app.t",
    "reindex (concurrently false) index app.t_x",
    "reindex (concurrently off) table app.t",
    "analyze",
    "cluster app.t using t_x",
    "discard plans",
    "discard temp",
    "alter table app.p detach partition app.p1",
    "alter database postgres set work_mem = '5MB'",
    "set constraints all deferred",
    _SUBSCRIPTION,
    f"{_SUBSCRIPTION}; alter subscription s set publication q with (refresh = false)",
    f"{_SUBSCRIPTION}; alter subscription s set (binary = true)",
    f"{_SUBSCRIPTION}; alter subscription s set (slot_name = none); drop subscription s",
    "create subscription s connection 'dbname=x' publication p with (connect = false, slot_name = none);"
    " drop subscription s",
]
_ADD = "alter type app.status add value 'new'"
# 55P04.
ENUM_REFUSED = [
    f"{_ADD}; insert into app.t values (1, 'new')",
    f"{_ADD} before 'old'; alter table app.t alter s set default 'new'",
    "alter type app.status add value if not exists 'new' after 'old'; select 'new'::app.status",
    f"{_ADD}; create index on app.t (x) where s = 'new'",
    f"{_ADD}; create view app.w as select * from app.t where s = 'new'",
    f"{_ADD}; alter table app.t add check (s <> 'new')",
    f"{_ADD}; create table app.q (s app.status default 'new')",
    f"{_ADD}; create table app.q (s app.status) partition by list (s);"
    " create table app.q1 partition of app.q for values in ('new')",
    f"{_ADD}; create policy p on app.t using (s = 'new')",
    f"{_ADD}; create function app.g(s app.status default 'new') returns int language sql as 'select 1'",
    f"{_ADD}; create function app.g() returns app.status language sql as $$ select 'new'::app.status $$",
    f"{_ADD}; create function app.g() returns app.status begin atomic; select 'new'::app.status; end",
    f"{_ADD}; do $$ begin update app.t set s = 'new'; end $$",
    f"{_ADD}; do $$ begin perform 1 from app.t where s = 'new'; end $$",
    f"do $$ begin {_ADD}; end $$; select 'new'::app.status",
]
ENUM_ALLOWED = [
    _ADD,
    f"{_ADD}; alter table app.t add y int",
    f"{_ADD}; comment on type app.status is 'new'",
    f"{_ADD}; create table app.q (s text default 'new', t varchar(9) check (t in ('new', 'x')))",
    f"{_ADD}; insert into app.t (id, x) values (1, 'new'::text)",
    f"{_ADD}; create type app.other as enum ('new')",
    f"{_ADD}; create function app.g() returns app.status language plpgsql as $$ begin return 'new'; end $$",
    "alter type app.status rename value 'old' to 'new'; insert into app.t values (1, 'new')",
    "insert into app.t (id, x) values (1, 'new'); alter type app.status add value 'new'",
]
