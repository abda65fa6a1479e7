"""Which files dbmate sees, in which order, and what it does not notice (facts 11 to 14)."""

from tests.support.bare_dbmate import NO_DUMP, Bench
from tests.support.projects import migration
from tests.support.servers import Database

EMPTY = migration("")


def listed(bench: Bench, database: Database) -> list[str]:
    """The lines of `dbmate status` about files."""
    ran = bench.run(database.server, database.url, "status")
    return [line for line in ran.stdout.splitlines() if line.startswith("[")]


def test_files_come_in_the_order_of_their_text(bench: Bench, embedded_database: Database) -> None:
    bench.write(dict.fromkeys(("999_a.sql", "1000_b.sql", "9_c.sql", "10_d.sql"), EMPTY))
    found = listed(bench, embedded_database)
    assert found == ["[ ] 1000_b.sql", "[ ] 10_d.sql", "[ ] 999_a.sql", "[ ] 9_c.sql"]


def test_strict_compares_text_too(bench: Bench, embedded_database: Database) -> None:
    bench.write({"9_a.sql": EMPTY})
    run = (embedded_database.server, embedded_database.url, NO_DUMP, "migrate", "--strict")
    assert bench.run(*run).returncode == 0
    bench.write({"10_b.sql": EMPTY})
    ran = bench.run(*run)
    assert ran.returncode == 2
    assert ran.error.startswith("Error: migration `10` is out of order with already applied migrations")


def test_without_strict_a_late_file_is_simply_applied(bench: Bench, embedded_database: Database) -> None:
    bench.write({"002_b.sql": EMPTY})
    run = (embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    bench.run(*run)
    bench.write({"001_a.sql": EMPTY})
    assert bench.run(*run).returncode == 0
    assert listed(bench, embedded_database) == ["[X] 001_a.sql", "[X] 002_b.sql"]


def test_other_names_and_folders_are_skipped_in_silence(bench: Bench, embedded_database: Database) -> None:
    names = ("001_a.SQL", "a_001.sql", "001_a.sql.bak", " 001_a.sql", "v1.sql", "-1_a.sql", "001_a.sql~")
    bench.write(dict.fromkeys(names, "SELECT 1/0;"))
    (bench.migrations / "002_folder.sql").mkdir()
    (bench.migrations / "sub").mkdir()
    (bench.migrations / "sub" / "003_a.sql").write_text(EMPTY)
    bench.write(dict.fromkeys(("004.sql", "005a.sql", "006-b.c.sql", "0007 x.sql"), EMPTY))
    found = listed(bench, embedded_database)
    assert found == ["[ ] 0007 x.sql", "[ ] 004.sql", "[ ] 005a.sql", "[ ] 006-b.c.sql"]
    bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    rows = embedded_database.execute("SELECT version FROM schema_migrations ORDER BY 1")
    assert rows == [("0007",), ("004",), ("005",), ("006",)]


def test_a_link_is_followed(bench: Bench, embedded_database: Database) -> None:
    (bench.root / "outside.sql").write_text(migration("CREATE TABLE linked ();"))
    (bench.migrations / "001_a.sql").symlink_to(bench.root / "outside.sql")
    assert bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate").returncode == 0
    assert embedded_database.execute("SELECT to_regclass('linked')::text") == [("linked",)]


def test_a_version_twice_fails_on_a_new_database(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": EMPTY, "001_b.sql": migration("CREATE TABLE b ();")})
    ran = bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    assert ran.error.endswith(
        'duplicate key value violates unique constraint "schema_migrations_pkey" (23505)'
    )
    assert embedded_database.execute("SELECT to_regclass('b')") == [(None,)]


def test_the_second_file_of_an_applied_version_never_runs(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": EMPTY})
    run = (embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    bench.run(*run)
    bench.write({"001_b.sql": migration("CREATE TABLE b ();")})
    assert listed(bench, embedded_database) == ["[X] 001_a.sql", "[X] 001_b.sql"]
    assert bench.run(*run).returncode == 0
    assert embedded_database.execute("SELECT to_regclass('b')") == [(None,)]


def test_a_version_without_a_file_is_invisible_and_rollback_undoes_another(
    bench: Bench, embedded_database: Database
) -> None:
    bench.write(
        {
            "001_a.sql": migration("CREATE TABLE a ();", "DROP TABLE a;"),
            "002_b.sql": migration("CREATE TABLE b ();", "DROP TABLE b;"),
        }
    )
    bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    (bench.migrations / "002_b.sql").unlink()
    assert listed(bench, embedded_database) == ["[X] 001_a.sql"]
    assert bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "rollback").returncode == 0
    rows = embedded_database.execute("SELECT to_regclass('a'), to_regclass('b')::text")
    assert rows == [(None, "b")]


def test_a_parse_error_shows_after_the_files_before_it_were_applied(
    bench: Bench, embedded_database: Database
) -> None:
    bench.write({"001_a.sql": EMPTY, "002_b.sql": "-- migrate:up\n", "003_c.sql": EMPTY})
    ran = bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    assert ran.returncode == 2
    assert embedded_database.execute("SELECT version FROM schema_migrations") == [("001",)]


def test_an_edited_applied_file_is_not_noticed(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": EMPTY})
    run = (embedded_database.server, embedded_database.url, NO_DUMP, "migrate")
    bench.run(*run)
    bench.write({"001_a.sql": migration("CREATE TABLE edited ();")})
    assert bench.run(*run).returncode == 0
    assert embedded_database.execute("SELECT to_regclass('edited')") == [(None,)]
