"""The copy of a template that one check makes for the next, on servers of our own."""

import pytest

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.shadow import next_check, old_templates, servers
from dbmate_wrap.shadow.next_check import preparing_next_check
from dbmate_wrap.shadow.own_server import Access
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from dbmate_wrap.shadow.template import copy_name
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
ONE = "create table public.one (i int)"


def check(pool: ScratchPool, statement: str, name: str) -> None:
    """Replay one migration as a check does, and prepare for the next of the same history."""
    replay(pool, [statement], [name])
    with preparing_next_check(pool, name):
        pass


def copies(pool: ScratchPool, *keys: str) -> set[str]:
    return {copy_name(pool.template_name(each)) for each in keys}


def templates(pool: ScratchPool, *keys: str) -> set[str]:
    return {pool.template_name(each) for each in keys}


def oid(pool: ScratchPool, name: str) -> object:
    [(found,)] = execute(pool.url, f"select oid from pg_database where datname = '{name}'")
    return found


def test_the_next_check_takes_the_copy_and_its_role_may_work_there(both: Project) -> None:
    setting = 'alter database %I set "app.name" to here'
    history = f"do $$ begin execute format('{setting}', current_database()); end $$; {ONE}"
    with both.open_pool(superuser=True) as pool:
        check(pool, history, A)
    with both.open_pool(superuser=True) as pool:
        [copy] = copies(pool, A)
        assert databases(pool) == {*templates(pool, A), copy}
        made = oid(pool, copy)
        assert pool.longest_cached_prefix([A]) == 1
        with pool.scratch(A) as scratch, pool.scratch(A) as second:
            for each in (scratch, second):
                assert execute(each.url, "select current_setting('app.name') from public.one") == []
                assert execute(each.url, "show app.name") == [("here",)]
            assert oid(pool, scratch.url.database) == made != oid(pool, second.url.database)
        assert databases(pool) == templates(pool, A)


def test_the_role_of_the_replay_owns_what_it_is_given_and_nothing_before(both: Project) -> None:
    with both.open_pool(superuser=False) as pool:
        check(pool, ONE, A)
        owner = "select pg_get_userbyid(datdba), datallowconn from pg_database where datname = '{}'"
        [copy] = copies(pool, A)
        assert execute(pool.url, owner.format(copy)) == [("postgres", False)]
        with pool.scratch(A) as scratch:
            assert execute(pool.url, owner.format(scratch.url.database)) == [("dbmate_wrap_replay", True)]
            execute(scratch.url, "create table public.two (i int); drop table public.one")


def test_there_is_one_copy_and_it_is_dropped_with_its_template(here: Project) -> None:
    with here.open_pool() as pool:
        pool.most_templates = 2
        check(pool, ONE, A)
        check(pool, ONE, B)
        assert databases(pool) == {*templates(pool, B), *copies(pool, B)}
        replay(pool, [ONE], [C])
        replay(pool, [ONE], [A])
        assert databases(pool) == templates(pool, A, C)


def test_a_copy_does_not_keep_the_roles_of_its_history(here: Project) -> None:
    with here.open_pool() as pool:
        check(pool, f"create role made; {ONE}; alter table public.one owner to made", A)
        assert databases(pool) == {*templates(pool, A), *copies(pool, A)}
    with here.open_pool() as pool:
        assert pool.longest_cached_prefix([B]) == 0
        assert databases(pool) == set()
        assert roles(pool) == set()


def test_what_is_no_whole_copy_of_ours_is_dropped(here: Project) -> None:
    with here.open_pool() as pool:
        check(pool, ONE, A)
        [copy] = copies(pool, A)
        execute(pool.url, f'comment on database "{copy}" is null')
    with here.open_pool() as pool:
        assert databases(pool) == templates(pool, A)
        check(pool, ONE, A)
        execute(pool.url, f'create role other; alter database "{copy}" owner to other')
    with here.open_pool() as pool:
        assert databases(pool) == templates(pool, A)
        check(pool, ONE, A)
        execute(pool.url, f'drop database "{pool.template_name(A)}"')
    with here.open_pool() as pool:
        assert databases(pool) == set()


def test_no_copy_is_made_where_templates_fill_the_space(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with here.open_pool() as pool:
        replay(pool, [ONE], [A])
        size = pool.templates()[pool.template_name(A)].size
        monkeypatch.setattr(next_check, "MOST_BYTES", 2 * size - 1)
        with preparing_next_check(pool, A):
            pass
        assert databases(pool) == templates(pool, A)
        monkeypatch.setattr(next_check, "MOST_BYTES", 2 * size)
        with preparing_next_check(pool, A):
            pass
        assert databases(pool) == {*templates(pool, A), *copies(pool, A)}


def test_on_a_server_that_is_not_ours_there_is_no_copy(tcp_server: TcpServer) -> None:
    drop_shadow_databases(tcp_server)  # Those of other tests.
    url = parse(tcp_server.url(), os_user="")
    try:
        with servers.open_foreign_server(url, Access(0, 10, print, NAME)) as pool:
            check(pool, ONE, A)
            left = tcp_server.execute("select datname from pg_database where datname like 'dbmate_wrap%'")
            assert {str(name) for (name,) in left} == templates(pool, A)
    finally:
        drop_shadow_databases(tcp_server)


def test_room_is_made_for_one_template_more_while_another_is_copied(here: Project) -> None:
    with here.open_pool() as pool:
        for each in (A, B, C):
            replay(pool, [ONE], [each])
        pool.make_spare(B)
        pool.most_templates = 3
        with preparing_next_check(pool, None), pool.scratch(B) as scratch:
            assert execute(scratch.url, "select count(*) from public.one") == [(0,)]
        assert databases(pool) == templates(pool, B, C)
        assert old_templates.surplus(pool.templates(), spared="", most=2) == []
