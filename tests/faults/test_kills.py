"""kill -9 and signals at any moment: nothing goes on running, the truth is told, and the next run works."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dbmate_wrap.process import GRACE_SECONDS
from tests.support.cli import (
    PATIENCE,
    CliResult,
    RunCli,
    Running,
    applied,
    assert_presentable,
    sessions,
    staging,
    started,
    tables,
    wait_for,
    waiting_for_locks,
)
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.scenarios import (
    HISTORY,
    UP,
    assert_next_run_works,
    assert_nothing_left,
    claimed,
    dbmates,
    hint_of,
    kill,
    ledger,
)
from tests.support.servers import Database

pytestmark = [pytest.mark.faults, pytest.mark.integration]

SEED = 4711
# Of each victim with each kind of migration: twelve in all.
MOMENTS = range(3)
VERSIONS = ("001", "002", "003", "004")
# dbmate records a migration with an INSERT: this makes the moment before it is committed last.
SLOW_RECORD = (
    "create function public.slow() returns trigger language plpgsql as"
    " $$ begin perform pg_sleep(0.1); return new; end $$;"
    "create trigger slow before insert on public.schema_migrations for each row execute procedure slow()"
)


def sleeping(*, transactional: bool) -> dict[str, str]:
    """Migrations that take a while each, the statement itself and its record."""
    options = "" if transactional else "transaction:false"
    return {
        f"{version}_t.sql": migration(
            f"create table public.t{version} as select 1 as i from pg_sleep(0.1);", options=options
        )
        for version in VERSIONS
    }


def made(database: Database) -> list[str]:
    """The versions whose table is there."""
    return [name.removeprefix("t") for name in tables(database) if name.startswith("t0")]


@contextmanager
def running_up(folder: ProjectFolder, env: dict[str, str], database: Database) -> Iterator[Running]:
    """`up` in the background."""
    with started(UP, folder.root, {**env, **staging(database)}) as running:
        yield running


def kill_dbmate(running: Running, database: Database, moment: float) -> None:
    """Kill the dbmate that runs `moment` seconds after the first has begun, or the next one."""
    wait_for(lambda: dbmates(database) or running.process.poll() is not None, "dbmate")
    time.sleep(moment)
    found: list[int] = []
    while running.process.poll() is None and not found:
        found = [pid for pid in dbmates(database) if kill(pid)]


def kill_wrapper(running: Running, database: Database, moment: float) -> None:
    """Kill the wrapper `moment` seconds after dbmate has begun; before that, where it is negative."""
    if moment >= 0:
        wait_for(lambda: dbmates(database) or running.process.poll() is not None, "dbmate")
        time.sleep(moment)
    else:
        # From its first step to about where dbmate begins.
        time.sleep((0.5 + moment) * 0.6)
    running.process.kill()


VICTIMS: dict[str, Callable[[Running, Database, float], None]] = {
    "wrapper": kill_wrapper,
    "dbmate": kill_dbmate,
}


@pytest.mark.parametrize("transactional", [True, False], ids=["transactional", "not-transactional"])
@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("turn", MOMENTS)
def test_after_a_kill_at_any_moment_the_next_run_succeeds_or_says_what_to_do(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    embedded_database: Database,
    transactional: bool,
    victim: str,
    turn: int,
) -> None:
    database = embedded_database
    folder = project(sleeping(transactional=transactional), sealed=True)
    database.execute(f"{HISTORY}; {SLOW_RECORD}")
    moment = random.Random(f"{SEED} {victim} {transactional} {turn}").uniform(
        -0.5 if victim == "wrapper" else 0.0, 0.9
    )
    with running_up(folder, clean_environment, database) as running:
        VICTIMS[victim](running, database, moment)
        done = running.finish()
    at_end = applied(database)
    assert_nothing_left(database)
    if victim == "dbmate":
        # Our run had the last word: nothing has changed since.
        assert applied(database) == at_end
        assert done.returncode == 0 or hint_of(done), done
        assert claimed(done) == at_end
        assert (done.returncode == 0) == (at_end == list(VERSIONS)), done
    else:
        assert done.returncode == -signal.SIGKILL or at_end == list(VERSIONS)
    repair(folder, run_cli, database, transactional=transactional)
    assert made(database) == applied(database) == list(VERSIONS)


def repair(folder: ProjectFolder, run_cli: RunCli, database: Database, *, transactional: bool) -> None:
    """The next run; what it says is to be done is done, when the dead one had committed without a record."""
    unrecorded = [version for version in made(database) if version not in applied(database)]
    if unrecorded:
        assert not transactional
        follow_the_hint(folder, run_cli, database, unrecorded)
    assert_next_run_works(folder, run_cli, database, VERSIONS)
    assert {version for version, _, _ in ledger(database)} == set(VERSIONS)


def follow_the_hint(
    folder: ProjectFolder, run_cli: RunCli, database: Database, unrecorded: list[str]
) -> None:
    """The run after a kill between the statement and its record: it says what is in its way."""
    assert len(unrecorded) == 1
    [version] = unrecorded
    refused = run_cli(UP, folder.root, staging(database))
    assert refused.returncode == 31, refused
    assert f'relation "t{version}" already exists' in refused.stderr
    assert f"{version}_t.sql" in hint_of(refused)
    database.execute(f"drop table public.t{version}")


def recording(database: Database) -> bool:
    """Whether dbmate's INSERT into its history table is under way."""
    query = "select 1 from pg_stat_activity where state = 'active' and query ilike 'insert into%schema_migr%'"
    return bool(database.execute(f"{query} and datname = '{database.name}'"))


def prepare_slow_record(database: Database) -> None:
    database.execute(f"{HISTORY}; {SLOW_RECORD.replace('0.1', '3')}")


def drop_slow_record(database: Database) -> None:
    database.execute("drop function public.slow() cascade")


@pytest.mark.parametrize("way", ["drop", "record"])
def test_what_was_committed_without_a_record_is_named_with_both_ways_out(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    way: str,
) -> None:
    folder = project(sleeping(transactional=False), sealed=True)
    prepare_slow_record(database)
    with running_up(folder, clean_environment, database) as running:
        wait_for(lambda: recording(database), "the record")
        running.process.kill()
        assert_nothing_left(database)
    drop_slow_record(database)
    assert (made(database), applied(database)) == (["001"], [])
    refused = run_cli(UP, folder.root, staging(database))
    assert refused.returncode == 31, refused
    assert 'relation "t001" already exists' in refused.stderr
    hint = hint_of(refused)
    record = "insert into public.schema_migrations (version) values ('001');"
    assert "001_t.sql is not one transaction" in hint
    assert "drop it, or, where it is complete, record it" in hint
    assert record in hint
    database.execute("drop table public.t001" if way == "drop" else record)
    repeated = assert_next_run_works(folder, run_cli, database, VERSIONS)
    assert claimed(repeated) == list(VERSIONS if way == "drop" else VERSIONS[1:])


@pytest.mark.parametrize("way", ["record", "again"])
def test_rows_that_a_killed_run_may_have_written_are_never_written_twice_in_silence(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    way: str,
) -> None:
    files = {
        "001_t.sql": migration("create table public.t (i int);"),
        "002_rows.sql": migration("insert into public.t values (1);", options="transaction:false"),
    }
    folder = project(files, sealed=True)
    first = run_cli([*UP, "--to", "1"], folder.root, staging(database))
    assert first.returncode == 0, first
    database.execute(SLOW_RECORD.replace("0.1", "3"))
    with running_up(folder, clean_environment, database) as running:
        wait_for(lambda: recording(database), "the record")
        running.process.kill()
        assert_nothing_left(database)
    drop_slow_record(database)
    assert applied(database) == ["001"]
    assert database.execute("select count(*) from public.t") == [(1,)]
    refused = run_cli(UP, folder.root, staging(database))
    for again in (refused, run_cli(UP, folder.root, staging(database))):
        assert again.returncode == 31, again
        assert "002_rows.sql ran outside a transaction" in again.stderr
        assert database.execute("select count(*) from public.t") == [(1,)]
    hint = hint_of(refused).replace("\n", " ")
    record = hint.partition("record it: ")[2].partition(";")[0]
    anew = hint.partition("where it is not: ")[2].partition(";")[0]
    database.execute(record if way == "record" else anew)
    repeated = run_cli(UP, folder.root, staging(database))
    assert repeated.returncode == 0, repeated
    assert applied(database) == ["001", "002"]
    assert database.execute("select count(*) from public.t") == [(1 if way == "record" else 2,)]


@pytest.mark.parametrize("transactional", [True, False], ids=["transactional", "not-transactional"])
def test_a_dbmate_killed_while_it_records_does_not_record_later(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    transactional: bool,
) -> None:
    folder = project(sleeping(transactional=transactional), sealed=True)
    database.execute(f"{HISTORY}; {SLOW_RECORD.replace('0.1', '0.4')}")
    with running_up(folder, clean_environment, database) as running:
        wait_for(lambda: recording(database), "the record")
        kill(dbmates(database)[0])
        done = running.finish()
    told = (made(database), applied(database))
    assert told == ([] if transactional else ["001"], [])
    assert done.returncode == (30 if transactional else 31), done
    assert claimed(done) == []
    hint = "its transaction was rolled back: run again" if transactional else "drop table public.t001;"
    assert hint in hint_of(done)
    time.sleep(0.8)
    assert (made(database), applied(database)) == told
    database.execute("drop table if exists public.t001")
    drop_slow_record(database)
    assert_next_run_works(folder, run_cli, database, VERSIONS)


@pytest.mark.both_majors
@pytest.mark.parametrize("unless", ["", "if not exists "], ids=["plain", "if-not-exists"])
def test_an_index_whose_concurrent_build_was_killed_is_never_taken_for_built(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    unless: str,
) -> None:
    index = migration(f"create index concurrently {unless}i on public.gate (i);", options="transaction:false")
    folder = project({"001_i.sql": index}, sealed=True, toml='lock_timeout = "60s"\n')
    database.execute(f"{HISTORY}; create table public.gate (i int)")
    with (
        running_up(folder, clean_environment, database) as running,
        database.connect() as other,
        other.transaction(),
    ):
        other.execute("insert into public.gate values (1)")
        wait_for(lambda: waiting_for_locks(database), "the index")
        running.process.kill()
        assert_nothing_left(database)
    assert database.execute("select indisvalid from pg_index where indexrelid = 'i'::regclass") == [(False,)]
    refused = run_cli(UP, folder.root, staging(database))
    assert refused.returncode == 22, refused
    assert "drop index concurrently public.i" in hint_of(refused)
    database.execute("drop index concurrently public.i")
    assert_next_run_works(folder, run_cli, database, ["001"])
    assert database.execute("select indisvalid from pg_index where indexrelid = 'i'::regclass") == [(True,)]


GATED = {
    "001_a.sql": migration("create table public.a (i int); lock table public.gate;"),
    "002_b.sql": migration("create table public.b (i int);"),
}


def only_of(run: str, database: Database) -> bool:
    """Whether no session of another run is there."""
    return all(f"{name}/".startswith(run) for name in sessions(database))


def test_a_run_killed_while_it_waits_for_the_advisory_lock_is_missed_by_nobody(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
) -> None:
    folder = project(GATED, sealed=True, toml='lock_timeout = "60s"\n')
    database.execute(f"{HISTORY}; create table public.gate (i int)")
    with database.connect() as other, running_up(folder, clean_environment, database) as first:
        with other.transaction():
            other.execute("lock table public.gate")
            wait_for(lambda: waiting_for_locks(database), "the first run")
            [lock] = [name for name in sessions(database) if name.endswith("/lock")]
            with running_up(folder, clean_environment, database) as second:
                assert second.process.stderr is not None
                line = second.process.stderr.readline()
                while "waiting for process" not in line:
                    assert line, second.finish()
                    line = second.process.stderr.readline()
                second.process.kill()
                ours = lock.removesuffix("lock")
                wait_for(lambda: only_of(ours, database), "the end of its sessions", patience=3.0)
        done = first.finish()
    assert (done.returncode, claimed(done)) == (0, ["001", "002"]), done
    assert claimed(assert_next_run_works(folder, run_cli, database, ["001", "002"])) == []


def test_a_run_killed_with_the_lock_between_two_dbmates_leaves_the_way_free(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
) -> None:
    folder = project(sleeping(transactional=False), sealed=True)
    run_cli([*UP, "--to", "001"], folder.root, staging(database))
    with database.connect() as other, other.transaction():
        # The run stops where it writes the ledger, which is after one dbmate and before the next.
        other.execute("lock table dbmate_wrap.ledger in share mode")
        with running_up(folder, clean_environment, database) as running:
            wait_for(lambda: waiting_for_locks(database), "the ledger")
            assert dbmates(database) == []
            assert any(name.endswith("/lock") for name in sessions(database))
            running.process.kill()
            assert_nothing_left(database)
    assert applied(database) == ["001", "002"]
    repeated = assert_next_run_works(folder, run_cli, database, VERSIONS)
    assert claimed(repeated) == ["003", "004"]
    assert [how for _, how, _ in ledger(database)] == ["applied", "adopted", "applied", "applied"]


@contextmanager
def rollback_before_its_line(
    folder: ProjectFolder, env: dict[str, str], database: Database
) -> Iterator[tuple[Running, Callable[[], None]]]:
    """A rollback that has undone 004 and waits to write that into the ledger, and what lets it go on."""
    with database.connect() as other:
        other.execute("begin")
        other.execute("lock table dbmate_wrap.ledger in share mode")
        with started(["rollback", "-e", "staging"], folder.root, {**env, **staging(database)}) as running:
            wait_for(lambda: applied(database) == list(VERSIONS[:3]), "the end of dbmate")
            wait_for(lambda: waiting_for_locks(database), "the ledger")
            yield running, other.rollback


def undoable() -> dict[str, str]:
    """Four small migrations with a way back."""
    return {
        f"{version}_t.sql": migration(
            f"create table public.t{version} (i int);", f"drop table public.t{version};"
        )
        for version in VERSIONS
    }


def test_a_rollback_killed_before_its_line_is_written_is_completed_by_the_next_run(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
) -> None:
    folder = project(undoable(), sealed=True)
    run_cli(UP, folder.root, staging(database))
    with rollback_before_its_line(folder, clean_environment, database) as (running, _):
        # Meanwhile the others see a pending migration, and no contradiction.
        assert run_cli(["status", "-e", "staging"], folder.root, staging(database)).returncode == 0
        running.process.kill()
        running.finish()
    assert_nothing_left(database)
    assert claimed(assert_next_run_works(folder, run_cli, database, VERSIONS)) == ["004"]
    lines = [(version, how) for version, how, _ in ledger(database)]
    assert lines[4:] == [("004", "rolled-back"), ("004", "applied")]
    # A run that never ended explains nothing that was lost after it.
    database.execute("delete from public.schema_migrations where version = '004'")
    refused = run_cli(UP, folder.root, staging(database))
    assert refused.returncode == 13, refused
    assert len(ledger(database)) == len(lines)


def test_a_rollback_stopped_before_its_line_is_written_still_writes_it(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
) -> None:
    folder = project(undoable(), sealed=True)
    run_cli(UP, folder.root, staging(database))
    with rollback_before_its_line(folder, clean_environment, database) as (running, release):
        running.signal(signal.SIGINT)
        release()
        done = running.finish()
    assert done.returncode == 130, done
    assert "004_t.sql was rolled back" in done.stderr
    assert [(version, how) for version, how, _ in ledger(database)][4:] == [("004", "rolled-back")]
    assert claimed(assert_next_run_works(folder, run_cli, database, VERSIONS)) == ["004"]


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]


def statement(database: Database) -> bool:
    """Whether a long statement of a migration is under way."""
    query = "select 1 from pg_stat_activity where wait_event = 'PgSleep'"
    return bool(database.execute(f"{query} and datname = '{database.name}'"))


@contextmanager
def amid_a_statement(folder: ProjectFolder, env: dict[str, str], database: Database) -> Iterator[Running]:
    """`up` in the background, whose second migration is at its long statement."""
    with running_up(folder, env, database) as running:
        wait_for(lambda: applied(database) == ["001"] and statement(database), "the statement")
        yield running


def long_statement(*, transactional: bool) -> dict[str, str]:
    files = sleeping(transactional=transactional)
    return {**files, "002_t.sql": files["002_t.sql"].replace("pg_sleep(0.1)", "pg_sleep(20)")}


@pytest.mark.parametrize("transactional", [True, False], ids=["transactional", "not-transactional"])
@pytest.mark.parametrize(("number", "code"), SIGNALS, ids=["int", "term", "hup"])
def test_a_signal_amid_a_statement_ends_it_on_the_server_too(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    number: int,
    code: int,
    transactional: bool,
) -> None:
    folder = project(long_statement(transactional=transactional), sealed=True)
    with amid_a_statement(folder, clean_environment, database) as running:
        sent = time.monotonic()
        running.signal(number)
        done = running.finish()
    wait_for(lambda: not sessions(database), "the end of the sessions", patience=3.0)
    assert time.monotonic() - sent < PATIENCE / 2
    assert_told(done, code)
    assert dbmates(database) == []
    assert made(database) == applied(database) == ["001"]
    faster(folder)
    repeated = assert_next_run_works(folder, run_cli, database, VERSIONS)
    assert claimed(repeated) == ["002", "003", "004"]


@pytest.mark.both_majors
@pytest.mark.parametrize("transactional", [True, False], ids=["transactional", "not-transactional"])
def test_a_run_right_after_a_kill_waits_for_what_the_dead_one_left_on_the_server(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    transactional: bool,
) -> None:
    folder = project(long_statement(transactional=transactional), sealed=True)
    with amid_a_statement(folder, clean_environment, database) as running:
        faster(folder)
        running.process.kill()
        # Its statement, of twenty seconds, goes on until the server notices.
        repeated = assert_next_run_works(folder, run_cli, database, VERSIONS)
    assert claimed(repeated) == ["002", "003", "004"]
    assert made(database) == list(VERSIONS)
    assert_nothing_left(database)


def assert_told(done: CliResult, code: int) -> None:
    """The truth about a run that was stopped amid 002."""
    assert done.returncode == code, done
    assert_presentable(done)
    assert claimed(done) == ["001"]
    assert "stopped: 1 migration applied, 3 not, beginning with 002_t.sql" in done.stderr
    assert hint_of(done)


def faster(folder: ProjectFolder) -> None:
    path = folder.migrations / "002_t.sql"
    path.write_text(path.read_text().replace("pg_sleep(20)", "pg_sleep(0.1)"))
    folder.seal()


@pytest.mark.parametrize(("number", "code"), SIGNALS[:2], ids=["int", "term"])
def test_a_second_signal_cuts_the_grace_and_never_the_truth(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    embedded_database: Database,
    number: int,
    code: int,
) -> None:
    database = embedded_database
    folder = project(long_statement(transactional=False), sealed=True)
    with amid_a_statement(folder, clean_environment, database) as running:
        [dbmate] = dbmates(database)
        # Stopped, it hears no SIGTERM: the wrapper waits, and nothing tells the server that anybody has gone.
        assert kill(dbmate, signal.SIGSTOP)
        running.signal(number)
        # Two SIGTERM within a second are one wish.
        time.sleep(1.3)
        assert dbmates(database) == [dbmate]
        sent = time.monotonic()
        running.signal(number)
        done = running.finish()
    assert time.monotonic() - sent < GRACE_SECONDS - 1.3
    assert_told(done, code)
    assert_nothing_left(database)
    assert made(database) == applied(database) == ["001"]
    faster(folder)
    assert claimed(assert_next_run_works(folder, run_cli, database, VERSIONS)) == ["002", "003", "004"]
