"""Tables and keys are read from the catalogs as they are; the sample's diagram in docs/ is of today."""

import os

import pytest

from dbmate_wrap.domain.entities import EntityColumn
from dbmate_wrap.domain.mermaid import write_diagram
from dbmate_wrap.postgres.entities import read_entities
from tests.support.repository import REPOSITORY
from tests.support.servers import Database
from tests.support.sessions import open_session

pytestmark = pytest.mark.integration

HISTORY = ("public", "schema_migrations")


@pytest.mark.both_majors
def test_tables_columns_and_keys_are_read_and_what_is_none_is_left_out(database: Database) -> None:
    database.execute(
        "create schema crm; create schema dbmate_wrap; create table dbmate_wrap.run (i int);"
        "create table public.schema_migrations (version varchar primary key);"
        "create domain crm.code as text not null;"
        'create table crm."A b" (id bigint primary key, code crm.code unique, gone int, tags varchar(3)[]);'
        'alter table crm."A b" drop column gone;'
        'create unique index on crm."A b" (lower(code));'
        'create unique index on crm."A b" (tags) where id > 3;'
        'create table crm.parts (i bigint, at date not null, a bigint references crm."A b", '
        " primary key (i, at)) partition by range (at);"
        "create table crm.parts_1 partition of crm.parts for values from ('2026-01-01') to ('2026-02-01');"
        "create table crm.late (i bigint, at date, n int);"
        "alter table crm.late add foreign key (i, at) references crm.parts_1 (i, at) not valid;"
        "create view crm.v as select 1 as i; create temporary table t (i int)"
    )
    with open_session(database) as session:
        found = read_entities(session, HISTORY)
    assert [each.place for each in found.entities] == [("crm", "A b"), ("crm", "late"), ("crm", "parts")]
    first, _, parts = found.entities
    assert first.columns == (
        EntityColumn("id", "bigint", True),
        EntityColumn("code", "crm.code", True),
        EntityColumn("tags", "character varying(3)[]", False),
    )
    assert (first.primary_key, first.unique) == (("id",), (("code",), ("id",)))
    assert (parts.primary_key, parts.unique) == (("i", "at"), (("i", "at"),))
    assert [
        (each.table, each.columns, each.referenced_table, each.validated) for each in found.foreign_keys
    ] == [
        ("late", ("i", "at"), "parts", False),
        ("parts", ("a",), "A b", True),
    ]


def test_the_diagram_of_the_sample_in_the_documents_is_of_today(embedded_database: Database) -> None:
    embedded_database.execute((REPOSITORY / "db" / "schema.sql").read_text())
    with open_session(embedded_database) as session:
        schema = read_entities(session, HISTORY)
    page = REPOSITORY / "docs" / "diagram.md"
    before, _, rest = page.read_text().partition("```mermaid\n")
    _, _, after = rest.partition("```\n")
    expected = f"{before}```mermaid\n{write_diagram(schema, schema.foreign_keys)}```\n{after}"
    if os.environ.get("UPDATE_CASES"):
        page.write_text(expected)
    assert page.read_text() == expected, (
        "write it again: UPDATE_CASES=1 pytest tests/integration/test_entities.py"
    )
