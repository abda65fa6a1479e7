"""The rules about transactions and types against the servers' own verdicts."""

from pathlib import Path

import psycopg
import pytest

from dbmate_wrap.sql import catalog_types
from dbmate_wrap.sql.catalog_types import TRIGGER_FUNCTIONS, is_catalog_type
from tests.support.servers import Database, Server
from tests.support.transaction_blocks import (
    ALLOWED,
    ENUM_ALLOWED,
    ENUM_REFUSED,
    REFUSED,
    REFUSED_IN_DO,
    REFUSED_SINCE_18,
    SETUP,
)

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]


def verdict(database: Database, sql: str, *, transaction: bool = True) -> str | None:
    """The SQLSTATE with which the server refuses the statements; None where it takes them."""
    with database.connect() as connection:
        if transaction:
            connection.execute("BEGIN")
        try:
            connection.execute(sql.encode())
        except psycopg.Error as error:
            return error.sqlstate
        finally:
            connection.execute("ROLLBACK")
    return None


@pytest.fixture
def prepared(database: Database) -> Database:
    """A database with the objects that the statements name."""
    database.execute(SETUP)
    return database


def test_each_statement_that_is_said_to_need_no_transaction_fails_inside_one(prepared: Database) -> None:
    newer = REFUSED_SINCE_18 if prepared.server.major >= 18 else []
    verdicts = {sql: verdict(prepared, sql) for sql in [*REFUSED, *newer]}
    assert verdicts == dict.fromkeys(verdicts, "25001")


def test_in_a_do_block_they_fail_outside_of_a_transaction_too(prepared: Database) -> None:
    for transaction in (True, False):
        verdicts = {sql: verdict(prepared, sql, transaction=transaction) for sql in REFUSED_IN_DO}
        assert verdicts == dict.fromkeys(verdicts, "25001")


def test_the_others_are_taken_inside_a_transaction(prepared: Database) -> None:
    verdicts = {sql: verdict(prepared, sql) for sql in [*ALLOWED, *ENUM_ALLOWED]}
    assert verdicts == dict.fromkeys(verdicts)


def test_each_use_of_a_new_value_fails_in_the_transaction_that_adds_it(prepared: Database) -> None:
    verdicts = {sql: verdict(prepared, sql) for sql in ENUM_REFUSED}
    assert verdicts == dict.fromkeys(verdicts, "55P04")


def test_a_do_block_commits_outside_of_a_transaction_only(prepared: Database) -> None:
    commit = "do $$ begin commit; end $$"
    assert verdict(prepared, commit) == "2D000"
    assert verdict(prepared, commit, transaction=False) is None


def test_a_new_value_of_a_type_of_the_same_transaction_is_taken_since_17(prepared: Database) -> None:
    sql = "create type app.e as enum ('a'); alter type app.e add value 'new'; select 'new'::app.e"
    assert verdict(prepared, sql) == (None if prepared.server.major >= 17 else "55P04")


def test_two_statements_sent_at_once_are_one_transaction(prepared: Database) -> None:
    sql = "select 1; create index concurrently on app.t (id)"
    assert verdict(prepared, sql, transaction=False) == "25001"


def test_the_types_of_the_catalog_are_those_of_the_servers(embedded: Server, local: Server) -> None:
    query = "select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace"
    real = {str(row[0]) for server in (embedded, local) for row in server.execute(query)}
    assert [name for name in sorted(real) if not is_catalog_type(name)] == []
    data = Path(catalog_types.__file__).with_name("catalog_types.txt").read_text().split()
    assert data == sorted(name for name in real if not name.startswith(("_", "pg_")))


def test_the_functions_for_triggers_of_the_catalog_are_those_of_the_servers(server: Server) -> None:
    query = (
        "select proname from pg_proc where prorettype = 'trigger'::regtype"
        " and pronamespace = 'pg_catalog'::regnamespace"
    )
    real = {str(row[0]) for row in server.execute(query)}
    internal = {name for name in real if name.startswith("RI_")} | {"trigger_in", "unique_key_recheck"}
    assert real - internal == TRIGGER_FUNCTIONS
