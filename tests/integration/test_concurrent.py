"""What is CONCURRENTLY may wait longer than `lock_timeout`: cut off, it leaves an invalid index."""

import re

import pytest

from tests.support.cli import applied, staging, started, wait_for
from tests.support.projects import MakeProject, migration
from tests.support.scenarios import HISTORY
from tests.support.servers import Database

pytestmark = pytest.mark.integration

TIMEOUT_SECONDS = 0.3
TOML = f'lock_timeout = "{round(TIMEOUT_SECONDS * 1000)}ms"\n'
OUTSIDE = "transaction:false"
INDEX = f"""-- migrate:up {OUTSIDE}
create index concurrently i on public.t (i);
-- migrate:down {OUTSIDE}
drop index concurrently public.i;
"""
LATER = migration("create table public.seen as select current_setting('lock_timeout') as lock_timeout;")
SETUP = f"{HISTORY}; create table public.t (i int); create table public.elsewhere (i int)"


def waits_too_long(database: Database) -> bool:
    """Whether a session has been waiting for a lock for longer than lock_timeout."""
    query = (
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        f" and clock_timestamp() - query_start > interval '{TIMEOUT_SECONDS + 1} s'"
    )
    return bool(database.execute(query))


def test_an_old_snapshot_does_not_break_the_build_of_an_index(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    folder = project({"001_i.sql": INDEX, "002_seen.sql": LATER}, sealed=True, toml=TOML)
    database.execute(SETUP)
    env = {**clean_environment, **staging(database)}
    with database.connect() as other:
        blocker = other.info.backend_pid
        other.execute("begin isolation level repeatable read")
        other.execute("select * from public.elsewhere")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            wait_for(lambda: waits_too_long(database), "a wait that is longer than lock_timeout")
            other.execute("rollback")
            done = running.finish()
    assert done.returncode == 0, done.stderr
    assert re.search(rf"blocked .*by pid {blocker} \(", done.stderr), done.stderr
    assert applied(database) == ["001", "002"]
    assert database.execute("select indisvalid from pg_index where indexrelid = 'i'::regclass") == [(True,)]
    assert database.execute("select lock_timeout from public.seen") == [("300ms",)]


SHORT = 'concurrent_lock_timeout = "300ms"\n'


def test_a_build_that_is_cut_off_is_taken_away_and_begun_again(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    folder = project({"001_i.sql": INDEX}, sealed=True, toml=SHORT)
    database.execute(SETUP)
    env = {**clean_environment, **staging(database)}
    with database.connect() as other:
        blocker = other.info.backend_pid
        other.execute("begin isolation level repeatable read")
        other.execute("select * from public.elsewhere")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            built = "select to_regclass('public.i') is not null"
            wait_for(lambda: database.execute(built) == [(True,)], "the build")
            wait_for(lambda: database.execute(built) == [(False,)], "the removal of what it left")
            other.execute("rollback")
            done = running.finish()
    assert done.returncode == 0, done.stderr
    assert f"001_i.sql waits until these transactions have ended: pid {blocker} " in done.stderr
    assert "dropped index public.i, which the build that was cut off had left invalid" in done.stderr
    assert database.execute(
        "select indexrelid::regclass::text, indisvalid from pg_index i"
        " join pg_class c on c.oid = i.indrelid where c.relname = 't'"
    ) == [("i", True)]


def test_a_build_that_never_gets_through_leaves_nothing_behind(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    folder = project({"001_i.sql": INDEX}, sealed=True, toml=SHORT + "lock_retries = 1\n")
    database.execute(SETUP)
    env = {**clean_environment, **staging(database)}
    with database.connect() as other, other.transaction():
        other.execute("set transaction isolation level repeatable read")
        other.execute("select * from public.elsewhere")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            done = running.finish()
    assert done.returncode == 24, done.stderr
    assert "nothing of it stayed" in done.stderr
    assert database.execute("select to_regclass('public.i')") == [(None,)]


def test_an_index_that_was_there_before_is_not_dropped(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    drop = migration("drop index concurrently public.i;", options=OUTSIDE)
    folder = project({"001_i.sql": drop}, sealed=True, toml=SHORT + "lock_retries = 1\n")
    database.execute(f"{SETUP}; create index i on public.t (i)")
    env = {**clean_environment, **staging(database)}
    with database.connect() as other, other.transaction():
        other.execute("select * from public.t")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            done = running.finish()
    assert done.returncode == 31, done.stderr
    assert database.execute("select to_regclass('public.i') is not null") == [(True,)]


def test_a_reader_of_the_table_does_not_break_the_removal_of_an_index(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    folder = project({"001_i.sql": INDEX}, sealed=True, toml=TOML)
    database.execute(SETUP)
    env = {**clean_environment, **staging(database)}
    with started(["up", "-e", "staging"], folder.root, env) as running:
        assert running.finish().returncode == 0
    with database.connect() as other:
        blocker = other.info.backend_pid
        other.execute("begin")
        other.execute("select * from public.t")
        with started(["rollback", "-e", "staging"], folder.root, env) as running:
            wait_for(lambda: waits_too_long(database), "a wait that is longer than lock_timeout")
            other.execute("rollback")
            done = running.finish()
    assert done.returncode == 0, done.stderr
    assert re.search(rf"blocked .*by pid {blocker} \(", done.stderr), done.stderr
    assert applied(database) == []
    assert database.execute("select to_regclass('public.i')") == [(None,)]


def test_what_is_not_concurrent_keeps_its_lock_timeout_outside_a_transaction(
    project: MakeProject, clean_environment: dict[str, str], database: Database
) -> None:
    files = {"001_t.sql": migration("alter table public.t add column j int;", options=OUTSIDE)}
    folder = project(files, sealed=True, toml=TOML)
    database.execute(SETUP)
    env = {**clean_environment, **staging(database)}
    with database.connect() as other, other.transaction():
        other.execute("select * from public.t")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            done = running.finish()
    assert done.returncode == 31, done.stderr
    assert "55P03" in done.stderr
