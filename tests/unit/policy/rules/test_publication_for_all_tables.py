"""publication-for-all-tables: publications that hold the history and the ledger."""

import pytest

from dbmate_wrap.policy.rules import publication_for_all_tables
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def hits(sql: str) -> list[str]:
    """What the messages say after the colon."""
    found = publication_for_all_tables.find(read_sql(sql).statements, TRANSACTION)
    return [hit.message.partition(": ")[2] for hit in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("create publication p for all tables", "FOR ALL TABLES"),
        ("create publication p for all tables with (publish = 'insert')", "FOR ALL TABLES"),
        ("do $$ begin execute 'create publication p for all tables'; end $$", "FOR ALL TABLES"),
        ("create publication p for table a.b, tables in schema dbmate_wrap", "TABLES IN SCHEMA dbmate_wrap"),
        ("alter publication p add tables in schema dbmate_wrap", "TABLES IN SCHEMA dbmate_wrap"),
        ("alter publication p set tables in schema dbmate_wrap", "TABLES IN SCHEMA dbmate_wrap"),
    ],
)
def test_what_publishes_the_tables_of_the_history(sql: str, expected: str) -> None:
    assert hits(sql) == [expected]


@pytest.mark.parametrize(
    "sql",
    [
        "create publication p",
        "create publication p for table shop.t",
        "create publication p for tables in schema shop",
        "alter publication p drop tables in schema dbmate_wrap",
        "drop publication p",
        "comment on publication p is 'for all tables'",
    ],
)
def test_what_publishes_others(sql: str) -> None:
    assert hits(sql) == []
