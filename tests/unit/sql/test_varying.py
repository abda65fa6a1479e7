"""Migrations that make another schema each time, and those that only look like it."""

import pytest

from dbmate_wrap.sql.varying import find_varying
from tests.support.migrations import parsed_migration


def causes(*texts: str) -> dict[str, str]:
    """By number of the migration."""
    files = [parsed_migration(f"{number:03}_a.sql", text) for number, text in enumerate(texts, 1)]
    return {name.partition("_")[0]: cause for name, cause in find_varying(files).items()}


PARTITION = "create table s.p partition of s.t for values "
FUNCTION = (
    "create function s.make(day date) returns void language plpgsql as $$ begin"
    " execute format('create table s.%I ()', 'p_' || {}); end $$;"
)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "do $$ declare s bigint := extract(epoch from clock_timestamp())::bigint / 2;"
            " begin execute format('create table s.%I ()', 'e_' || s); end $$;",
            "the clock (clock_timestamp())",
        ),
        (
            "do $$ begin execute 'create table s.p_' || to_char(current_date, 'YYYYMMDD') || ' ()'; end $$;",
            "the clock (current_date)",
        ),
        (
            "do $$ declare c text; begin select 'create table s.a' || now() into c; execute c; end $$;",
            "the clock (now())",
        ),
        (
            "do $$ begin if random() < 0.5 then create table s.t (); end if; end $$;",
            "random values (random())",
        ),
        (
            "do $$ begin if current_database() = 'crm' then create table s.t (); end if; end $$;",
            "the name of the database (current_database())",
        ),
        (
            "do $a$ begin execute $b$ do $$ begin execute 'create table s.' || quote_ident("
            "gen_random_uuid()::text); end $$ $b$; end $a$;",
            "random values (gen_random_uuid())",
        ),
        (
            "do $$ begin execute format('create table s.t_%s ()', pg_backend_pid()); end $$;",
            "the session (pg_backend_pid())",
        ),
        (f"{PARTITION} from (current_date) to (current_date + 1);", "the clock (current_date)"),
        (f"{PARTITION} in (extract(year from now()));", "the clock (now())"),
        ("create table s.t (a timestamptz default 'now'::timestamptz);", "the clock ('now')"),
    ],
)
def test_what_a_schema_depends_on(text: str, cause: str) -> None:
    assert causes(text) == {"001": cause}


def test_a_function_counts_where_it_is_called() -> None:
    clock = FUNCTION.format("to_char(now(), 'YYYY')")
    assert causes(clock) == {}
    assert causes(clock, "select s.make('2026-01-01');") == {"002": "the clock (now())"}
    assert causes(clock, "do $$ begin perform s.make('2026-01-01'); end $$;") == {"002": "the clock (now())"}
    assert causes(FUNCTION.format("day"), "select s.make('2026-01-01');") == {}


@pytest.mark.parametrize(
    "text",
    [
        "create table s.t (a timestamptz default now(), b uuid default gen_random_uuid());",
        "create view s.v as select now();",
        "do $$ begin create table s.t (a timestamptz default now()); end $$;",
        "do $$ begin execute 'create table s.t (a timestamptz default now())'; end $$;",
        "do $$ begin execute format('alter database %I set work_mem = 9999', current_database()); end $$;",
        "do $$ begin execute format('grant connect on database %I to app', current_database()); end $$;",
        "do $$ declare at timestamptz := now(); begin update s.t set a = at; end $$;",
        "do $$ begin execute format('insert into s.t values (%L)', now()); end $$;",
        "insert into s.t values (now());",
        f"{PARTITION} from ('2026-01-01') to ('2026-02-01');",
    ],
)
def test_what_is_the_same_each_time(text: str) -> None:
    assert causes(text) == {}
