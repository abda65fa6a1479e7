"""Many runs at once on one database: one does the work, once, and what each of them says is true."""

import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.cli import CliResult, RunCli, applied, sessions, staging, wait_for
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.scenarios import (
    HISTORY,
    UP,
    assert_next_run_works,
    assert_quiet,
    at_once,
    claimed,
    codes,
    dbmates,
    hint_of,
    launch,
    ledger,
    runs,
)
from tests.support.servers import Database, Server

pytestmark = [pytest.mark.faults, pytest.mark.integration]

RUNS = 10
# Of the ten, where plain dbmate takes part.
PLAIN_RUNS = 4
# Of the plain race; each of the others happens so often on each of the two servers.
TURNS = 10
TURNS_OF_VARIANTS = 2
# Values in tables are what these tests count; a real migration changes the schema alone.
TOML = '[policy]\nsql = "off"\n'


def plain(*numbers: int) -> dict[str, str]:
    """Migrations that each create a table and leave a row: one that ran twice would leave two."""
    return {
        f"{n:03}_t.sql": migration(f"create table public.t{n} (i int); insert into public.t{n} values (1);")
        for n in numbers
    }


def race(folder: ProjectFolder, env: Mapping[str, str], name: str = "staging") -> list[CliResult]:
    """Ten runs at once."""
    return at_once(["up", "-e", name, "--format", "json"], folder.root, env, RUNS)


def assert_one_won(done: list[CliResult], database: Database, versions: list[str]) -> None:
    """One applied everything, the others found nothing to do, and the database's books are complete."""
    assert codes(done) == [0] * RUNS, [run.stderr for run in done if run.returncode]
    for run in done:
        assert_quiet(run)
    assert sorted(claimed(run) for run in done) == [[]] * (RUNS - 1) + [versions]
    assert applied(database) == versions
    [winner] = [run.json()["run_id"] for run in done if claimed(run)]
    assert ledger(database) == [(version, "applied", winner) for version in versions]
    assert runs(database) == [(winner, 0)]
    wait_for(lambda: not sessions(database), "the end of our sessions", patience=3.0)


def rows_in(database: Database, *tables: str) -> list[int]:
    """How many rows each table has."""
    return [int(database.execute(f"select count(*) from public.{table}")[0][0]) for table in tables]


AssertRaceWon = Callable[[Mapping[str, str], Database], None]


@pytest.fixture
def assert_race_won(
    project: MakeProject, run_cli: RunCli, clean_environment: dict[str, str]
) -> AssertRaceWon:
    """Ten runs at once on these migrations: one applies them all, and the next run has nothing to do."""

    def run(files: Mapping[str, str], database: Database) -> None:
        folder = project(files, sealed=True, toml=TOML)
        done = race(folder, {**clean_environment, **staging(database)})
        versions = sorted(name[:3] for name in files)
        assert_one_won(done, database, versions)
        assert claimed(assert_next_run_works(folder, run_cli, database, versions)) == []

    return run


@pytest.mark.parametrize("turn", range(TURNS))
def test_of_ten_runs_on_a_new_database_one_applies_and_nine_find_nothing(
    assert_race_won: AssertRaceWon, embedded_database: Database, turn: int
) -> None:
    assert_race_won(plain(1, 2, 3), embedded_database)
    assert rows_in(embedded_database, "t1", "t2", "t3") == [1, 1, 1]


@pytest.mark.both_majors
@pytest.mark.parametrize("turn", range(TURNS_OF_VARIANTS))
def test_a_concurrent_index_is_built_once_and_nobody_hangs(
    assert_race_won: AssertRaceWon, database: Database, turn: int
) -> None:
    index = migration("create index concurrently i1 on public.t1 (i);", options="transaction:false")
    unless = migration(
        "create index concurrently if not exists i2 on public.t1 (i);", options="transaction:false"
    )
    assert_race_won({**plain(1, 4), "002_i.sql": index, "003_i.sql": unless}, database)
    assert database.execute("select count(*) from pg_index where not indisvalid") == [(0,)]
    indexes = database.execute("select indexname from pg_indexes where tablename = 't1' order by 1")
    assert indexes == [("i1",), ("i2",)]


@pytest.mark.parametrize("turn", range(TURNS_OF_VARIANTS))
def test_rows_inserted_outside_a_transaction_are_inserted_once(
    assert_race_won: AssertRaceWon, database: Database, turn: int
) -> None:
    insert = migration("insert into public.t1 select generate_series(2, 4);", options="transaction:false")
    assert_race_won({**plain(1, 3), "002_rows.sql": insert}, database)
    assert database.execute("select i from public.t1 order by 1") == [(1,), (2,), (3,), (4,)]


@pytest.fixture
def missing(server: Server) -> Iterator[Database]:
    """A database that does not exist yet."""
    database = Database(server, f"t_{uuid.uuid4().hex[:12]}")
    yield database
    server.execute(f"drop database if exists {database.name} with (force)")


@pytest.mark.parametrize("turn", range(TURNS_OF_VARIANTS))
def test_a_missing_database_is_created_once(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    missing: Database,
    turn: int,
) -> None:
    folder = project(plain(1, 2, 3), sealed=True, toml=TOML)
    env = {"TEST_DATABASE_URL": missing.url}
    done = race(folder, {**clean_environment, **env}, "test")
    assert_one_won(done, missing, ["001", "002", "003"])
    assert rows_in(missing, "t1", "t2", "t3") == [1, 1, 1]
    creators = [run for run in done if f"created the database {missing.name}" in run.stderr]
    assert len(creators) == 1
    again = run_cli(["up", "-e", "test", "--format", "json"], folder.root, env)
    assert (again.returncode, claimed(again)) == (0, [])


@pytest.mark.parametrize("known", [False, True], ids=["new", "with-history-table"])
@pytest.mark.parametrize("late", [False, True], ids=["before-our-dbmate", "beside-our-dbmate"])
def test_with_plain_dbmate_racing_in_every_run_tells_the_truth(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: dict[str, str],
    database: Database,
    dbmate: Path,
    known: bool,
    late: bool,
) -> None:
    folder = project(slowly(1, 2, 3, 4, 5), sealed=True, toml=TOML)
    versions = ["001", "002", "003", "004", "005"]
    if known:
        database.execute(HISTORY)
    env = {**clean_environment, **staging(database)}
    raw = raw_dbmate(dbmate, folder, database)

    def intrude() -> list["subprocess.Popen[str]"]:
        sign = (lambda: dbmates(database)) if late else (lambda: sessions(database))
        wait_for(sign, "the first of ours")
        intruders = []
        for _ in range(PLAIN_RUNS):
            intruders.append(launch(raw, folder.root, clean_environment))
            time.sleep(0.03)
        return intruders

    done = at_once(UP, folder.root, env, RUNS - PLAIN_RUNS, intrude)
    recorded = applied(database)
    claims = [claimed(run) for run in done]
    assert len({version for claim in claims for version in claim}) == sum(map(len, claims)), claims
    for run, claim in zip(done, claims, strict=True):
        assert run.returncode in (0, 23, 30), run
        assert set(claim) <= set(recorded)
        # Whoever ends well has seen the end: nothing was pending for it any more.
        assert recorded == versions if run.returncode == 0 else hint_of(run)
    repeated = assert_next_run_works(folder, run_cli, database, versions)
    assert claimed(repeated) == [version for version in versions if version not in recorded]
    assert rows_in(database, "t1", "t2", "t3", "t4", "t5") == [1] * 5
    ours = sorted(version for claim in [*claims, claimed(repeated)] for version in claim)
    assert sorted(version for version, how, _ in ledger(database) if how == "applied") == ours
    wait_for(lambda: not sessions(database), "the end of our sessions", patience=3.0)


def slowly(*numbers: int) -> dict[str, str]:
    """Migrations that take long enough for two tools to be in the midst of one."""
    pause = "select pg_sleep(0.05); "
    return {name: text.replace("insert", f"{pause}insert") for name, text in plain(*numbers).items()}


def raw_dbmate(dbmate: Path, folder: ProjectFolder, database: Database) -> list[str]:
    """The argument list of a dbmate that knows nothing of us."""
    url = f"{database.url}&sslmode=disable"
    argv = [str(dbmate), "--url", url, "--migrations-dir", str(folder.migrations), "--no-dump-schema"]
    return [*argv, "migrate"]
