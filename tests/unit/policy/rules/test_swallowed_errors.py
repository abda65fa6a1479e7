"""Rule swallowed-errors: handlers that catch all errors and raise none."""

import pytest

from dbmate_wrap.policy.rules.swallowed_errors import find
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def found(sql: str) -> list[str]:
    """The text from each hit on."""
    return [sql[hit.offset :] for hit in find(read_sql(sql).statements, TRANSACTION)]


def handler(code: str) -> str:
    """A DO block whose handlers are this code."""
    return f"do $$ begin alter table t add x int; exception {code} end $$"


@pytest.mark.parametrize(
    "code",
    [
        "when others then null;",
        "when others then",
        "WHEN OTHERS THEN RAISE NOTICE 'skipped: %', sqlerrm;",
        "when others then raise warning 'exception'; return;",
        "when others then raise info using message = 'x';",
        "when others or undefined_table then null;",
        "when others then insert into log values ('raise'); -- raise;\n",
        "when others then if x then raise notice 'a'; end if; raise log 'b';",
    ],
)
def test_a_handler_for_others_that_goes_on_is_a_hit(code: str) -> None:
    (place,) = found(handler(code))
    assert place.lower().startswith("when others")


@pytest.mark.parametrize(
    "code",
    [
        "when others then raise;",
        "when others then raise notice 'x'; raise;",
        "when others then raise exception 'no: %', sqlerrm;",
        "when others then raise 'no';",
        "when others then raise unique_violation using message = 'x';",
        "when others then raise sqlstate '22012';",
        "when others then raise using message = 'x';",
        "when others then if sqlstate <> '42P07' then raise; end if;",
        "when others then case when x then raise; else null; end case;",
        "when others then alter table t add column if not exists y int; raise;",
        "when duplicate_object then null;",
        "when duplicate_object then null; when others then raise;",
        "when sqlstate '42501' or undefined_table then raise notice 'x';",
    ],
)
def test_a_handler_that_raises_or_names_its_errors_is_none(code: str) -> None:
    assert read_sql(handler(code)).unreadable == ()
    assert found(handler(code)) == []


def test_every_handler_is_looked_at_with_the_place_of_its_own_when() -> None:
    code = "when division_by_zero then raise; when others then perform 1;"
    (place,) = found(handler(code))
    assert place.startswith("when others then perform")


def test_the_statements_of_an_inner_block_belong_to_the_outer_handler() -> None:
    inner = "begin null; exception when others then null; end;"
    places = found(handler(f"when others then loop {inner} exit when x; end loop; raise;"))
    assert [place.split(";")[0] for place in places] == ["when others then null"]
    assert found(handler("when others then begin perform 1; end; raise;")) == []


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        (
            "create function f() returns int language plpgsql as"
            " $$begin exception when others then null; end$$",
            "when others",
        ),
        (
            "create procedure f() language plpgsql as"
            " 'begin exception when others then raise notice ''x''; end'",
            "when others",
        ),
        (
            "do $$ begin execute 'do $x$ begin exception when others then null; end $x$'; end $$",
            "'do $x$ begin exception",
        ),
        (
            "do $$ begin create function f() returns void language plpgsql as $x$ begin drop table t;"
            " exception when others then null; end $x$; end $$",
            "when others",
        ),
    ],
)
def test_functions_procedures_and_nested_blocks_are_looked_at(sql: str, place: str) -> None:
    (text,) = found(sql)
    assert text.startswith(place)


@pytest.mark.parametrize(
    "sql",
    [
        "create function f() returns text language sql as $$ select 'exception when others then null' $$",
        "create function f() returns void language plpython3u as $$ exception when others then null $$",
        "comment on table t is 'exception when others then null; end'",
        "do $$ begin raise notice 'exception when others then null; end'; end $$",
        "do $$ begin /* exception when others then null; */ end $$",
    ],
)
def test_other_text_is_not(sql: str) -> None:
    assert found(sql) == []
