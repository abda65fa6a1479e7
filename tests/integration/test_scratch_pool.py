"""Scratch databases and templates, on servers of our own and on one that a URL names."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

import pytest

from dbmate_wrap.cluster import paths, server
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.database_url import parse as parse_for
from dbmate_wrap.errors import ConfigError, LockedError, UnreachableError
from dbmate_wrap.postgres.session import connect
from dbmate_wrap.shadow import old_templates, own_server, servers, template
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from tests.support.servers import TcpServer
from tests.support.shadows import (
    NAME,
    Project,
    databases,
    drop_shadow_databases,
    execute,
    key,
    replay,
    roles,
)

pytestmark = pytest.mark.integration

A, B, C = key("a"), key("b"), key("c")
ONE, TWO, THREE = "create table public.one (i int)", "create table public.two (i int)", "select 3"


def parse(text: str) -> DatabaseUrl:
    return parse_for(text, os_user="")


def tables(url: DatabaseUrl) -> list[str]:
    rows = execute(url, "select tablename from pg_tables where schemaname = 'public' order by 1")
    return [str(name) for (name,) in rows]


# The cache of prefixes


def test_a_history_that_was_kept_is_not_replayed_again(both: Project) -> None:
    assert both.check([ONE], [A]) == 0
    assert both.check([ONE, TWO], [A, B]) == 1
    with both.open_pool() as pool:
        assert not both.uses_throw_away
        assert pool.longest_cached_prefix([A, B, C]) == 2
        assert pool.longest_cached_prefix([A, C]) == 1
        assert pool.longest_cached_prefix([C]) == 0
        assert pool.longest_cached_prefix([]) == 0
        with pool.scratch(B) as scratch:
            assert tables(scratch.url) == ["one", "two"]


def test_the_server_runs_only_during_a_check(both: Project) -> None:
    with both.open_pool() as pool:
        assert execute(pool.url, "show autovacuum") == [("off",)]
        assert execute(pool.url, "show fsync") == [("off",)]
        assert server.state(both.folder).pid is not None
        assert str(both.programs.major) in pool.origin
        assert pool.major == both.programs.major
    assert server.state(both.folder).pid is None


def test_a_scratch_is_empty_unicode_and_gone_afterwards_also_after_a_failure(both: Project) -> None:
    with both.open_pool() as pool:
        with suppress(LookupError), pool.scratch(None) as scratch:
            assert tables(scratch.url) == []
            assert execute(scratch.url, "show server_encoding") == [("UTF8",)]
            raise LookupError
        assert databases(pool) == set()


def test_a_scratch_is_dropped_although_somebody_is_still_connected(here: Project) -> None:
    with here.open_pool() as pool:
        with pool.scratch(None) as scratch:
            left = connect(scratch.url, application_name=NAME, timeout=10)
        assert databases(pool) == set()
        left.close()


def test_what_happens_in_a_scratch_does_not_reach_its_template(here: Project) -> None:
    here.check([ONE], [A])
    with here.open_pool() as pool:
        with pool.scratch(A) as scratch:
            execute(scratch.url, "drop table public.one")
        with pool.scratch(A) as scratch:
            assert tables(scratch.url) == ["one"]


def test_nobody_connects_to_a_template(both: Project) -> None:
    both.check([ONE], [A])
    with both.open_pool() as pool:
        [name] = databases(pool)
        assert name == template.template_name(A)
        url = DatabaseUrl(pool.url.user, None, pool.url.host, pool.url.port, name, pool.url.parameters)
        with pytest.raises(Exception, match="not currently accepting connections"):
            execute(url, "select 1")


def test_a_template_that_is_kept_again_is_replaced(here: Project) -> None:
    with here.open_pool() as pool:
        for statement in (ONE, TWO):
            with pool.scratch(None) as scratch:
                execute(scratch.url, statement)
                scratch.save_template(A)
        with pool.scratch(A) as scratch:
            assert tables(scratch.url) == ["two"]


def test_what_somebody_is_connected_to_is_not_kept(here: Project) -> None:
    with here.open_pool() as pool, pool.scratch(None) as scratch:
        with (
            connect(scratch.url, application_name=NAME, timeout=10),
            pytest.raises(UnreachableError, match=r"could not be kept.*being accessed by other users"),
        ):
            scratch.save_template(A)
        assert pool.longest_cached_prefix([A]) == 0


def test_the_template_of_an_unknown_key_is_an_error_that_names_the_remedy(here: Project) -> None:
    with (
        here.open_pool() as pool,
        pytest.raises(UnreachableError, match="does not exist") as caught,
        pool.scratch(A),
    ):
        pass
    assert f"rm -rf {here.home}" in (caught.value.hint or "")


def test_the_least_recently_used_templates_are_dropped(here: Project) -> None:
    with here.open_pool() as pool:
        pool.most_templates = 2
        replay(pool, [ONE], [A])
        replay(pool, [ONE], [B])
        replay(pool, [ONE], [A])
        replay(pool, [ONE], [C])
        assert databases(pool) == {template.template_name(A), template.template_name(C)}


def test_templates_that_are_too_large_together_are_dropped_but_the_newest(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_templates, "MOST_BYTES", 1)
    with here.open_pool() as pool:
        replay(pool, [ONE], [A])
        replay(pool, [ONE], [B])
        assert databases(pool) == {template.template_name(B)}


def test_a_spare_database_is_given_once_or_dropped(here: Project) -> None:
    with here.open_pool() as pool:
        replay(pool, [ONE], [A])
        templates = {template.template_name(A)}
        pool.make_spare(A)
        [spare] = databases(pool) - templates
        with pool.scratch(A) as first, pool.scratch(A) as second:
            assert first.url.database == spare != second.url.database
            assert execute(first.url, "select count(*) from public.one") == [(0,)]
        pool.make_spare(A)
        [spare] = databases(pool) - templates
        with pool.scratch(None) as empty, pool.scratch(A) as another:
            assert databases(pool) == templates | {empty.url.database, another.url.database}
            assert execute(another.url, "select count(*) from public.one") == [(0,)]
        pool.make_spare(None)
        pool.drop_spare()
        assert databases(pool) == templates


def test_settings_and_privileges_of_a_database_come_with_its_template(both: Project) -> None:
    history = """do $$ begin
        create role app;
        execute format('alter database %I set "app.name" to %L', current_database(), E'it''s "x", \\\\ ');
        execute format('alter database %I set search_path to "$user", ''A b'', ''''', current_database());
        execute format('alter role app in database %I set timezone to %L', current_database(), 'Asia/Tokyo');
        execute format('revoke all on database %I from public', current_database());
        execute format('grant connect on database %I to app with grant option', current_database());
    end $$"""
    seen = """select
        (select array_agg(r.setconfig::text order by 1) from pg_db_role_setting r where setdatabase = d.oid),
        d.datacl, current_setting('app.name', true), current_setting('search_path')
        from pg_database d where datname = current_database()"""
    with both.open_pool() as pool:
        with pool.scratch(None) as scratch:
            execute(scratch.url, history)
            before = execute(scratch.url, seen)
            scratch.save_template(A)
        with pool.scratch(A) as scratch:
            assert execute(scratch.url, seen) == before
    assert before[0][2:] == ('it\'s "x", \\ ', '"$user", "A b", ""')


# What databases share


def test_roles_of_another_history_are_gone_before_a_replay(both: Project) -> None:
    base = "create role app"
    assert both.check([base], [A]) == 0
    on_branch = "create role more; grant app to more; create schema s authorization more"
    assert both.check([base, on_branch], [A, B]) == 1
    with both.open_pool() as pool:
        assert pool.longest_cached_prefix([A, C]) == 1
        assert roles(pool) == {"app"}
        assert databases(pool) == {template.template_name(A)}
        assert pool.longest_cached_prefix([C]) == 0
        assert roles(pool) == set()
    assert both.check([base, on_branch], [A, B]) == 0


def test_a_second_replay_in_one_check_finds_no_roles_of_the_first(here: Project) -> None:
    here.check(["create role app"], [A])
    with here.open_pool() as pool:
        pool.longest_cached_prefix([A])
        for _ in range(2):
            with pool.scratch(A) as scratch:
                execute(scratch.url, "create role more; grant select on all tables in schema public to more")
                with pool.scratch(None) as other:
                    execute(other.url, "create schema s authorization more")
        assert roles(pool) == {"app", "more"}
        with pool.scratch(None):
            assert roles(pool) == {"app"}


def test_a_template_whose_roles_were_changed_since_is_not_used(here: Project) -> None:
    here.check(["create role app; create role friend"], [A])
    with here.open_pool() as pool:
        assert pool.longest_cached_prefix([A]) == 1
        with pool.scratch(A) as scratch:
            execute(scratch.url, "grant app to friend")
    with here.open_pool() as pool:
        assert pool.longest_cached_prefix([A]) == 0
        assert roles(pool) == set()


@pytest.mark.parametrize(
    "change",
    [
        "alter role postgres set work_mem to '1MB'",
        "alter role all set work_mem to '1MB'",
        "alter database postgres set work_mem to '1MB'",
        "revoke connect on database template1 from public",
        "grant pg_monitor to postgres",
        "select pg_create_physical_replication_slot('s')",
    ],
)
def test_a_server_whose_own_state_was_changed_is_made_anew_for_an_empty_start(
    here: Project, change: str
) -> None:
    here.check([change], [A])
    with here.open_pool() as pool:
        assert pool.longest_cached_prefix([A]) == 1
        assert pool.longest_cached_prefix([B]) == 0
        assert databases(pool) == set()
    here.check([ONE], [B])
    assert here.check([ONE], [B]) == 1


def test_settings_of_the_server_and_foreign_databases_do_not_outlive_the_check(both: Project) -> None:
    with both.open_pool() as pool:
        execute(pool.url, "alter system set work_mem to '1MB'")
        execute(pool.url, "create database another")
        replay(pool, [ONE], [A])
    with both.open_pool() as pool:
        assert execute(pool.url, "show work_mem") == [("4MB",)]
        assert databases(pool) == {template.template_name(A)}
        assert pool.longest_cached_prefix([A]) == 1


# Broken, busy, elsewhere


def test_a_setting_that_keeps_the_server_from_starting_does_not_outlive_the_check(here: Project) -> None:
    with here.open_pool() as pool:
        replay(pool, [ONE], [A])
        execute(pool.url, "alter system set shared_preload_libraries to 'no_such_library'")
    assert here.check([ONE], [A]) == 1


@pytest.mark.parametrize(
    "broken", ["PG_VERSION", "global/pg_control", "postgresql.conf", "base/5/pg_filenode.map"]
)
def test_a_broken_data_directory_is_made_anew(here: Project, broken: str) -> None:
    here.check([ONE], [A])
    data = paths.find_data(here.folder)
    assert data is not None
    (data / broken).unlink()
    assert here.check([ONE], [A]) == 0
    assert here.check([ONE], [A]) == 1
    assert here.said == []


def test_a_template_with_a_foreign_comment_is_dropped(here: Project) -> None:
    here.check([ONE], [A])
    with here.open_pool() as pool:
        execute(pool.url, f"comment on database {template.template_name(A)} is 'mine'")
        assert pool.longest_cached_prefix([A]) == 0
    with here.open_pool() as pool:
        assert databases(pool) == set()


def test_after_a_boot_nothing_is_trusted_that_was_never_flushed(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.check([ONE], [A])
    assert own_server.boot_id()
    monkeypatch.setattr(own_server, "boot_id", lambda: "another")
    assert here.check([ONE], [A]) == 0


def test_the_second_of_two_checks_waits_for_the_first(here: Project) -> None:
    with here.open_pool(), here.open_pool(wait=0.2) as second:
        assert here.uses_throw_away
        replay(second, [ONE], [A])
        assert second.longest_cached_prefix([A]) == 1
    assert [said.partition(":")[0] for said in here.said] == [
        "another check is using the shadow server",
        "it is still busy",
    ]
    assert here.check([ONE], [A]) == 0


def test_a_folder_that_cannot_be_used_costs_the_cache_and_no_more(here: Project) -> None:
    here.home.parent.mkdir(parents=True)
    here.home.write_text("a file")
    with here.open_pool() as pool:
        assert here.uses_throw_away
        assert replay(pool, [ONE], [A]) == 0
    here.home.unlink()
    assert "throw-away" in here.said[0]


# A URL


@pytest.fixture
def url(tcp_server: TcpServer) -> Iterator[DatabaseUrl]:
    """The tests' server by a role that may create databases and is no superuser; cleaned afterwards."""
    yield parse(tcp_server.tcp_url(user="app"))
    drop_shadow_databases(tcp_server)


def remote(
    url: DatabaseUrl, said: list[str] | None = None, wait: float = 0
) -> AbstractContextManager[ScratchPool]:
    heard = said if said is not None else []
    return servers.open_foreign_server(url, own_server.Access(wait, 10, heard.append, NAME))


def test_a_role_without_other_rights_keeps_templates_on_a_url(url: DatabaseUrl) -> None:
    with remote(url) as pool:
        assert pool.origin == "shadow_url"
        assert replay(pool, [ONE], [A]) == 0
    with remote(url) as pool:
        assert pool.longest_cached_prefix([A, B]) == 1
        assert replay(pool, [ONE, TWO], [A, B]) == 1
        with pool.scratch(B) as scratch:
            assert tables(scratch.url) == ["one", "two"]


def test_one_check_at_a_time_uses_a_url(url: DatabaseUrl) -> None:
    said: list[str] = []
    with remote(url):
        begin = time.monotonic()
        with pytest.raises(LockedError, match="another check") as caught, remote(url, said, wait=0.3):
            pass
        assert time.monotonic() - begin >= 0.3
    assert len(said) == 1
    assert url.password is not None
    assert url.password not in f"{caught.value.message} {caught.value.hint}"
    with remote(url):
        pass


def test_on_a_url_nothing_is_dropped_but_what_a_killed_check_left(
    url: DatabaseUrl, tcp_server: TcpServer
) -> None:
    left, used, foreign = (f"dbmate_wrap_shadow_scratch_{digit * 12}" for digit in "0ab")
    half = f"dbmate_wrap_shadow_{'c' * 24}"
    alike = {
        f"dbmate_wrap_shadow_{name}" for name in ("mine", "scratch", "scratch_of_all", "c" * 25, "C" * 24)
    }
    for name in (left, used, half, *alike, "mine"):
        tcp_server.execute(f'create database "{name}" owner app')
    tcp_server.execute(f"create database {foreign}")
    tcp_server.execute("create role somebody")
    try:
        with tcp_server.connect(used), remote(url) as pool:
            assert pool.longest_cached_prefix([A]) == 0
            assert {used, foreign, "mine", *alike} <= databases(pool)
            assert databases(pool).isdisjoint({left, half})
            assert "somebody" in roles(pool)
    finally:
        tcp_server.execute("drop database mine")
        tcp_server.execute("drop role somebody")


def test_a_template_on_a_url_needs_the_roles_of_its_history(url: DatabaseUrl, tcp_server: TcpServer) -> None:
    admin = parse(tcp_server.tcp_url())
    with remote(admin) as pool:
        replay(pool, ["create role made_by_migration"], [A])
    try:
        with remote(admin) as pool:
            assert pool.longest_cached_prefix([A]) == 1
            assert "made_by_migration" in roles(pool)
            assert pool.longest_cached_prefix([B]) == 0
            assert "made_by_migration" in roles(pool)
    finally:
        tcp_server.execute("drop role made_by_migration")
    with remote(admin) as pool:
        assert pool.longest_cached_prefix([A]) == 0


def test_a_role_that_may_not_create_databases_gets_the_command_as_a_hint(tcp_server: TcpServer) -> None:
    tcp_server.execute("create role \"poor one\" login password 'secret-4711'")
    try:
        url = parse(tcp_server.tcp_url(user="poor one", password="secret-4711"))
        with pytest.raises(ConfigError, match="may not create databases") as caught, remote(url):
            pass
    finally:
        tcp_server.execute('drop role "poor one"')
    assert caught.value.hint == 'alter role "poor one" createdb'


def test_a_url_that_nobody_answers_is_unreachable(url: DatabaseUrl) -> None:
    with (
        pytest.raises(UnreachableError),
        remote(parse("postgres://app@127.0.0.1:1/postgres?sslmode=disable")),
    ):
        pass
