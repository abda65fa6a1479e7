"""What dbmate answers: exit codes, printed lines, and what the database says (facts 3 to 6, 14)."""

import pytest

from tests.support.bare_dbmate import NO_DUMP, Bench
from tests.support.projects import migration
from tests.support.servers import Database, Server

pytestmark = pytest.mark.both_majors


GOOD = migration("CREATE TABLE a (id int);", "DROP TABLE a;")
BAD = migration("SELECT 1/0;")


def test_the_pinned_version_is_the_one_that_was_measured(bench: Bench, embedded: Server) -> None:
    assert bench.run(embedded, "", "--version").stdout == "dbmate version 2.37.0\n"


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["migrate"], 0),
        (["status"], 0),
        (["status", "--exit-code"], 1),
        (["migrate", "--strict"], 0),
        (["--strict", "migrate"], 2),
        (["--no-such-option", "migrate"], 2),
        (["no-such-command"], 3),
        (["--env-file", "missing.env", "status"], 0),
        (["--env-file", "broken.env", "status"], 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_exit_codes(bench: Bench, embedded_database: Database, args: list[str], code: int) -> None:
    bench.write({"001_a.sql": GOOD})
    (bench.root / "broken.env").write_text("A='unterminated\n")
    ran = bench.run(embedded_database.server, embedded_database.url, NO_DUMP, *args)
    assert ran.returncode == code, ran.stderr


def test_a_failed_migration_exits_2_and_its_error_ends_in_the_sqlstate(
    bench: Bench, database: Database
) -> None:
    bench.write({"001_a.sql": GOOD, "002_bad.sql": BAD})
    ran = bench.run(database.server, database.url, NO_DUMP, "migrate")
    assert ran.returncode == 2
    assert ran.error == "Error: pq: division by zero (22012)"
    assert database.execute("SELECT version FROM schema_migrations") == [("001",)]


def test_what_is_printed_is_no_longer_wrong_about_the_failed_file(
    bench: Bench, embedded_database: Database
) -> None:
    bench.write({"001_a.sql": GOOD, "002_bad.sql": BAD})
    ran = bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    # Up to 2.36.0 the failed file was "Applied" too.
    said = [line.partition(" in ")[0] for line in ran.stdout.splitlines()]
    assert said == ["Applying: 001_a.sql", "Applied: 001_a.sql", "Applying: 002_bad.sql"]


def test_a_commit_inside_a_migration_is_kept_and_its_record_may_be_too(
    bench: Bench, database: Database
) -> None:
    bench.write({"001_a.sql": migration("CREATE TABLE a (); COMMIT; SELECT 1/0;")})
    ran = bench.run(database.server, database.url, NO_DUMP, "migrate")
    assert (ran.returncode, ran.error) == (2, "Error: pq: unexpected transaction status idle")
    assert database.execute("SELECT to_regclass('a')::text, (SELECT count(*) FROM schema_migrations)") == [
        ("a", 0)
    ]
    bench.write({"001_a.sql": migration("BEGIN; CREATE TABLE b (); COMMIT;")})
    ran = bench.run(database.server, database.url, NO_DUMP, "migrate")
    # It says that it failed, and it is recorded: only the database knows.
    assert (ran.returncode, ran.error) == (2, "Error: pq: unexpected transaction status idle")
    assert database.execute("SELECT to_regclass('b')::text, (SELECT count(*) FROM schema_migrations)") == [
        ("b", 1)
    ]


def test_migrate_does_not_create_a_missing_database_and_up_does(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": GOOD})
    missing = f"{database.name}_x"
    url = database.server.url(missing)
    try:
        ran = bench.run(database.server, url, NO_DUMP, "migrate")
        assert (ran.returncode, ran.error) == (2, f'Error: pq: database "{missing}" does not exist (3D000)')
        ran = bench.run(database.server, url, NO_DUMP, "up")
        assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, f"Creating: {missing}")
    finally:
        database.server.execute(f'DROP DATABASE IF EXISTS "{missing}"')


def test_a_failed_schema_dump_is_silent(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": GOOD})
    (bench.root / "db" / "schema.sql").mkdir()  # Cannot be written.
    ran = bench.run(embedded_database.server, embedded_database.url, "migrate")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert bench.run(embedded_database.server, embedded_database.url, "dump").returncode == 2


def test_status_writes_nothing_and_dump_does(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": GOOD})
    bench.run(database.server, database.url, "status")
    assert database.execute("SELECT to_regclass('schema_migrations')") == [(None,)]
    read_only = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    assert bench.run(database.server, database.url, "status", env=read_only).returncode == 0
    refused = bench.run(database.server, database.url, "dump", env=read_only)
    assert refused.returncode == 2
    assert refused.error.endswith("(25006)")
    assert bench.run(database.server, database.url, "dump").returncode == 0
    assert database.execute("SELECT to_regclass('schema_migrations')::text") == [("schema_migrations",)]
