"""plan: what is pending is measured on a shadow server, and looked at on the live one."""

import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.cli import Document, RunCli, RunJson, assert_refused, error_of
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository_clones import cloned, commit, git
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

TABLE = migration("create table public.a (i bigint, note text);", "drop table public.a;")
INDEX = migration("create index a_i on public.a (i);\nalter table public.a alter note set not null;", "")
SHADOW = 'shadow = "url"\n'


def production(database: Database) -> dict[str, str]:
    """The environment `production`, whose server is the shadow server too: no other has to be started."""
    return {
        "PRODUCTION_DATABASE_URL": database.url,
        "DBMATE_WRAP_SHADOW_URL": database.server.url("postgres"),
    }


def steps_of(document: Document) -> list[Any]:
    """The steps of a plan."""
    steps = document["steps"]
    assert isinstance(steps, list)
    return steps


def test_what_a_deployment_locks_is_known_before_it(
    project: MakeProject,
    run_cli: RunCli,
    run_json: RunJson,
    embedded_database: Database,
) -> None:
    env = production(embedded_database)
    gate = '[plan]\nfail_on = "blocks writes"\nsize_limit = "100MB"\n'
    folder = project({"001_a.sql": TABLE}, sealed=True, toml=SHADOW + gate)
    assert run_cli(["up", "-e", "production", "--yes"], folder.root, env).returncode == 0
    embedded_database.execute("insert into public.a select 1, null from generate_series(1, 100)")
    folder.add("002_index.sql", INDEX)
    folder.seal()
    with psycopg.connect(embedded_database.url) as reader:
        reader.execute("select count(*) from public.a")
        pid = reader.info.backend_pid
        planned = run_json(["plan", "-e", "production"], folder.root, env)
    assert planned["exit"] == {"code": 0, "name": "ok"}
    [step] = steps_of(planned)
    first, second = step["statements"]
    assert (step["verdict"], first["verdict"], second["verdict"]) == (
        "blocks all",
        "blocks writes",
        "blocks all",
    )
    assert (first["line"], first["explain"], first["in_way"]) == (2, "build-an-index", [])
    [table] = [each for each in second["relations"] if each["relation"] == "public.a"]
    assert (table["lock"], table["until"], table["work"]) == ("AccessExclusiveLock", "commit", "scan")
    assert table["heap"] > 0
    [waits] = second["in_way"]
    assert (waits["pid"], waits["why"]) == (pid, "holds AccessShareLock")
    # A smaller limit is a gate.
    gated = {**env, "DBMATE_WRAP_PLAN_SIZE_LIMIT": "1kB"}
    refused = run_cli(["plan", "-e", "production"], folder.root, gated)
    assert_refused(
        refused, 12, "002_index.sql:2: blocks writes: public.a", "dbmate-wrap explain build-an-index"
    )
    probed = run_json(["plan", "-e", "production", "--probe"], folder.root, env)
    assert error_of(probed)["message"] == (
        "002_index.sql:3: NOT NULL of public.a.note: 20 or more rows would make it fail"
    )
    # Nothing was done anywhere.
    assert embedded_database.execute("select count(*) from pg_indexes where indexname = 'a_i'") == [(0,)]


def test_a_pending_migration_that_fails_ends_the_plan_as_it_would_end_check(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database
) -> None:
    env = production(embedded_database)
    folder = project({"001_a.sql": TABLE}, sealed=True, toml=SHADOW)
    assert run_cli(["up", "-e", "production", "--yes"], folder.root, env).returncode == 0
    folder.add("002_b.sql", migration("create table public.b (i int);\nalter table public.nosuch add j int;"))
    folder.add("003_c.sql", migration("create table public.c (i int);"))
    folder.seal()
    failed = run_json(["plan", "-e", "production"], folder.root, env)
    assert failed["exit"] == {"code": 30, "name": "failed"}
    assert (error_of(failed)["migration"], error_of(failed)["line"]) == ("002_b.sql", 3)
    steps = steps_of(failed)
    assert [[each["verdict"] for each in step["statements"]] for step in steps] == [["new object"], []]
    # Made by hand, where it is no migration's: that is not judged.
    embedded_database.execute("create table public.nosuch (i int)")
    drifted = run_json(["plan", "-e", "production"], folder.root, env)
    assert drifted["exit"] == {"code": 0, "name": "ok"}
    found = [each for step in steps_of(drifted) for each in step["statements"]]
    assert [each["verdict"] for each in found] == ["new object", "not judged", "not judged"]
    assert "not in the history" in found[1]["because"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_pull_request_is_planned_without_a_database(
    tmp_path: Path, run_cli: RunCli, embedded_database: Database
) -> None:
    main = ProjectFolder(tmp_path / "main")
    main.migrations.mkdir(parents=True)
    git(main.root, "init", "--quiet", "--initial-branch=main")
    (main.root / "dbmate-wrap.toml").write_text(
        f'{SHADOW}[plan]\nfail_on = "blocks all"\nsize_limit = "1GB"\n'
    )
    commit(main, {"001_a.sql": TABLE})
    mine = cloned(main)
    mine.add("002_index.sql", INDEX)
    env = {"DBMATE_WRAP_SHADOW_URL": embedded_database.server.url("postgres")}
    words = ["plan", "--no-live", "--format", "markdown", "-e", "production"]
    done = run_cli(words, mine.root, env)
    assert done.returncode == 0, done.stderr
    assert "Worst: **blocks all** on `public.a`, `002_index.sql:3`" in done.stdout
    assert "no database was asked (--no-live)" in done.stdout
    assert "left out 1 statement: the size of what is locked is not known" in done.stdout
    assert "001_a.sql" not in done.stdout
    # Where there is no server either, that is said, and nothing is quietly fine.
    nowhere = run_cli(
        ["plan", "--no-live"], mine.root, {"DBMATE_WRAP_SHADOW_URL": "postgres://u@127.0.0.1:1/d"}
    )
    assert nowhere.returncode == 0, nowhere.stderr
    assert nowhere.stdout.count("there is no server to measure it on") == 2
    assert "locks and work, because they were not measured" in nowhere.stdout
