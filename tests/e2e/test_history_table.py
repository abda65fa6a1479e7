"""The history is looked for and recorded in one place, and nothing runs where that place is not the truth."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import TWO, RunCli, applied, assert_refused, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

UP = ["up", "-e", "staging"]
STATUS = ["status", "-e", "staging"]
SECOND = "create schema other; create table other.schema_migrations (version varchar primary key)"


def lines(database: Database) -> list[tuple[object, ...]]:
    """The ledger, oldest first, with the history table of each line."""
    return database.execute(
        "select r.history, l.version, l.how from dbmate_wrap.ledger l join dbmate_wrap.run r using (run_id)"
        " order by l.id"
    )


@pytest.fixture
def deployer(database: Database) -> Iterator[str]:
    """A role that may create schemas, and tables in public."""
    name = f"deployer_{uuid.uuid4().hex[:8]}"
    database.execute(
        f"create role {name} login; grant create, usage on schema public to {name};"
        f" grant create on database {database.name} to {name}"
    )
    yield name
    database.execute(f"drop owned by {name} cascade; drop role {name}")


def staging_as(database: Database, role: str) -> dict[str, str]:
    """Staging with the login of `role`."""
    return {"STAGING_DATABASE_URL": database.url.replace(f"{database.server.superuser}@", f"{role}@")}


def test_two_projects_in_one_database_keep_out_of_each_others_lines(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, tmp_path: Path
) -> None:
    first = project(TWO, sealed=True)
    assert run_cli(UP, first.root, staging(embedded_database)).returncode == 0
    embedded_database.execute(SECOND)
    ours = {**staging(embedded_database), "DBMATE_WRAP_MIGRATIONS_TABLE": "other.schema_migrations"}
    second = ProjectFolder(tmp_path / "second")
    second.migrations.mkdir(parents=True)
    second.add("001_a.sql", migration("create table other.a (i int);"))
    second.seal()
    done = run_cli(UP, second.root, ours)
    assert done.returncode == 0, done.stderr
    again = run_cli(STATUS, first.root, staging(embedded_database))
    assert again.returncode == 0, again.stderr
    assert lines(embedded_database) == [
        ("public.schema_migrations", "001", "applied"),
        ("public.schema_migrations", "002", "applied"),
        ("other.schema_migrations", "001", "applied"),
    ]
    embedded_database.execute("truncate other.schema_migrations")
    emptied = run_cli(UP, second.root, ours)
    assert_refused(emptied, 13, "other.schema_migrations has no row for it", "put the rows back")
    assert run_cli(STATUS, first.root, staging(embedded_database)).returncode == 0


def test_a_history_that_is_looked_for_elsewhere_is_13_with_the_setting(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    before = lines(embedded_database)
    elsewhere = {**staging(embedded_database), "DBMATE_WRAP_MIGRATIONS_TABLE": "other.schema_migrations"}
    remedy = 'migrations_table = "public.schema_migrations"'
    assert_refused(run_cli(UP, folder.root, elsewhere), 13, "in public.schema_migrations", remedy)
    embedded_database.execute(SECOND)
    assert_refused(run_cli(UP, folder.root, elsewhere), 13, "in public.schema_migrations", remedy)
    assert_refused(run_cli(STATUS, folder.root, elsewhere), 13, "in public.schema_migrations", remedy)
    assert lines(embedded_database) == before
    embedded_database.execute("create schema app")
    embedded_database.execute(f"alter database {embedded_database.name} set search_path = app, public")
    done = run_cli(UP, folder.root, staging(embedded_database))
    assert_refused(done, 13, "app.schema_migrations does not exist", remedy)
    back = {**staging(embedded_database), "DBMATE_WRAP_MIGRATIONS_TABLE": "public.schema_migrations"}
    assert run_cli(STATUS, folder.root, back).returncode == 0


def test_a_history_table_that_was_moved_together_with_its_setting_goes_on(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    embedded_database.execute("create schema ops; alter table public.schema_migrations set schema ops")
    moved = {**staging(embedded_database), "DBMATE_WRAP_MIGRATIONS_TABLE": "ops.schema_migrations"}
    folder.add("003_c.sql", migration("create table public.c (i int);"))
    folder.seal()
    done = run_cli(UP, folder.root, moved)
    assert done.returncode == 0, done.stderr
    assert embedded_database.execute("select max(version) from ops.schema_migrations") == [("003",)]


def test_a_second_history_of_the_same_files_is_begun_as_the_runbook_says(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {"001_a.sql": migration("create schema if not exists shop;")}
    folder = project(files, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    second = {**staging(embedded_database), "DBMATE_WRAP_MIGRATIONS_TABLE": "tenant_b.schema_migrations"}
    embedded_database.execute("create schema tenant_b")
    assert run_cli(UP, folder.root, second).returncode == 13
    page = (REPOSITORY / "docs" / "runbooks" / "13-history-table.md").read_text()
    [remedy] = re.findall(r"```sql\n([^`]*?tenant_b[^`]*)```", page)
    embedded_database.execute(remedy)
    assert run_cli(UP, folder.root, second).returncode == 0
    assert lines(embedded_database)[-1] == ("tenant_b.schema_migrations", "001", "applied")


@pytest.mark.both_majors
def test_a_migration_that_changes_search_path_is_recorded_where_the_others_are(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    database.execute(f"{SECOND}; create table public.schema_migrations (version varchar primary key)")
    files = {
        "001_a.sql": migration("create table public.a (i int);"),
        "002_b.sql": migration("set search_path = other; create table other.b (i int);"),
        "003_c.sql": migration("create table public.c (i int);"),
    }
    done = run_cli(UP, project(files, sealed=True).root, staging(database))
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002", "003"]
    assert database.execute("select version from other.schema_migrations") == []


def test_a_schema_that_is_named_like_the_role_changes_nothing(
    project: MakeProject, run_cli: RunCli, database: Database, deployer: str
) -> None:
    files = {
        "001_a.sql": migration("create table public.a (i int);"),
        "002_b.sql": migration(f"create schema {deployer};"),
        "003_c.sql": migration(f"create table {deployer}.c (i int);"),
    }
    done = run_cli(UP, project(files, sealed=True).root, staging_as(database, deployer))
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002", "003"]


def test_a_migration_that_drops_the_history_outside_a_transaction_is_31_with_its_rows(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {
        "001_a.sql": migration("create schema shop;"),
        "002_b.sql": migration("drop schema public cascade;", options="transaction:false"),
    }
    done = run_cli(UP, project(files, sealed=True).root, staging(embedded_database))
    assert_refused(done, 31, "002_b.sql took the history of migrations away", r"values \('001'\);")
    assert "left no new object" not in done.stderr


@pytest.mark.parametrize(
    ("statement", "lost"),
    [
        ("delete from public.schema_migrations;", "001"),
        (
            "create rule r as on insert to public.schema_migrations do instead nothing;",
            "002",
        ),
    ],
)
def test_a_migration_after_which_rows_are_missing_is_31_with_the_rows(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, statement: str, lost: str
) -> None:
    files = {"001_a.sql": migration("create schema shop;"), "002_b.sql": migration(statement)}
    made = project({"001_a.sql": files["001_a.sql"]}, sealed=True)
    assert run_cli(UP, made.root, staging(embedded_database)).returncode == 0
    made.add("002_b.sql", files["002_b.sql"])
    made.seal()
    done = run_cli(UP, made.root, staging(embedded_database))
    assert_refused(
        done,
        31,
        f"002_b.sql ran, and after it public.schema_migrations has no row for {lost}",
        rf"insert into public.schema_migrations \(version\) values \('{lost}'\);",
    )


def test_a_role_that_a_migration_sets_is_named_where_dbmate_could_not_record(
    project: MakeProject, run_cli: RunCli, database: Database, deployer: str
) -> None:
    files = {"001_a.sql": migration("set local role pg_monitor;")}
    database.execute(f"grant pg_monitor to {deployer}")
    done = run_cli(UP, project(files, sealed=True).root, staging_as(database, deployer))
    assert_refused(done, 30, "permission denied for", "RESET ROLE")


def test_redo_of_all_goes_on_where_the_ledger_cannot_be_read(
    project: MakeProject, run_cli: RunCli, database: Database, deployer: str
) -> None:
    files = {"001_a.sql": migration("create schema shop;", "drop schema shop;")}
    root = project(files, toml="environments.staging.disposable = true", sealed=True).root
    env = staging_as(database, deployer)
    assert run_cli(UP, root, env).returncode == 0
    database.execute(f"alter schema dbmate_wrap owner to {database.server.superuser}")
    done = run_cli(["redo", "-e", "staging"], root, env)
    assert done.returncode == 0, done.stderr
    database.execute("drop schema shop; truncate public.schema_migrations")
    assert_refused(run_cli(UP, root, env), 13, "the history table has no rows, and the ledger", "grant usage")
