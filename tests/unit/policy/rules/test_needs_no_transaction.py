"""Rule needs-no-transaction: what the server refuses inside a transaction, and new values of enums."""

from dataclasses import replace

import pytest

from dbmate_wrap.policy.rules import needs_no_transaction
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION
from tests.support.transaction_blocks import ALLOWED, ENUM_ALLOWED, ENUM_REFUSED, REFUSED, REFUSED_IN_DO
from tests.support.transaction_hits import hits


@pytest.mark.parametrize("sql", REFUSED)
def test_what_the_server_refuses_in_a_transaction_is_a_hit(sql: str) -> None:
    found = hits(sql)
    assert [rule for rule, _ in found] == ["needs-no-transaction"]
    last = sql.split(";")[-1].split()[0]
    assert found[0][1] == last


@pytest.mark.parametrize("sql", REFUSED)
def test_outside_a_transaction_it_is_none(sql: str) -> None:
    assert "needs-no-transaction" not in [rule for rule, _ in hits(sql, transactional=False)]


@pytest.mark.parametrize("sql", REFUSED_IN_DO)
@pytest.mark.parametrize("transactional", [True, False])
def test_in_a_do_block_it_is_a_hit_everywhere(sql: str, transactional: bool) -> None:
    assert [rule for rule, _ in hits(sql, transactional=transactional)] == ["needs-no-transaction"]


@pytest.mark.parametrize("sql", [*ALLOWED, *ENUM_ALLOWED])
def test_what_the_server_takes_in_a_transaction_is_none(sql: str) -> None:
    assert hits(sql) == []


@pytest.mark.parametrize("sql", ENUM_REFUSED)
def test_a_use_of_the_new_value_of_an_enum_is_a_hit_where_it_is_used(sql: str) -> None:
    (hit,) = hits(sql)
    assert hit[0] == "needs-no-transaction"
    assert hit[1].startswith(("'new'", "'''new'''", "('new'"))


def test_a_do_block_in_quotes_has_its_hit_in_the_right_place() -> None:
    sql = "alter type app.status add value 'new'; do 'begin update app.t set s = ''new''; end'"
    assert hits(sql) == [("needs-no-transaction", "''new'';")]


def test_a_type_that_the_block_creates_is_left_to_the_server() -> None:
    # PostgreSQL 17 and newer takes it; older ones do not.
    create = "create type app.e as enum ('a'); alter type app.e add value 'new'"
    assert hits(f"{create}; select 'new'::app.e") == []


@pytest.mark.parametrize(("down", "marked"), [(False, "-- migrate:up "), (True, "-- migrate:down ")])
def test_the_directive_to_mark_is_that_of_the_block(down: bool, marked: str) -> None:
    statements = read_sql("drop index concurrently app.i").statements
    [hit] = needs_no_transaction.find(statements, replace(TRANSACTION, down=down))
    assert f"marked {marked}transaction:false" in hit.hint
