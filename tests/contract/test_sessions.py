"""What dbmate's server session does: shared state, implicit transactions, its end, two runs at once."""

import time

import pytest

from tests.support.bare_dbmate import NO_DUMP, Bench
from tests.support.projects import migration
from tests.support.servers import Database

pytestmark = pytest.mark.both_majors


SLEEPER = "dbmate-contract-sleeper"


def test_all_files_of_a_run_share_one_session(bench: Bench, database: Database) -> None:
    bench.write(
        {
            "001_a.sql": migration("SELECT set_config('search_path', '', false); SET lock_timeout = '7s';"),
            "002_b.sql": migration(
                "CREATE TABLE public.seen AS SELECT current_setting('search_path') AS path,"
                " current_setting('lock_timeout') AS lock, pg_backend_pid() AS pid;"
            ),
            "003_c.sql": migration("CREATE TABLE public.again AS SELECT pg_backend_pid() AS pid;"),
        }
    )
    ran = bench.run(database.server, f"{database.url}&search_path=public", NO_DUMP, "migrate")
    assert ran.returncode == 0, ran.stderr
    assert database.execute("SELECT path, lock, pid = (SELECT pid FROM again) FROM seen") == [
        ("", "7s", True)
    ]


def test_an_emptied_search_path_moves_dbmates_own_table(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT set_config('search_path', '', false);")})
    ran = bench.run(database.server, database.url, NO_DUMP, "migrate")
    assert ran.returncode == 0, ran.stderr
    assert database.execute("SELECT version FROM public.schema_migrations") == [("001",)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("CREATE INDEX CONCURRENTLY i ON a (b);", 0),
        ("CREATE INDEX CONCURRENTLY i ON a (b);\n-- a comment\n;", 0),
        ("SELECT 1; CREATE INDEX CONCURRENTLY i ON a (b);", 2),
    ],
    ids=["alone", "with comments", "after another statement"],
)
def test_outside_a_transaction_two_statements_are_one_again(
    bench: Bench, database: Database, body: str, code: int
) -> None:
    database.execute("CREATE TABLE a (b int)")
    bench.write({"001_a.sql": migration(body, options="transaction:false")})
    ran = bench.run(database.server, database.url, NO_DUMP, "migrate")
    assert ran.returncode == code
    assert ran.error.endswith("(25001)") is (code == 2)


def test_a_concurrent_index_that_timed_out_is_left_invalid_and_then_taken_for_done(
    bench: Bench, database: Database
) -> None:
    database.execute("CREATE TABLE a (b int)")
    bench.write(
        {
            "001_a.sql": migration(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b);", options="transaction:false"
            )
        }
    )
    with database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
        env = {"PGOPTIONS": "-c lock_timeout=100ms"}
        ran = bench.run(database.server, database.url, NO_DUMP, "migrate", env=env)
        assert ran.error.endswith("(55P03)")
    assert bench.run(database.server, database.url, NO_DUMP, "migrate").returncode == 0
    assert database.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(False,)]


def sleepers(database: Database) -> int:
    """How many sessions of the sleeping migration the server has."""
    count = database.execute(
        "SELECT count(*) FROM pg_stat_activity"
        f" WHERE application_name = '{SLEEPER}' AND state = 'active' AND query LIKE '%pg_sleep(30)%'"
    )
    assert isinstance(count[0][0], int)
    return count[0][0]


def wait_for(database: Database, number: int, seconds: float) -> bool:
    """Wait until that many sessions sleep."""
    deadline = time.monotonic() + seconds
    while sleepers(database) != number:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("options", "ends"), [("", False), ("-c client_connection_check_interval=200ms", True)]
)
def test_the_server_session_outlives_dbmate_unless_it_is_told_to_look(
    bench: Bench, database: Database, options: str, ends: bool
) -> None:
    bench.write({"001_a.sql": migration("SELECT pg_sleep(30);")})
    env = {"PGAPPNAME": SLEEPER, "PGOPTIONS": options}
    with bench.start(database.server, database.url, NO_DUMP, "migrate", env=env) as child:
        try:
            assert wait_for(database, 1, 10)
        finally:
            child.kill()
    assert wait_for(database, 0, 5 if ends else 0.7) is ends


def test_the_migration_lock_is_advisory_lock_48372615(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("SELECT 1;")})
    args = ("--migration-lock", "--migration-lock-timeout", "300ms", NO_DUMP, "migrate")
    with database.connect() as holder:
        holder.execute("SELECT pg_advisory_lock(48372615)")
        ran = bench.run(database.server, database.url, *args)
        assert ran.returncode == 2
        # Without the option nothing is locked, and nothing waits.
        assert bench.run(database.server, database.url, NO_DUMP, "migrate").returncode == 0


def test_of_two_plain_runs_at_once_one_fails(bench: Bench, database: Database) -> None:
    bench.write({"001_a.sql": migration("CREATE TABLE a (); SELECT pg_sleep(0.5);")})
    bench.run(
        database.server, database.url, "dump"
    )  # The history table exists: the race is about the migration.
    runs = [bench.start(database.server, database.url, NO_DUMP, "migrate") for _ in range(2)]
    codes, errors = [], ""
    for child in runs:
        with child:
            errors += child.communicate(timeout=30)[1]
            codes.append(child.returncode)
    assert sorted(codes) == [0, 2]
    assert "(23505)" in errors or "(42P07)" in errors
