"""`exec`: dbmate itself, behind the guards of `up`."""

import pytest

from tests.support.cli import (
    TWO,
    RunCli,
    applied,
    assert_presentable,
    assert_refused,
    error_of,
    staging,
    tables,
)
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

ON_STAGING = ["exec", "-e", "staging"]


ELSEWHERE = [
    ["--url", "postgres://x@127.0.0.1/y", "status"],
    ["-url", "postgres://x@127.0.0.1/y", "status"],
    ["-u=postgres://x@127.0.0.1/y", "status"],
    ["--env", "OTHER", "status"],
    ["-e", "OTHER", "status"],
    ["--env-file=.env", "status"],
    ["-migrations-table", "x", "status"],
]


@pytest.mark.parametrize("arguments", ELSEWHERE, ids=" ".join)
def test_exec_cannot_be_led_elsewhere(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, arguments: list[str]
) -> None:
    done = run_cli(["exec", "-e", "staging", "--", *arguments], project(TWO).root, staging(embedded_database))
    assert_refused(done, 2, "would point dbmate elsewhere", "--env NAME")


WRITING = [
    ["up"],
    ["up", "-v"],
    ["--help", "up"],
    ["--migrations-dir", "status", "drop"],
    ["--wait", "up"],
    ["dump"],
    ["drop"],
]


@pytest.mark.parametrize("arguments", WRITING, ids=" ".join)
def test_exec_asks_before_anything_that_may_write_to_a_protected_environment(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, arguments: list[str]
) -> None:
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    done = run_cli(["exec", "-e", "production", "--", *arguments], project(TWO, sealed=True).root, env)
    assert_refused(done, 20, "production is protected, and there is no terminal", "--yes")
    assert tables(embedded_database) == []


def test_exec_reads_a_protected_environment_unasked_and_writes_with_yes(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    for arguments in (["status"], ["--version"], ["help"]):
        done = run_cli(["exec", "-e", "production", "--", *arguments], folder.root, env)
        assert done.returncode == 0, done.stderr
    args = ["exec", "-e", "production", "--yes", "--", "--no-dump-schema", "up"]
    done = run_cli(args, folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002"]


def test_exec_tells_what_dbmate_said(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({"001_a.sql": migration("select 1/0;")})
    env = staging(embedded_database)
    failed = run_cli(["exec", "-e", "staging", "--", "--no-dump-schema", "up"], folder.root, env)
    assert failed.returncode == 30
    assert "Applying: 001_a.sql" in failed.stdout
    assert "dbmate ended with 2: Error: pq: division by zero (22012)" in failed.stderr
    unknown = run_cli(["exec", "-e", "staging", "--", "nonsense"], folder.root, env)
    assert unknown.returncode == 30
    assert_presentable(unknown)


def test_exec_tells_the_ledger_what_it_changed_and_dumps_nothing(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    document = run_cli([*ON_STAGING, "--format", "json", "--", "up"], folder.root, env).json()
    assert (document["error"], document["applied"]) == (None, ["001", "002"])
    assert run_cli([*ON_STAGING, "--", "rollback"], folder.root, env).returncode == 0
    lines = "select l.version, l.file, l.how, r.command from dbmate_wrap.ledger l join dbmate_wrap.run r"
    assert embedded_database.execute(f"{lines} using (run_id) order by l.id") == [
        ("001", "001_a.sql", "applied", "exec"),
        ("002", "002_b.sql", "applied", "exec"),
        ("002", "002_b.sql", "rolled-back", "exec"),
    ]
    assert embedded_database.execute("select environment from dbmate_wrap.stamp") == [("staging",)]
    assert embedded_database.execute("select exit_code from dbmate_wrap.run") == [(0,), (0,)]
    assert not (folder.root / "db" / "schema.sql").exists()


def test_what_exec_did_before_it_failed_is_in_the_ledger(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({**TWO, "003_c.sql": migration("select 1/0;")})
    words = [*ON_STAGING, "--format", "json", "--", "migrate"]
    document = run_cli(words, folder.root, staging(embedded_database)).json()
    assert "division by zero" in str(error_of(document)["message"])
    assert document["applied"] == ["001", "002"]
    recorded = "select version, checksum is not null from dbmate_wrap.ledger order by id"
    assert embedded_database.execute(recorded) == [("001", True), ("002", True)]
    assert embedded_database.execute("select exit_code from dbmate_wrap.run") == [(30,)]


def test_files_of_another_folder_are_not_taken_for_ours(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({}, sealed=True)
    (folder.root / "other").mkdir()
    (folder.root / "other" / "001_o.sql").write_text(migration("create table public.o (i int);"))
    done = run_cli(
        [*ON_STAGING, "--", "--migrations-dir", "other", "up"], folder.root, staging(embedded_database)
    )
    assert done.returncode == 0, done.stderr
    recorded = "select version, file, checksum from dbmate_wrap.ledger"
    assert embedded_database.execute(recorded) == [("001", None, None)]


@pytest.mark.parametrize("words", ["up", "migrate", "rollback", "drop", "load", "dump"])
def test_exec_waits_for_another_run(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, words: str
) -> None:
    folder = project(TWO, sealed=True, toml='advisory_lock_wait = "0"\n')
    env = staging(embedded_database)
    run_cli(["up", "-e", "staging"], folder.root, env | {"DBMATE_WRAP_DISPOSABLE": "true"})
    with embedded_database.connect() as other:
        other.execute("select pg_advisory_lock(x'4B84B85CF4093B62'::bigint)")
        done = run_cli([*ON_STAGING, "--", words], folder.root, env | {"DBMATE_WRAP_DISPOSABLE": "true"})
    assert_refused(done, 23, "holds the advisory lock", "pg_terminate_backend")
    assert applied(embedded_database) == ["001", "002"]


def test_exec_asks_the_server_first(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project({"001_a.sql": migration("create extension no_such_extension;")})
    done = run_cli([*ON_STAGING, "--", "migrate"], folder.root, staging(embedded_database))
    assert_refused(done, 22, "no_such_extension", "install")
    assert tables(embedded_database) == []


def test_drop_wants_the_name_of_a_database_whose_rows_matter(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(TWO, sealed=True), staging(embedded_database)
    run_cli(["up", "-e", "staging"], folder.root, env)
    refused = run_cli([*ON_STAGING, "--yes", "--", "drop"], folder.root, env)
    assert_refused(refused, 20, "its name must be typed", "disposable = true")
    assert applied(embedded_database) == ["001", "002"]
    env["DBMATE_WRAP_DISPOSABLE"] = "true"
    done = run_cli([*ON_STAGING, "--", "drop"], folder.root, env)
    assert done.returncode == 0, done.stderr
    gone = run_cli(["status", "-e", "staging"], folder.root, env)
    assert gone.returncode == 21
    made = run_cli([*ON_STAGING, "--", "create"], folder.root, env)
    assert made.returncode == 0, made.stderr
    assert tables(embedded_database) == []
    again = run_cli([*ON_STAGING, "--", "create"], folder.root, env)
    assert (again.returncode, "already exists" in again.stderr) == (30, True)
