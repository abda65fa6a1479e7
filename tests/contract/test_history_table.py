"""Where dbmate keeps its history, for the names that `migrations_table` may have."""

import pytest

from tests.support.bare_dbmate import Bench
from tests.support.projects import migration
from tests.support.servers import Database

pytestmark = pytest.mark.both_majors


# An option -> schema and name of the table that it means.
NAMES = {
    "schema_migrations": ("public", "schema_migrations"),
    "other.history": ("other", "history"),
    "Other.History": ("Other", "History"),
    'we"ird': ("public", 'we"ird'),
    "with space": ("public", "with space"),
    "public.select": ("public", "select"),
}


def tables(database: Database) -> list[tuple[str, str]]:
    """Every table outside the system schemas."""
    rows = database.execute(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
    )
    return [(schema, name) for schema, name in rows]


@pytest.mark.parametrize(("option", "table"), NAMES.items(), ids=NAMES.keys())
def test_the_schema_is_what_stands_before_the_first_dot(
    bench: Bench, embedded_database: Database, option: str, table: tuple[str, str]
) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    args = ("--migrations-table", option, "--no-dump-schema")
    for verb in ("migrate", "migrate", "rollback", "migrate"):
        ran = bench.run(embedded_database.server, embedded_database.url, *args, verb)
        assert ran.returncode == 0, ran.stderr
    assert tables(embedded_database) == [table]


def test_a_second_dot_breaks_it(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    args = ("--migrations-table", "a.b.c", "--no-dump-schema", "migrate")
    ran = bench.run(embedded_database.server, embedded_database.url, *args)
    assert ran.returncode == 2


def test_without_a_schema_it_is_current_schema(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    database.execute(f'CREATE SCHEMA app; ALTER DATABASE "{database.name}" SET search_path = app, public')
    assert bench.run(database.server, database.url, "--no-dump-schema", "migrate").returncode == 0
    assert tables(database) == [("app", "schema_migrations")]


def test_a_schema_of_the_users_name_takes_the_history_with_it(
    bench: Bench, embedded_database: Database
) -> None:
    bench.write({"001_a.sql": migration("CREATE SCHEMA postgres;"), "002_b.sql": migration("SELECT 1;")})
    ran = bench.run(embedded_database.server, embedded_database.url, "--no-dump-schema", "migrate")
    # "$user" comes first in search_path: from here on dbmate looks in the new schema, where no history is.
    assert ran.returncode == 2
    assert ran.error == (
        'Error: pq: relation "postgres.schema_migrations" does not exist at column 13 (42P01)'
    )
    assert tables(embedded_database) == [("public", "schema_migrations")]


def test_its_shape(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    columns = database.execute(
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'schema_migrations'::regclass AND attnum > 0"
    )
    assert columns == [("version", "character varying")]
