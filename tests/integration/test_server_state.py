"""The cluster-wide state of shadow servers: leftovers of a history, changed servers, unusable folders."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap.cluster import server
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.errors import LockedError
from dbmate_wrap.postgres import shadow, shadow_state
from dbmate_wrap.shadow import own_server, servers, template
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
)

pytestmark = pytest.mark.integration

A, B, C = key("a"), key("b"), key("c")
ONE, TWO = "create table public.one (i int)", "create table public.two (i int)"
# Nothing is asked of a publisher.
SUBSCRIPTION = "create subscription s connection 'dbname=none' publication p with (connect = false)"


@pytest.fixture
def url(tcp_server: TcpServer) -> Iterator[DatabaseUrl]:
    """The tests' server by a role that may create databases; cleaned afterwards."""
    yield parse(tcp_server.tcp_url(user="app"), os_user="")
    drop_shadow_databases(tcp_server)


def remote(url: DatabaseUrl) -> AbstractContextManager[ScratchPool]:
    return servers.open_foreign_server(url, own_server.Access(0, 10, lambda line: None, NAME))


# What a history leaves


def test_a_database_that_a_history_made_is_there_when_it_goes_on(here: Project) -> None:
    history = [ONE, "create database reporting"]
    here.check(history, [A, B])
    more = [*history, "alter database reporting set timezone to 'UTC'"]
    assert here.check(more, [A, B, C]) < 2
    with here.open_pool() as pool:
        assert databases(pool).isdisjoint({"reporting"})


def test_a_second_replay_in_one_check_finds_no_databases_of_the_first(here: Project) -> None:
    with here.open_pool() as pool:
        for _ in range(2):
            with pool.scratch(None) as scratch:
                execute(scratch.url, "create database reporting")


def test_what_subscribes_is_not_kept_and_does_not_stay(here: Project) -> None:
    with here.open_pool() as pool:
        replay(pool, [ONE], [A])
        with pool.scratch(A) as scratch:
            execute(scratch.url, SUBSCRIPTION)
            assert not scratch.save_template(B)
        assert databases(pool) == {template.template_name(A)}
        assert pool.longest_cached_prefix([A, B]) == 1


def test_a_template_that_was_given_away_is_dropped(here: Project) -> None:
    gives = "do $$ begin execute format('alter database %I owner to other', current_database()); end $$"
    here.check(["create role other", gives], [A, B])
    with here.open_pool() as pool:
        assert pool.longest_cached_prefix([B]) == 0
        assert databases(pool) == set()


# Servers that change


def test_an_upgraded_server_forgets_what_the_old_one_made(
    here: Project, url: DatabaseUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.check([ONE], [A])
    with remote(url) as pool:
        replay(pool, [ONE], [A])
        assert pool.longest_cached_prefix([A]) == 1
    monkeypatch.setattr(shadow_state, "release", lambda session: "18.7 with pgvector 0.9")
    assert here.check([ONE], [A]) == 0
    assert here.check([ONE], [A]) == 1
    with remote(url) as pool:
        assert pool.longest_cached_prefix([A]) == 0


def test_where_boots_cannot_be_distinguished_nothing_is_trusted(
    here: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_server, "boot_id", lambda: "")
    here.check([ONE], [A])
    assert here.check([ONE], [A]) == 0


def test_a_copied_project_starts_over_and_leaves_the_original_alone(here: Project) -> None:
    here.check([ONE], [A])
    copy = Project(here.home.with_name("copy"), here.programs)
    with here.open_pool() as pool:
        # What is copied while its server runs may hold half of everything.
        subprocess.run(["cp", "-a", str(here.home), str(copy.home)], check=True)
        assert copy.check([TWO], [A]) == 0
        assert pool.longest_cached_prefix([A]) == 1
    server.destroy(copy.folder)


# Folders


@pytest.mark.parametrize("planted", ["link", "file", "mark", "holds"])
def test_a_server_folder_that_cannot_be_used_costs_the_cache_and_no_more(
    here: Project, planted: str, tmp_path: Path
) -> None:
    folder = here.folder
    folder.parent.mkdir(parents=True)
    match planted:
        case "link":
            folder.symlink_to(tmp_path)
        case "file":
            folder.touch()
        case "mark":
            folder.with_name(f"{folder.name}.made").mkdir()
        case _:
            folder.mkdir()
            (folder / "precious").touch()
    with here.open_pool() as pool:
        assert here.uses_throw_away
        assert replay(pool, [ONE], [A]) == 0
    assert "throw-away" in here.said[0]
    assert list(tmp_path.iterdir()) == []
    if planted in ("link", "file"):
        folder.unlink()  # Or its server cannot be removed.


# A URL


def test_one_check_at_a_time_uses_a_server_whichever_database_the_url_names(
    url: DatabaseUrl, tcp_server: TcpServer
) -> None:
    tcp_server.execute("create database elsewhere")
    other = replace(url, database="elsewhere")
    try:
        for first, second in ((url, other), (other, url)):
            with remote(first), pytest.raises(LockedError), remote(second):
                pass
            with remote(second):
                pass
    finally:
        tcp_server.execute("drop database elsewhere with (force)")


def test_another_lock_of_the_same_server_is_not_taken_for_a_check(
    url: DatabaseUrl, tcp_server: TcpServer
) -> None:
    tcp_server.execute("create database elsewhere")
    try:
        with tcp_server.connect("elsewhere") as other:
            other.execute(f"select pg_advisory_lock({shadow.SHADOW_KEY + 1})")
            other.execute(
                f"select pg_advisory_lock({shadow.SHADOW_KEY >> 32}, {shadow.SHADOW_KEY & 0x7FFFFFFF})"
            )
            with remote(url):
                pass
    finally:
        tcp_server.execute("drop database elsewhere with (force)")


def test_each_role_has_templates_of_its_own_on_a_url(url: DatabaseUrl, tcp_server: TcpServer) -> None:
    admin = parse(tcp_server.tcp_url(), os_user="")
    for _ in range(2):
        for each in (url, admin):
            with remote(each) as pool:
                replay(pool, [ONE], [A])
    for each in (url, admin):
        with remote(each) as pool:
            assert pool.longest_cached_prefix([A]) == 1


def test_what_cannot_be_dropped_on_a_url_keeps_nothing_else_from_being_dropped(
    url: DatabaseUrl, tcp_server: TcpServer
) -> None:
    stuck, left = (f"dbmate_wrap_shadow_scratch_{digit * 12}" for digit in "0a")
    for name in (stuck, left):
        tcp_server.execute(f"create database {name} owner app")
    tcp_server.execute(f"alter database {stuck} is_template true")
    try:
        with remote(url) as pool:
            assert databases(pool) & {stuck, left} == {stuck}
    finally:
        tcp_server.execute(f"alter database {stuck} is_template false")
