"""A project that plain dbmate has run for a year: twelve migrations by time, and a production database."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap.postgres.advisory_lock import KEY
from tests.support.cli import CliResult, RunCli, RunJson, assert_refused, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

VERSIONS = tuple(f"2024{month:02}05120000" for month in range(1, 13))
YEAR = {
    f"{version}_t{number}.sql": migration(
        f"create table public.t{number} (i bigint);", f"drop table public.t{number};"
    )
    for number, version in enumerate(VERSIONS, 1)
}
UP = ["up", "-e", "production", "--yes"]


@pytest.fixture
def folder(project: MakeProject) -> ProjectFolder:
    """The folder as it is before this tool: no lockfile, no settings."""
    made = project(YEAR, toml="")
    assert isinstance(made, ProjectFolder)
    return made


@pytest.fixture
def live(folder: ProjectFolder, dbmate: Path, embedded_database: Database) -> Database:
    """A database to which plain dbmate has applied all of them."""
    run_dbmate(folder, dbmate, embedded_database)
    return embedded_database


def production(database: Database) -> dict[str, str]:
    """The database as the environment `production`."""
    return {"PRODUCTION_DATABASE_URL": database.url}


def run_dbmate(folder: ProjectFolder, dbmate: Path, database: Database) -> None:
    """Apply what is pending with dbmate alone."""
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": with_sslmode(database.url)}
    words = [str(dbmate), "--no-dump-schema", "migrate"]
    done = subprocess.run(words, cwd=folder.root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def with_sslmode(url: str) -> str:
    """The URL as dbmate's driver wants it on a server without TLS."""
    return url if "sslmode" in url else url + ("&" if "?" in url else "?") + "sslmode=disable"


def ledger(database: Database) -> list[tuple[object, ...]]:
    """Version and origin of each line."""
    return database.execute("select version, how from dbmate_wrap.ledger order by id")


def has_ledger(database: Database) -> bool:
    return bool(database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'"))


def test_the_first_day_of_a_dbmate_project_has_no_dead_end(
    folder: ProjectFolder, live: Database, run_cli: RunCli
) -> None:
    env = production(live)

    def run(*words: str) -> CliResult:
        return run_cli(list(words), folder.root, env)

    unsealed = run("status", "-e", "production")
    assert_refused(unsealed, 13, "12 files do not fit the history", "dbmate-wrap seal")
    assert "12 unsealed: 20240105120000, " in unsealed.stderr
    assert unsealed.stderr.count("[unsealed]") == 1
    assert "12 applied" in unsealed.stdout
    sealed = run("seal")
    assert sealed.returncode == 0, sealed.stderr
    assert "12 sealed in db/migrations.lock" in sealed.stdout
    shown = run("status", "-e", "production", "--exit-code")
    assert (shown.returncode, shown.stderr) == (0, "")
    first = run(*UP)
    assert first.returncode == 0, first.stderr
    assert "the database is stamped as production now; 12 migrations adopted" in first.stdout
    # From the first day on a wrong URL is refused.
    wrong = run_cli(["up", "-e", "staging"], folder.root, staging(live))
    assert_refused(wrong, 20, "stamped as production", "doctor -e staging")
    checked = run("check", "--no-shadow")
    assert checked.returncode == 0, checked.stderr
    made = run("new", "add_x")
    path = folder.root / made.stdout.strip()
    assert path.name > "20260101000000"
    path.write_text(migration("create table public.x (i bigint);", "drop table public.x;"))
    assert run("seal").returncode == 0
    last = run(*UP)
    assert last.returncode == 0, last.stderr
    assert "1 migration applied" in last.stdout


def test_up_adopts_a_history_and_stamps_once(
    folder: ProjectFolder, live: Database, run_cli: RunCli, run_json: RunJson
) -> None:
    folder.seal()
    document = run_json(UP, folder.root, production(live))
    assert document["applied"] == []
    assert ledger(live) == [(version, "adopted") for version in VERSIONS]
    runs = live.execute("select command, exit_code from dbmate_wrap.run")
    assert runs == [("up", 0)]
    with live.connect() as other:
        other.execute("select pg_advisory_lock(%s)", (KEY,))
        again = run_cli(UP, folder.root, production(live))
    assert (again.returncode, again.stderr) == (0, "")
    assert "stamped" not in again.stdout
    assert live.execute("select command, exit_code from dbmate_wrap.run") == runs


def test_a_protected_environment_is_not_stamped_without_a_word_of_a_person(
    folder: ProjectFolder, live: Database, run_cli: RunCli
) -> None:
    folder.seal()
    done = run_cli(["up", "-e", "production"], folder.root, production(live))
    assert done.returncode == 0, done.stderr
    assert "not stamped as production yet: `dbmate-wrap up -e production --yes` stamps it" in done.stderr
    assert not has_ledger(live)


def test_what_another_run_is_about_to_stamp_is_not_waited_for(
    folder: ProjectFolder, live: Database, run_cli: RunCli
) -> None:
    folder.seal()
    with live.connect() as other:
        other.execute("select pg_advisory_lock(%s)", (KEY,))
        done = run_cli(UP, folder.root, production(live))
    assert done.returncode == 0, done.stderr
    assert "notice: the database is not stamped as production yet" in done.stderr
    assert not has_ledger(live)


@pytest.mark.parametrize("setting", ["default_transaction_read_only = on", "search_path = ''"])
def test_a_server_that_takes_no_writes_fails_no_run_that_has_nothing_to_write(
    folder: ProjectFolder, live: Database, run_cli: RunCli, setting: str
) -> None:
    folder.seal()
    live.execute(f'alter database "{live.name}" set {setting}')
    done = run_cli(UP, folder.root, production(live))
    assert done.returncode == 0, done.stderr
    assert ("notice: the database is not stamped" in done.stderr) is ("read_only" in setting)
    assert has_ledger(live) is ("read_only" not in setting)


def test_a_role_that_may_not_write_the_ledger_is_warned_once(
    folder: ProjectFolder, live: Database, run_cli: RunCli
) -> None:
    folder.seal()
    role = f"reader_{live.name}"
    live.execute(f"create role {role} login; grant select on public.schema_migrations to {role}")
    try:
        env = {"STAGING_DATABASE_URL": live.url.replace("postgres://postgres", f"postgres://{role}")}
        assert role in env["STAGING_DATABASE_URL"]
        done = run_cli(["up", "-e", "staging"], folder.root, env)
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("warning: ") == 1
        assert f"role {role} may not create the schema dbmate_wrap" in done.stderr
        assert "stamped" not in done.stdout
    finally:
        live.execute(f"drop owned by {role}; drop role {role}")


def test_without_a_ledger_nothing_is_adopted(folder: ProjectFolder, live: Database, run_cli: RunCli) -> None:
    folder.seal()
    env: Mapping[str, str] = {**production(live), "DBMATE_WRAP_LEDGER": "false"}
    done = run_cli(UP, folder.root, env)
    assert (done.returncode, done.stderr) == (0, "")
    assert not has_ledger(live)


def test_what_plain_dbmate_applies_later_is_adopted_too(
    folder: ProjectFolder, live: Database, run_cli: RunCli, dbmate: Path
) -> None:
    folder.seal()
    run_cli(UP, folder.root, production(live))
    folder.add("20250105120000_late.sql", migration("create table public.late (i bigint);"))
    folder.seal()
    run_dbmate(folder, dbmate, live)
    done = run_cli(UP, folder.root, production(live))
    assert "13 migrations applied before; 1 migration adopted" in done.stdout
    assert ledger(live)[-1] == ("20250105120000", "adopted")


def test_another_projects_database_is_told_in_one_line(
    project: MakeProject, live: Database, run_cli: RunCli
) -> None:
    other = project(
        {"20230105120000_a.sql": migration("create table public.a (i bigint);")}, sealed=True, name="other"
    )
    for words in (UP, ["status", "-e", "production"]):
        done = run_cli(words, other.root, production(live))
        assert_refused(done, 13, "another project's", "right database")
        error = next(line for line in done.stderr.splitlines() if line.startswith("error: "))
        assert "12 rows" in error
        assert "20240105120000" in error


OLD = {
    "20230105120000_AddUsers.sql": YEAR["20240105120000_t1.sql"].replace("t1", "u1"),
    "20230205120000_empty.sql": migration(""),
}


def test_names_that_dbmate_took_are_no_reason_to_stop_once_they_are_sealed(
    folder: ProjectFolder, run_cli: RunCli, run_json: RunJson, dbmate: Path, embedded_database: Database
) -> None:
    for name, text in OLD.items():
        folder.add(name, text)
    run_dbmate(folder, dbmate, embedded_database)
    refused = run_cli(["seal"], folder.root)
    assert_refused(refused, 12, "2 files break rules", r'since = "VERSION" in \[policy\]')
    # The remedy that it names.
    (folder.root / "dbmate-wrap.toml").write_text('[policy]\nsince = "20240101000000"\n')
    assert run_cli(["seal"], folder.root).returncode == 0
    (folder.root / "dbmate-wrap.toml").write_text("")
    document = run_json(UP, folder.root, production(embedded_database))
    assert document["exit"] == {"code": 0, "name": "ok"}
    findings = document["findings"]
    assert isinstance(findings, list)
    assert [(each["rule"], each["severity"]) for each in findings] == [
        ("file-name", "notice"),
        ("empty-migration", "notice"),
    ]


def test_what_dbmate_would_refuse_stays_an_error_however_old_it_is(
    folder: ProjectFolder, run_cli: RunCli, live: Database
) -> None:
    folder.add("20230105120000_old.sql", "-- migrate:up\nselect 1;\n")
    folder.seal()
    (folder.root / "dbmate-wrap.toml").write_text('[policy]\nsince = "20240101000000"\n')
    done = run_cli(UP, folder.root, production(live))
    assert_refused(done, 12, "has no `-- migrate:down` line", "add `-- migrate:down`")
