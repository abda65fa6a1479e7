"""Which statements of a migration a superuser runs in a replay, and what stands for them."""

import pytest

from dbmate_wrap.domain.replay_server import ReplayServer
from dbmate_wrap.sql.superuser import replace_statements, superuser_statements

SERVER = ReplayServer(
    frozenset({"postgres_fdw", "dblink", "plpython3u", "file_fdw", "pg_stat_statements"}),
    event_triggers=True,
    own_roles=True,
    has_network=False,
)
OLD = ReplayServer(SERVER.untrusted, event_triggers=False, own_roles=False, has_network=True)
MADE = "the subscription is made with connect = false: it connects to nobody"


def runs(text: str, server: ReplayServer = SERVER) -> list[str]:
    return [each.runs for each in superuser_statements(text, server)]


@pytest.mark.parametrize(
    "statement",
    [
        "create extension if not exists pg_stat_statements with schema ext",
        "create extension dblink",
        "comment on extension citext is 'x'",
        "alter extension citext update",
        "alter extension citext set schema ext",
        "drop extension if exists citext cascade",
        "create event trigger e on ddl_command_end execute function public.f()",
        "alter event trigger e disable",
        "drop event trigger e",
        "create publication p for all tables",
        "alter publication p add table public.t",
        "drop publication p",
    ],
)
def test_what_only_a_superuser_may_do_is_run_by_one(statement: str) -> None:
    assert runs(f"select 1; {statement};") == [statement]


@pytest.mark.parametrize(
    "statement",
    [
        "create extension citext",
        "create extension plpython3u",
        "create extension file_fdw",
        "create event trigger e on login execute function public.f()",
        "alter event trigger e enable always",
        "copy public.t to program 'id' -- extension",
        "alter system set work_mem = '1MB' -- extension",
        "create role boss superuser -- extension",
        "do $$ begin execute 'create extension dblink'; end $$",
        "create function public.extension() returns int language c as 'x'",
        "comment on table public.extension is 'x'",
    ],
)
def test_everything_else_is_left_to_the_role_of_the_replay(statement: str) -> None:
    assert runs(statement) == []


def test_what_connects_needs_a_server_without_a_network() -> None:
    assert runs("create extension dblink", OLD) == []
    assert runs("create extension postgres_fdw", OLD) == []
    [fdw] = runs("create extension postgres_fdw")
    assert fdw.endswith("; grant usage on foreign data wrapper postgres_fdw to public")


def test_event_triggers_need_a_server_that_can_keep_them_from_firing() -> None:
    assert runs("create event trigger e on sql_drop execute function public.f()", OLD) == []


@pytest.mark.parametrize(
    ("statement", "run"),
    [
        (
            "create subscription s connection 'host=a password=''q''' publication p, \"Q\""
            " with (create_slot, copy_data = true, binary, slot_name = 'x')",
            "create subscription \"s\" connection e'host=a password=''q''' publication \"p\", \"Q\""
            " with (connect = false, binary, slot_name = e'x')",
        ),
        ("alter subscription s enable", "select"),
        ("alter subscription s refresh publication", "select"),
        ("alter subscription s set (failover = true)", "select"),
        ("alter subscription s disable", "select"),
        (
            "alter subscription s set publication p",
            'alter subscription "s" set publication "p" with (refresh = false)',
        ),
        (
            "alter subscription s add publication p",
            'alter subscription "s" add publication "p" with (refresh = false)',
        ),
        ("alter subscription s connection 'host=b'", "alter subscription s connection 'host=b'"),
    ],
)
def test_a_subscription_connects_to_nobody(statement: str, run: str) -> None:
    assert runs(statement) == [run]


@pytest.mark.parametrize(
    ("statement", "run"),
    [
        ("create role app login", 'create role app login; grant "app" to dbmate_wrap_replay'),
        ("alter role app set work_mem = '1MB'", "alter role app set work_mem = '1MB'"),
        ("alter role app bypassrls", "alter role app bypassrls"),
        ("grant app to reader", "grant app to reader"),
        ("drop role if exists app", "drop role if exists app"),
        ("create role app superuser", None),
        ("create role app in role pg_execute_server_program", None),
        ("grant pg_read_server_files to app", None),
        ("grant postgres to app", None),
        ('grant U&"pg_execute_server_progr\\0061m" to app', None),
        ("create role app createrole", None),
        ("alter role app with createrole", None),
        (
            "create role app nocreaterole nosuperuser",
            'create role app nocreaterole nosuperuser; grant "app" to dbmate_wrap_replay',
        ),
        ("alter user postgres password 'x'", None),
        ("grant select on public.t to app", None),
    ],
)
def test_before_16_a_superuser_makes_the_roles(statement: str, run: str | None) -> None:
    assert runs(statement, OLD) == ([] if run is None else [run])
    assert runs(statement) == []


def test_a_subscription_is_dropped_without_its_slot() -> None:
    [run] = runs("drop subscription if exists s")
    assert 'alter subscription "s" set (slot_name = none);' in run
    assert run.endswith("; drop subscription if exists s")


def test_what_is_done_otherwise_is_told() -> None:
    [subscription] = superuser_statements("create subscription s connection '' publication p", SERVER)
    assert subscription.note == MADE
    assert superuser_statements("create publication p for all tables", SERVER)[0].note is None


def test_the_calls_keep_the_lines_and_the_rest_of_the_text() -> None:
    text = "select 'é';\ncreate extension dblink\n  schema x;\nselect 2;\ndrop extension dblink;\n"
    found = superuser_statements(text, SERVER)
    assert replace_statements(text, found) == (
        f"select 'é';\nselect dbmate_wrap.run_replay_statement('{found[0].id}')\n;\nselect 2;\n"
        f"select dbmate_wrap.run_replay_statement('{found[1].id}');\n"
    )


def test_text_without_such_words_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbmate_wrap.sql.superuser.read_sql", None)
    assert superuser_statements("create table public.t (i int)", SERVER) == ()
