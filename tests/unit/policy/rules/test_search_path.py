"""Nobody changes the search path, except in the definition of a function."""

import pytest

from dbmate_wrap.policy.rules.search_path import find
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


@pytest.mark.parametrize(
    ("sql", "message", "place"),
    [
        ("set search_path = a, b", "SET search_path", "set"),
        ('SET "Search_Path" TO DEFAULT', "SET search_path", "SET"),
        ("set session search_path to ''", "SET search_path", "set"),
        ("set local search_path = a", "SET LOCAL search_path", "set"),
        ("set schema 'a'", "SET search_path", "set"),
        ("set search_path from current", "SET search_path", "set"),
        ("reset search_path", "RESET search_path", "reset"),
        ("reset all", "RESET ALL", "reset"),
        (
            "select 'ü', pg_catalog.set_config('search_path', '', false)",
            "set_config('search_path', ...)",
            "pg_cat",
        ),
        ("select set_config('SEARCH_PATH'::text, '', true)", "set_config('search_path', ...)", "set_config"),
        (
            "select set_config(setting_name => 'search_path', new_value => '', is_local => true)",
            "set_config('search_path', ...)",
            "set_config",
        ),
        (
            "select set_config(is_local => false, new_value => '', setting_name => 'search_path')",
            "set_config('search_path', ...)",
            "set_config",
        ),
        ("alter role r set search_path = a", "ALTER ROLE ... SET search_path", "alter"),
        ("alter role r in database d reset search_path", "ALTER ROLE ... RESET search_path", "alter"),
        ("alter role all reset all", "ALTER ROLE ... RESET ALL", "alter"),
        ("alter database d set search_path = a", "ALTER DATABASE ... SET search_path", "alter"),
        ("alter system set search_path = a", "ALTER SYSTEM SET search_path", "alter"),
        ("alter system reset search_path", "ALTER SYSTEM RESET search_path", "alter"),
        ("do $$ begin set local search_path = a; end $$", "SET LOCAL search_path", "set local"),
        (
            "do $$ begin perform set_config('search_path', 'ü', true); end $$",
            "set_config('search_path', ...)",
            "set_config",
        ),
        (
            "do $$ declare a text := set_config('search_path', '', true); begin end $$",
            "set_config('search_path', ...)",
            "set_config",
        ),
        ("do $$ begin execute 'set search_path = a'; end $$", "SET search_path", "'set"),
        ("do $$ begin execute format('set search_path = %I', s); end $$", "SET search_path", "format"),
        (
            "create function f() returns void language plpgsql as $$ begin set search_path = a; end $$",
            "SET search_path",
            "set search",
        ),
        (
            "create function f() returns void language sql as 'set search_path = a'",
            "SET search_path",
            "set search",
        ),
        (
            "create function f() returns text return set_config('search_path', '', true)",
            "set_config('search_path', ...)",
            "set_config",
        ),
        (
            "create function f() returns trigger language plpgsql set search_path = a as"
            " $$ begin new.x := set_config('search_path', '', true); return new; end $$",
            "set_config('search_path', ...)",
            "set_config",
        ),
    ],
)
def test_what_changes_the_path_is_reported_at_its_place(sql: str, message: str, place: str) -> None:
    (hit,) = find(read_sql(sql).statements, TRANSACTION)
    assert hit.rule == "search-path"
    assert hit.message == f"changes search_path: {message}"
    assert sql[hit.offset :].startswith(place)


@pytest.mark.parametrize(
    "sql",
    [
        "create function f() returns void language sql set search_path = a as 'select 1'",
        "create procedure f() language plpgsql set search_path from current as $$ begin null; end $$",
        "alter function f() set search_path = a",
        "alter procedure f() reset search_path",
        "alter function f() reset all",
        "select current_setting('search_path')",
        "show search_path",
        "set lock_timeout = 1",
        "set local search_paths.x = 1",
        "reset lock_timeout",
        "select set_config('x.y', 'search_path', false)",
        "select 'set search_path = a'",
        "comment on table t is 'set search_path'",
        "do $$ begin raise notice 'set search_path = a'; end $$",
        "alter role r set lock_timeout = 1",
    ],
)
def test_what_only_looks_like_it_is_left_alone(sql: str) -> None:
    reading = read_sql(sql)
    assert reading.unreadable == ()
    assert list(find(reading.statements, TRANSACTION)) == []


def test_in_a_function_the_hint_names_the_set_clause() -> None:
    sql = "create function f() returns void language plpgsql as $$ begin set search_path = a; end $$"
    (hit,) = find(read_sql(sql).statements, TRANSACTION)
    assert "CREATE FUNCTION ... SET search_path" in hit.hint


@pytest.mark.parametrize("first", ["set search_path = a", "set local search_path = a"])
def test_the_hint_says_to_put_it_back_and_both_are_allowed_by_comments(first: str) -> None:
    hits = list(find(read_sql(f"{first}; select 1; reset search_path").statements, TRANSACTION))
    assert len(hits) == 2
    assert "RESET search_path" in hits[0].hint
    assert "allow both by a comment" in hits[0].hint
