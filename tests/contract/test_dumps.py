"""pg_dump's output as a migration, and dbmate's own dump (facts 6 and 16)."""

import subprocess

import pytest

from tests.support.bare_dbmate import Bench
from tests.support.projects import migration
from tests.support.servers import Database, Server

pytestmark = pytest.mark.both_majors


SCHEMA = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('good', 'bad');
CREATE TABLE app.person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood app.mood NOT NULL);
CREATE VIEW app.happy AS SELECT id FROM app.person WHERE mood = 'good';
"""


def pg_dump(database: Database) -> str:
    """What a user would take as the first migration."""
    options = ["--schema-only", "--no-owner", "--no-privileges", "-d", database.url]
    done = subprocess.run(
        [database.server.bin_dir / "pg_dump", *options], capture_output=True, text=True, check=True, env={}
    )
    return done.stdout


def without_meta_commands(text: str) -> str:
    """The dump without psql's commands, which newer pg_dumps write."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("\\"))


@pytest.fixture
def dumped(database: Database) -> str:
    """A dump of a small schema, whose objects are then removed."""
    database.execute(SCHEMA)
    text = pg_dump(database)
    database.execute("DROP SCHEMA app CASCADE")
    return text


def test_a_raw_dump_has_no_directives_and_holds_psql_commands(
    bench: Bench, database: Database, dumped: str
) -> None:
    bench.write({"001_init.sql": dumped})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    assert "define an up block" in ran.error
    assert "\\restrict " in dumped
    bench.write({"001_init.sql": migration(dumped)})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    assert ran.error.endswith("(42601)")


def test_a_cleaned_dump_with_directives_is_a_migration(bench: Bench, database: Database, dumped: str) -> None:
    bench.write({"001_init.sql": migration(without_meta_commands(dumped))})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    assert ran.returncode == 0, ran.stderr
    assert database.execute("SELECT to_regclass('app.happy')::text") == [("app.happy",)]


def test_a_dump_with_the_history_table_in_it_fails(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    text = without_meta_commands(pg_dump(database))
    database.execute("DROP TABLE schema_migrations")
    bench.write({"001_a.sql": migration(text)})
    ran = bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    assert ran.error.endswith('relation "schema_migrations" already exists (42P07)')


def test_dbmates_dump_is_the_same_bytes_every_time_and_ends_in_the_versions(
    bench: Bench, database: Database
) -> None:
    bench.write({"001_a.sql": migration(SCHEMA), "002_b.sql": migration("SELECT 1;")})
    bench.run(database.server, database.url, "--no-dump-schema", "migrate")
    dumps = []
    for _ in range(2):
        assert bench.run(database.server, database.url, "dump").returncode == 0
        dumps.append((bench.root / "db" / "schema.sql").read_text())
    assert dumps[0] == dumps[1]
    assert dumps[0].endswith(
        "INSERT INTO public.schema_migrations (version) VALUES\n    ('001'),\n    ('002');\n"
    )
    assert dumps[0].startswith("\\restrict dbmate\n")


def test_pg_dump_refuses_a_newer_server(bench: Bench, embedded_database: Database, local: Server) -> None:
    if local.major > embedded_database.server.major:
        pytest.skip("the local PostgreSQL is the newer one")
    ran = bench.run(local, embedded_database.url, "dump")  # With the local pg_dump in PATH.
    assert ran.returncode == 2
    assert "server version mismatch" in ran.stderr
