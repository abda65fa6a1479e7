"""The role that replays migrations: what it may do, and what no migration may do, also by dynamic SQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbmate_wrap.cluster import isolation
from dbmate_wrap.cluster.isolation import can_isolate
from dbmate_wrap.postgres.shadow import REPLAY_ROLE, read_replay_server
from dbmate_wrap.process.no_connect import can_deny_connections
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from tests.support.shadows import Project, databases, execute

pytestmark = pytest.mark.integration

FORBIDDEN = [
    "copy (select 1) to program 'touch {file}'",
    "copy public.kept from program 'id'",
    "copy (select 1) to '{file}'",
    "copy public.kept from '/etc/passwd'",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select lo_import('/etc/passwd')",
    "select lo_export(lo_create(0), '{file}')",
    "create extension file_fdw",
    "create extension dblink",
    "create function public.c() returns int language c as 'libc', 'getpid'",
    "create role boss superuser",
    "alter role postgres password 'x'",
    "grant postgres to current_user",
    "grant pg_execute_server_program to current_user",
    "set role postgres",
    "set session authorization postgres",
    "alter database postgres set work_mem = '1MB'",
    "create subscription s connection 'host=127.0.0.1' publication p with (connect = false)",
    "create event trigger e on ddl_command_end execute function public.fires()",
    "update pg_catalog.pg_authid set rolsuper = true",
]
ALLOWED = [
    "create schema shop; create table shop.t (id bigint primary key, n text)",
    "create table public.u (i int); revoke create on schema public from public",
    "comment on schema public is 'standard public schema'",
    "create extension citext schema shop",
    "alter default privileges in schema shop grant select on tables to reader",
    "grant usage on schema shop to reader; grant select on shop.t to reader",
    "alter table shop.t enable row level security; create policy p on shop.t using (true)",
    "create publication p for table shop.t",
    "do $$ begin execute format('alter database %I set timezone to ''UTC''', current_database()); end $$",
]
KEY = "a" * 64


@pytest.fixture
def pool(both: Project) -> Iterator[ScratchPool]:
    """The pool of a check on a server of our own."""
    with both.open_pool(superuser=False) as opened:
        yield opened


def test_no_migration_reaches_out_of_its_database_also_not_by_dynamic_sql(
    pool: ScratchPool, tmp_path: Path
) -> None:
    file = tmp_path / "made"
    tmp_path.chmod(0o777)
    with pool.scratch(None) as scratch:
        execute(scratch.url, "create table public.kept (t text)")
        execute(
            scratch.url,
            "create function public.fires() returns event_trigger language plpgsql as 'begin end'",
        )
        for statement in FORBIDDEN:
            with pytest.raises(psycopg.Error) as caught:
                execute(
                    scratch.url, f"do $do$ begin execute $sql${statement.format(file=file)}$sql$; end $do$"
                )
            assert caught.value.sqlstate == "42501", (statement, caught.value)
    assert not file.exists()


def test_roles_that_stand_in_for_others_open_no_way_out(pool: ScratchPool) -> None:
    """The replay's role is a member of them, and they are worth no more than any role that it makes."""
    pool.make_placeholders(frozenset({"app", 'My "own" team'}))
    pool.longest_cached_prefix([KEY])
    with pool.scratch(None) as scratch:
        assert execute(
            scratch.url, "select count(*) from pg_roles where rolname in ('app', 'My \"own\" team')"
        ) == [(2,)]
        execute(scratch.url, "create schema shop authorization app; create table shop.t (i int)")
        execute(scratch.url, "alter default privileges for role app grant select on tables to public")
        for statement in (
            *(each for each in FORBIDDEN if "{file}" not in each),
            "alter function pg_catalog.pg_read_file(text) owner to app",
            "alter role app superuser",
            "grant pg_execute_server_program to app",
            "grant postgres to app",
        ):
            with pytest.raises(psycopg.Error) as caught:
                execute(scratch.url, statement)
            assert caught.value.sqlstate in ("42501", "42P01", "42883"), (statement, caught.value)


def test_what_migrations_of_a_managed_server_do_is_allowed(pool: ScratchPool) -> None:
    with pool.scratch(None) as scratch:
        # Before 16 the superuser makes the roles: see the unit tests.
        makes = scratch.url if pool.major >= 16 else replace(scratch.url, user="postgres")
        execute(makes, "create role app nologin; create role reader login; grant app to reader")
        for statement in ALLOWED:
            execute(scratch.url, statement)
        if pool.major >= 16:
            execute(scratch.url, "grant create on schema shop to app; alter table shop.t owner to app")
            execute(scratch.url, "set role app; create temp table x (i int)")


def test_allowed_statements_are_run_as_superuser_and_no_others(pool: ScratchPool) -> None:
    pool.statements = {"a": "create extension dblink"}
    with pool.scratch(None) as scratch:
        execute(scratch.url, "select dbmate_wrap.run_replay_statement('a')")
        assert execute(scratch.url, "select count(*) from pg_extension where extname = 'dblink'") == [(1,)]
        for attempt in (
            "select dbmate_wrap.run_replay_statement('b')",
            "create table dbmate_wrap.more (i int)",
            "alter function dbmate_wrap.run_replay_statement(text) reset all",
            "select dblink_connect('dbname=postgres user=postgres')",
        ):
            with pytest.raises(psycopg.Error):
                execute(scratch.url, attempt)


def test_event_triggers_are_made_only_where_they_do_not_fire_in_a_superusers_script(
    pool: ScratchPool,
) -> None:
    assert read_replay_server(pool.server.session, has_network=False).event_triggers is (pool.major >= 17)
    pool.statements = {"a": "create event trigger e on ddl_command_end execute function public.fires()"}
    body = "language plpgsql as 'begin raise ''fired''; end'"
    with pool.scratch(None) as scratch:
        execute(scratch.url, f"create function public.fires() returns event_trigger {body}")
        if pool.major >= 17:
            execute(scratch.url, "select dbmate_wrap.run_replay_statement('a')")
            with pytest.raises(psycopg.Error, match="event_triggers"):
                execute(scratch.url, "set event_triggers = on")
        # Its script is run by a superuser.
        execute(scratch.url, "create extension citext")


def test_no_event_trigger_fires_where_a_superuser_drops_what_is_left(pool: ScratchPool) -> None:
    if pool.major < 17:
        pytest.skip("no event trigger is made there")
    pool.statements = {
        "a": "create event trigger e on ddl_command_start execute function public.fires()",
        "b": "create subscription s connection 'host=x' publication p with (connect = false)",
    }
    body = "language plpgsql as 'begin raise ''fired''; end'"
    with pool.scratch(None) as scratch:
        execute(scratch.url, f"create function public.fires() returns event_trigger {body}")
        for name in pool.statements:
            execute(scratch.url, f"select dbmate_wrap.run_replay_statement('{name}')")
    assert databases(pool) == set()


def test_a_search_path_of_the_database_does_not_capture_the_superuser(pool: ScratchPool) -> None:
    pool.statements = {"a": "create extension dblink"}
    with pool.scratch(None) as scratch:
        execute(
            scratch.url,
            "create schema evil; create function evil.jsonb_each_text(jsonb, out key text, out value text)"
            " returns setof record language plpgsql as"
            f" 'begin execute ''alter role {REPLAY_ROLE} superuser''; end';"
            " do $$ begin execute format("
            "'alter database %I set search_path = evil, pg_catalog', current_database()); end $$",
        )
        scratch.save_template(KEY)
    with pool.scratch(KEY) as again:
        assert execute(again.url, "show search_path") == [("evil, pg_catalog",)]
        assert execute(again.url, "show is_superuser") == [("off",)]


def test_a_template_belongs_to_the_superuser(pool: ScratchPool) -> None:
    with pool.scratch(None) as scratch:
        scratch.save_template(KEY)
    query = (
        "select pg_get_userbyid(datdba) from pg_database where datname ~ '^dbmate_wrap_shadow_[0-9a-f]{24}$'"
    )
    assert execute(pool.url, query) == [("postgres",)]


@pytest.mark.skipif(not can_deny_connections(), reason="this system's calls are not known")
def test_the_server_connects_to_nobody_also_by_a_socket_in_the_file_system(both: Project) -> None:
    with both.open_pool(superuser=True) as pool, pool.scratch(None) as scratch:
        execute(scratch.url, "create extension dblink")
        with pytest.raises(psycopg.Error, match="ermission denied"):
            execute(
                scratch.url, f"select dblink_connect('host={pool.url.host} user=postgres dbname=postgres')"
            )


@pytest.mark.skipif(not can_isolate(), reason="this system makes no network namespace for an account")
def test_the_server_has_no_network(both: Project) -> None:
    with both.open_pool(superuser=True) as pool:
        read = "copy public.n from program 'cat /proc/net/dev'"
        execute(pool.url, f"create table public.n (line text); {read}")
        lines = [str(line) for (line,) in execute(pool.url, "select line from public.n")]
    assert [line.split(":")[0].strip() for line in lines[2:]] == ["lo"]


def test_where_a_system_makes_no_namespace_the_server_starts_with_the_network(
    both: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "_UNSHARE", ("false",))
    with both.open_pool(superuser=True) as pool:
        assert execute(pool.url, "select 1") == [(1,)]
