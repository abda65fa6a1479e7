"""The loop of a developer: a typo after `up`, a branch that was switched, and no other row is lost."""

import subprocess
from pathlib import Path

import pytest

from tests.support.cli import RunCli, applied, assert_refused, staging, tables
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, Server

pytestmark = pytest.mark.e2e

FIRST = migration("create table public.a (i int);", "drop table public.a;")
SECOND = migration("create table public.b (i int);", "drop table public.b;")
BETTER = migration("create table public.b (i int, j int);", "drop table public.b;")
THIRD = migration("create table public.c (i int);", "drop table public.c;")
BETTER_THIRD = migration("create table public.c (i int, j int);", "drop table public.c;")


def dev(database: Database) -> dict[str, str]:
    return {"DEV_DATABASE_URL": database.url, "DBMATE_WRAP_DUMP_SCHEMA": "false"}


@pytest.fixture
def folder(project: MakeProject, run_cli: RunCli, embedded_database: Database) -> ProjectFolder:
    """Two migrations, of which the first is sealed, and a row in its table."""
    made = project({"001_a.sql": FIRST}, sealed=True)
    made.add("002_b.sql", SECOND)
    done = run_cli(["up"], made.root, dev(embedded_database))
    assert done.returncode == 0, done.stderr
    embedded_database.execute("insert into public.a values (7)")
    return made


def columns(database: Database, table: str) -> list[str]:
    where = f"where attrelid = 'public.{table}'::regclass and attnum > 0 order by attnum"
    return [str(name) for (name,) in database.execute(f"select attname::text from pg_attribute {where}")]


def test_a_typo_after_up_is_mended_by_redo(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    folder.add("002_b.sql", BETTER)
    warned = run_cli(["up"], folder.root, env)
    assert warned.returncode == 0, warned.stderr
    said = "warning: 002_b.sql was edited after it ran here: `dbmate-wrap redo` undoes what ran"
    assert said in warned.stderr
    status = run_cli(["status"], folder.root, env)
    assert (status.returncode, said in status.stderr) == (0, True)
    assert "edited" in status.stdout
    done = run_cli(["redo"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert "1 migration rolled back, 1 migration applied" in done.stdout
    assert columns(embedded_database, "b") == ["i", "j"]
    assert embedded_database.execute("select i from public.a") == [(7,)]
    assert "edited" not in run_cli(["up"], folder.root, env).stderr


def test_redo_undoes_down_to_the_oldest_that_was_edited(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    folder.add("003_c.sql", THIRD)
    assert run_cli(["up"], folder.root, env).returncode == 0
    folder.add("002_b.sql", BETTER)
    folder.add("003_c.sql", migration("create table public.d (i int);", "drop table public.d;"))
    done = run_cli(["redo"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert tables(embedded_database) == ["a", "b", "d", "schema_migrations"]
    assert applied(embedded_database) == ["001", "002", "003"]


def test_rollback_undoes_what_ran_and_not_what_the_file_says_now(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    folder.add("002_b.sql", migration("create table public.z (i int);", "drop table public.z;"))
    done = run_cli(["rollback"], folder.root, dev(embedded_database))
    assert done.returncode == 0, done.stderr
    assert tables(embedded_database) == ["a", "schema_migrations"]


def test_what_redo_cannot_apply_can_be_mended_and_applied(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    folder.add("002_b.sql", migration("select 1/0;", "select 1;"))
    failed = run_cli(["redo"], folder.root, env)
    assert failed.returncode == 30
    assert applied(embedded_database) == ["001"]
    folder.add("002_b.sql", BETTER)
    assert run_cli(["up"], folder.root, env).returncode == 0
    assert columns(embedded_database, "b") == ["i", "j"]


def test_nothing_is_undone_where_one_of_them_has_no_way_back(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    folder.add("003_c.sql", migration("create table public.c (i int);", "-- nothing can"))
    assert run_cli(["up"], folder.root, env).returncode == 0
    folder.add("002_b.sql", BETTER)
    refused = run_cli(["redo"], folder.root, env)
    assert_refused(refused, 20, "003_c.sql has no statement after", "new migration")
    assert applied(embedded_database) == ["001", "002", "003"]


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *args], cwd=folder, check=True)


def test_a_branch_that_was_switched_is_named_and_undone(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    git(folder.root, "init", "-q", "-b", "main")
    git(folder.root, "add", "db")
    git(folder.root, "commit", "-qm", "one")
    git(folder.root, "switch", "-qc", "feature")
    folder.add("003_c.sql", THIRD)
    git(folder.root, "add", "db")
    git(folder.root, "commit", "-qm", "two")
    assert run_cli(["up"], folder.root, env).returncode == 0
    git(folder.root, "switch", "-q", "main")
    warned = run_cli(["up"], folder.root, env)
    assert warned.returncode == 0, warned.stderr
    said = "003_c.sql (of feature) is applied and has no file here: `dbmate-wrap rollback --unknown` undoes"
    assert said in warned.stderr
    done = run_cli(["rollback", "--unknown"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002"]
    assert tables(embedded_database) == ["a", "b", "schema_migrations"]
    again = run_cli(["rollback", "--unknown"], folder.root, env)
    assert "every applied version has its file" in again.stdout


def test_another_file_with_the_number_of_another_branch_is_applied_by_redo(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    env = dev(embedded_database)
    ours = folder.add("003_c.sql", THIRD)
    assert run_cli(["up"], folder.root, env).returncode == 0
    ours.rename(ours.with_name("004_c.sql"))
    folder.add("003_d.sql", migration("create table public.d (i int);", "drop table public.d;"))
    done = run_cli(["redo"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002", "003", "004"]
    assert tables(embedded_database) == ["a", "b", "c", "d", "schema_migrations"]


@pytest.fixture
def sealed_early(folder: ProjectFolder, run_cli: RunCli, embedded_database: Database) -> ProjectFolder:
    """A branch that has 003 sealed, committed, applied in development, and edited since."""
    folder.seal()
    git(folder.root, "init", "-q", "-b", "main")
    git(folder.root, "add", "db")
    git(folder.root, "commit", "-qm", "one")
    git(folder.root, "remote", "add", "origin", "nowhere")
    git(folder.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    folder.add("003_c.sql", THIRD)
    folder.seal()
    assert run_cli(["up"], folder.root, dev(embedded_database)).returncode == 0
    git(folder.root, "add", "db")
    git(folder.root, "commit", "-qm", "two")
    folder.add("003_c.sql", BETTER_THIRD)
    return folder


def test_what_was_sealed_too_early_is_undone_applied_and_sealed_again(
    sealed_early: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    root, env = sealed_early.root, dev(embedded_database)
    before = sealed_early.lockfile.read_text().splitlines()
    refused = run_cli(["up"], root, env)
    assert_refused(refused, 13, "003_c.sql was changed after it was sealed", "`dbmate-wrap redo` undoes")
    done = run_cli(["redo"], root, env)
    assert done.returncode == 0, done.stderr
    assert "1 migration rolled back, 1 migration applied, 003_c.sql sealed again" in done.stdout
    said = "staging, production could not be asked whether 003_c.sql is applied there: where it is, `up` ends"
    assert said in done.stderr
    assert columns(embedded_database, "c") == ["i", "j"]
    assert embedded_database.execute("select i from public.a") == [(7,)]
    after = sealed_early.lockfile.read_text().splitlines()
    assert after[:-1] == before[:-1]
    assert " was " not in after[-1] != before[-1]
    assert run_cli(["up"], root, env).returncode == 0
    assert run_cli(["check", "--no-shadow"], root).returncode == 0


def test_a_new_text_that_fails_is_not_sealed_and_is_redone_once_it_is_mended(
    sealed_early: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    root, env = sealed_early.root, dev(embedded_database)
    before = sealed_early.lockfile.read_bytes()
    sealed_early.add("003_c.sql", migration("select nonesuch();", "drop table public.c;"))
    assert run_cli(["redo"], root, env).returncode == 30
    assert sealed_early.lockfile.read_bytes() == before
    assert applied(embedded_database) == ["001", "002"]
    sealed_early.add("003_c.sql", BETTER_THIRD)
    done = run_cli(["redo"], root, env)
    assert done.returncode == 0, done.stderr
    assert "0 migrations rolled back, 1 migration applied, 003_c.sql sealed again" in done.stdout
    assert tables(embedded_database) == ["a", "b", "c", "schema_migrations"]
    assert embedded_database.execute("select i from public.a") == [(7,)]


def test_what_staging_has_applied_was_not_sealed_too_early(
    sealed_early: ProjectFolder, run_cli: RunCli, embedded: Server, embedded_database: Database
) -> None:
    root, name = sealed_early.root, "003_c.sql"
    with embedded.new_database() as shared:
        env = dev(embedded_database) | staging(shared)
        sealed_early.add(name, THIRD)
        assert run_cli(["up", "-e", "staging"], root, env).returncode == 0
        sealed_early.add(name, BETTER_THIRD)
        refused = run_cli(["redo"], root, env)
    assert_refused(
        refused, 20, f"{name} is applied in staging: it stays", f"git checkout -- db/migrations/{name}"
    )
    assert columns(embedded_database, "c") == ["i"]


def test_what_is_merged_was_not_sealed_too_early(
    sealed_early: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    git(sealed_early.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    refused = run_cli(["redo"], sealed_early.root, dev(embedded_database))
    assert_refused(refused, 13, "003_c.sql was changed after it was sealed", "dbmate-wrap amend 003_c.sql")
    assert columns(embedded_database, "c") == ["i"]


def test_without_a_remote_an_environment_that_cannot_be_asked_ends_it(
    sealed_early: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    root, env = sealed_early.root, dev(embedded_database)
    git(root, "remote", "remove", "origin")
    lost = {"STAGING_DATABASE_URL": "postgres://nobody@localhost:1/none"}
    refused = run_cli(["redo"], root, env | lost)
    assert_refused(refused, 21, "staging could not be asked whether 003_c.sql is applied", "--not-applied-in")
    assert columns(embedded_database, "c") == ["i"]
    done = run_cli(["redo"], root, env)
    assert done.returncode == 0, done.stderr
    assert columns(embedded_database, "c") == ["i", "j"]


def test_what_plain_dbmate_ran_is_not_undone_by_guess(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    embedded_database.execute("insert into public.schema_migrations values ('009')")
    refused = run_cli(["rollback", "--unknown"], folder.root, dev(embedded_database))
    assert_refused(refused, 13, "the text of 009 that ran is not known", "exec -- drop")
    assert applied(embedded_database) == ["001", "002", "009"]


def test_a_text_that_somebody_changed_in_the_ledger_is_not_run(
    folder: ProjectFolder, run_cli: RunCli, embedded_database: Database
) -> None:
    folder.add("002_b.sql", BETTER)
    embedded_database.execute("update dbmate_wrap.ledger set content = 'drop schema public cascade'::bytea")
    refused = run_cli(["redo"], folder.root, dev(embedded_database))
    assert_refused(refused, 13, "is not what ran: its checksum differs", "version control")
    assert tables(embedded_database) == ["a", "b", "schema_migrations"]


@pytest.mark.parametrize("words", [["redo"], ["rollback", "--unknown"]], ids=" ".join)
def test_where_rows_matter_neither_is_done(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, words: list[str]
) -> None:
    made = project({"001_a.sql": FIRST}, sealed=True)
    refused = run_cli([*words, "-e", "staging"], made.root, staging(embedded_database))
    assert_refused(refused, 20, "staging, which is not disposable", "disposable = true")


def test_where_rows_matter_the_hint_prints_what_ran(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    made, env = project({"001_a.sql": FIRST}), staging(embedded_database)
    made.add("002_b.sql", SECOND)
    assert run_cli(["up", "-e", "staging"], made.root, env).returncode == 0
    made.add("002_b.sql", BETTER)
    refused = run_cli(["up", "-e", "staging"], made.root, env)
    assert_refused(refused, 13, "002_b.sql", "dbmate-wrap history -e staging --show 002")
    shown = run_cli(["history", "-e", "staging", "--show", "002"], made.root, env)
    assert (shown.returncode, shown.stdout) == (0, SECOND)
    assert "+create table public.b (i int, j int);" in shown.stderr
    document = run_cli(["history", "-e", "staging", "--show", "2", "--format", "json"], made.root, env).json()
    assert (document["version"], document["text"]) == ("002", SECOND)
    assert "j int" in str(document["difference"])
    last = run_cli(["history", "-e", "staging", "--last", "1", "--format", "json"], made.root, env).json()
    entries = last["entries"]
    assert isinstance(entries, list)
    assert [line["version"] for line in entries] == ["002"]
    unknown = run_cli(["history", "-e", "staging", "--show", "9"], made.root, env)
    assert_refused(unknown, 2, "the ledger has no such version", "001 to 002")
