"""Ctrl-C and SIGTERM: dbmate and its session are ended, what was applied is told, and the next run works."""

import json
import signal
import socket
from collections.abc import Callable, Mapping

import pytest

from tests.support.cli import (
    TWO,
    CliResult,
    Document,
    RunCli,
    applied,
    assert_presentable,
    sessions,
    staging,
    started,
    tables,
    wait_for,
    waiting_for_locks,
)
from tests.support.projects import MakeProject, migration
from tests.support.scenarios import dbmates
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
IDS = ["int", "term", "hup"]
GATE = "create table public.gate (i int)"
HELD = migration("create table public.b (i int); lock table public.gate;", "lock table public.gate;")


@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=IDS)
def test_a_stopped_up_tells_what_was_applied_and_leaves_nothing_running(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    embedded_database: Database,
    judged: Callable[[CliResult], Document],
    number: int,
    code: int,
) -> None:
    folder = project({**TWO, "002_b.sql": HELD}, sealed=True, toml='lock_timeout = "60s"\n')
    prepare(embedded_database)
    env = {**clean_environment, **staging(embedded_database)}
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.gate")
        with started(["up", "-e", "staging", "--format", "json"], folder.root, env) as running:
            wait_for(lambda: waiting_for_locks(embedded_database), "the migration")
            assert dbmates(embedded_database)
            running.signal(number)
            done = running.finish()
        assert done.returncode == code, done
        document = judged(done)
        assert document["applied"] == ["001"]
        assert "stopped: 1 migration applied, 1 not, beginning with 002_b.sql" in done.stderr
        assert "then run `dbmate-wrap up -e staging` again" in done.stderr
        wait_for(lambda: not sessions(embedded_database), "the end of our sessions", patience=3.0)
        assert dbmates(embedded_database) == []
    assert applied(embedded_database) == ["001"]
    again = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert again.returncode == 0, again.stderr
    assert applied(embedded_database) == ["001", "002"]


def prepare(database: Database) -> None:
    database.execute(f"{GATE}; create table public.schema_migrations (version varchar primary key)")


def test_a_stopped_migration_outside_a_transaction_does_not_commit_later(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    # dbmate's session would go on: it commits, and the next run fails with "already exists".
    alone = migration("create index concurrently i on public.gate (i);", options="transaction:false")
    folder = project({"001_i.sql": alone}, sealed=True, toml='lock_timeout = "60s"\n')
    prepare(embedded_database)
    env = {**clean_environment, **staging(embedded_database)}
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.gate in row exclusive mode")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            wait_for(lambda: waiting_for_locks(embedded_database), "the index")
            running.signal(signal.SIGINT)
            done = running.finish()
    assert done.returncode == 130
    assert "001_i.sql is not one transaction: see what it left behind" in done.stderr
    wait_for(lambda: not sessions(embedded_database), "the end of our sessions", patience=3.0)
    assert embedded_database.execute("select indisvalid from pg_index where indexrelid = 'i'::regclass") != [
        (True,)
    ]


def test_a_stopped_rollback_tells_that_the_migration_is_still_applied(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    run_cli: RunCli,
    embedded_database: Database,
    judged: Callable[[CliResult], Document],
) -> None:
    folder = project({**TWO, "002_b.sql": HELD}, sealed=True, toml='lock_timeout = "60s"\n')
    prepare(embedded_database)
    run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    env = {**clean_environment, **staging(embedded_database)}
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.gate")
        with started(["rollback", "-e", "staging", "--format", "json"], folder.root, env) as running:
            wait_for(lambda: waiting_for_locks(embedded_database), "the rollback to wait")
            running.signal(signal.SIGINT)
            done = running.finish()
    assert done.returncode == 130
    judged(done)
    assert "stopped: 002_b.sql is still applied" in done.stderr
    assert applied(embedded_database) == ["001", "002"]
    wait_for(lambda: not sessions(embedded_database), "the end of our sessions", patience=3.0)


def test_a_second_signal_ends_it_as_well(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    folder = project({"001_b.sql": HELD}, sealed=True, toml='lock_timeout = "60s"\n')
    prepare(embedded_database)
    env = {**clean_environment, **staging(embedded_database)}
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.gate")
        with started(["up", "-e", "staging"], folder.root, env) as running:
            wait_for(lambda: waiting_for_locks(embedded_database), "the migration")
            for _ in range(3):
                running.signal(signal.SIGINT)
            done = running.finish()
        assert done.returncode == 130
        assert_presentable(done)
        assert dbmates(embedded_database) == []


@pytest.mark.parametrize(("number", "code"), SIGNALS[:2], ids=IDS[:2])
def test_waiting_for_a_server_can_be_stopped(
    project: MakeProject,
    clean_environment: Mapping[str, str],
    judged: Callable[[CliResult], Document],
    number: int,
    code: int,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgres://u@127.0.0.1:{free.getsockname()[1]}/d"
        env = {**clean_environment, "STAGING_DATABASE_URL": url}
        args = ["up", "-e", "staging", "--wait", "60s", "--format", "json"]
        with started(args, project(TWO, sealed=True).root, env) as running:
            assert running.process.stderr is not None
            said = running.process.stderr.readline()
            assert "waiting for the server: nothing answers" in said
            running.signal(number)
            done = running.finish()
    assert done.returncode == code
    judged(done)


def test_exec_can_be_stopped(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    folder = project({"001_b.sql": HELD}, sealed=True, toml='lock_timeout = "60s"\n')
    prepare(embedded_database)
    env = {**clean_environment, **staging(embedded_database)}
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.gate")
        args = ["exec", "-e", "staging", "--", "--no-dump-schema", "migrate"]
        with started(args, folder.root, env) as running:
            wait_for(lambda: waiting_for_locks(embedded_database), "the migration")
            running.signal(signal.SIGTERM)
            done = running.finish()
        assert done.returncode == 143
        assert_presentable(done)
        assert dbmates(embedded_database) == []
    assert tables(embedded_database) == ["gate", "schema_migrations"]


def test_a_signal_at_any_moment_ends_without_a_traceback(
    project: MakeProject, clean_environment: Mapping[str, str], embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = {**clean_environment, **staging(embedded_database)}
    with started(["status", "-e", "staging", "--format", "json"], folder.root, env) as running:
        wait_for(lambda: sessions(embedded_database) or running.process.poll() is not None, "the session")
        running.signal(signal.SIGINT)
        done = running.finish()
    assert done.returncode in (0, 130)
    assert_presentable(done)
    assert json.loads(done.stdout)
