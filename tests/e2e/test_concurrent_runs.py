"""Two runs at once: one works, the other waits, nobody hangs, and what each says is true."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.cli import RunCli, RunJson, applied, staging, tables, wait_for, waiting_for_locks
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

FIVE = {f"{n:03}_a.sql": migration(f"create table public.t{n} (i int);") for n in range(1, 6)}


@pytest.mark.parametrize("turn", range(3))
def test_two_runs_on_a_new_database_end_and_tell_the_truth(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database, turn: int
) -> None:
    folder = project(FIVE, sealed=True)
    env = staging(embedded_database)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run_json, ["up", "-e", "staging"], folder.root, env) for _ in range(2)]
    documents = [run.result() for run in runs]
    recorded = applied(embedded_database)
    for document in documents:
        claimed = document["applied"]
        assert isinstance(claimed, list)
        assert set(claimed) <= set(recorded)
        ended = document["exit"]
        assert isinstance(ended, dict)
        assert ended["code"] in (0, 23, 30), document["error"]
        if ended["code"] == 0:
            assert recorded == ["001", "002", "003", "004", "005"]
    repeated = run_cli(["up", "-e", "staging"], folder.root, env)
    assert repeated.returncode == 0, repeated.stderr
    assert applied(embedded_database) == ["001", "002", "003", "004", "005"]
    assert tables(embedded_database) == ["schema_migrations", "t1", "t2", "t3", "t4", "t5"]


def test_the_one_that_comes_second_waits_and_finds_nothing_to_do(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    gated = migration("lock table public.gate; create table public.a (i int);")
    slow = migration("create table public.b (i int); select pg_sleep(1);")
    toml = 'lock_timeout = "60s"\n'
    folder = project({"001_a.sql": gated, "002_b.sql": slow}, sealed=True, toml=toml)
    embedded_database.execute(
        "create table public.gate (i int);create table public.schema_migrations (version varchar primary key)"
    )
    args, env = ["up", "-e", "staging"], staging(embedded_database)
    with ThreadPoolExecutor(2) as pool, embedded_database.connect() as other:
        with other.transaction():
            other.execute("lock table public.gate")
            runs = [pool.submit(run_json, args, folder.root, env) for _ in range(2)]
            wait_for(lambda: waiting_for_locks(embedded_database) == 1, "the first run")
        documents = [run.result() for run in runs]
    assert [document["exit"] for document in documents] == [{"code": 0, "name": "ok"}] * 2
    assert sorted(str(document["applied"]) for document in documents) == ["['001', '002']", "[]"]
    assert applied(embedded_database) == ["001", "002"]


def test_two_first_runs_start_one_embedded_server(
    project: MakeProject, run_json: RunJson, run_cli: RunCli
) -> None:
    folder = project(FIVE, sealed=True)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run_cli, ["db", "url"], folder.root) for _ in range(2)]
    first, second = (run.result() for run in runs)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout == second.stdout
