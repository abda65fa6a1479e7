"""database-name: statements about a database that name it."""

import pytest

from dbmate_wrap.policy.rules import database_name
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def hits(sql: str) -> list[str]:
    """The messages."""
    return [hit.message for hit in database_name.find(read_sql(sql).statements, TRANSACTION)]


@pytest.mark.parametrize(
    "sql",
    [
        "alter database crm set timezone to 'UTC'",
        "alter database crm connection limit 5",
        "alter database crm rename to other",
        "alter database crm owner to app",
        "grant connect on database crm to app",
        "revoke all on database crm from public",
        "comment on database crm is 'x'",
        "alter role app in database crm set work_mem = '1MB'",
        "do $$ begin execute 'alter database crm set work_mem = 9999'; end $$",
    ],
)
def test_a_database_that_is_named(sql: str) -> None:
    assert hits(sql) == ["names the database crm, which is called otherwise elsewhere"]


@pytest.mark.parametrize(
    "sql",
    [
        "do $$ begin execute format('alter database %I set work_mem = 9999', current_database()); end $$",
        "do $$ begin execute 'grant connect on database ' || current_database() || ' to app'; end $$",
        "alter role app set work_mem = '1MB'",
        "comment on table s.t is 'the database'",
        "grant select on s.database to app",
        "alter table s.database rename to d",
    ],
)
def test_no_database_is_named(sql: str) -> None:
    assert hits(sql) == []


def test_each_database_is_named() -> None:
    [message] = hits("grant connect on database crm, other to app")
    assert message == "names the database crm, other, which is called otherwise elsewhere"
