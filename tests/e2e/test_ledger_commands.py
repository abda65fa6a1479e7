"""The ledger as people use it: what was applied when, by whom, from which bytes and from which commit."""

import re
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import pytest

from dbmate_wrap.postgres.advisory_lock import KEY
from tests.support.cli import TWO, CliResult, Document, RunCli, RunJson, applied, assert_refused, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database

pytestmark = pytest.mark.e2e

UP = ["up", "-e", "staging"]
STATUS = ["status", "-e", "staging"]
HISTORY = ["history", "-e", "staging"]
THIRD = migration("create table public.c (i int);", "drop table public.c;")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
Row = Mapping[str, object]


def rows(document: Document, key: str) -> list[Row]:
    """The objects of a list in a document."""
    found = document[key]
    assert isinstance(found, list)
    return found


def add_third(folder: ProjectFolder) -> None:
    """One more migration, sealed."""
    folder.add("003_c.sql", THIRD)
    folder.seal()


def story(database: Database) -> list[tuple[object, ...]]:
    """The ledger, oldest first."""
    return database.execute("select version, how from dbmate_wrap.ledger order by id")


def test_history_says_what_ran_when_and_from_which_bytes(
    project: MakeProject, run_json: RunJson, database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run = run_json(UP, folder.root, staging(database))
    document = run_json(HISTORY, folder.root, staging(database))
    assert document["exit"] == {"code": 0, "name": "ok"}
    first, second = rows(document, "entries")
    checksums = [sha256(TWO[name].encode()).hexdigest() for name in TWO]
    assert [(each["version"], each["file"], each["checksum"]) for each in (first, second)] == [
        ("001", "001_a.sql", checksums[0]),
        ("002", "002_b.sql", checksums[1]),
    ]
    for entry in (first, second):
        assert (entry["how"], entry["command"], entry["environment"]) == ("applied", "up", "staging")
        assert (entry["run_id"], entry["database_user"]) == (run["run_id"], database.server.superuser)
        assert re.fullmatch(_TIME, str(entry["applied_at"]))
        assert isinstance(entry["duration_ms"], int)
        assert entry["os_user"]
        assert entry["host"]
        assert re.fullmatch(r"\d+\.\d+\.\d+", str(entry["dbmate_version"]))
        assert entry["tool_version"]
        assert (entry["git_commit"], entry["git_dirty"]) == (None, None)
    assert str(first["applied_at"]) <= str(second["applied_at"])
    # The run itself is closed, with its exit code.
    assert database.execute("select exit_code, ended_at >= started_at from dbmate_wrap.run") == [(0, True)]


def test_history_is_a_paragraph_a_run_and_fits_into_eighty_columns(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    names = ("001_deal_stage_history_skip_unchanged.sql", "002_b.sql")
    folder = project(dict(zip(names, TWO.values(), strict=True)), sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    run_cli(["rollback", "-e", "staging"], folder.root, staging(embedded_database))
    done = run_cli(HISTORY, folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    # The first line says where the server is: its temporary folder has a long name.
    heading, _, *lines = done.stdout.splitlines()
    assert heading.startswith("staging  database ")
    assert max(map(len, lines)) <= 80, done.stdout
    run = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  %s by \S+@\S+"
    expected = [
        run % "up",
        r"  001_deal_stage_history_skip_unchanged\.sql  applied      +\d+ ms",
        r"  002_b\.sql +applied      +\d+ ms",
        "",
        run % "rollback",
        r"  002_b\.sql +rolled-back",
        "",
        "3 entries",
    ]
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(pattern, line), (line, pattern)


def test_history_of_a_database_that_has_none_is_empty(
    project: MakeProject, run_json: RunJson, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    assert rows(run_json(HISTORY, folder.root, staging(embedded_database)), "entries") == []
    assert "the ledger is empty" in run_cli(HISTORY, folder.root, staging(embedded_database)).stdout
    assert embedded_database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'") == []


def test_status_says_when_each_was_applied(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_json(UP, folder.root, staging(embedded_database))
    add_third(folder)
    first, second, third = rows(run_json(STATUS, folder.root, staging(embedded_database)), "migrations")
    for row in (first, second):
        assert (row["state"], bool(re.fullmatch(_TIME, str(row["applied_at"])))) == ("applied", True)
    assert (third["state"], third["applied_at"]) == ("pending", None)


def test_a_file_that_was_changed_and_sealed_again_is_found_out_by_the_ledger(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(database))
    folder.add("002_b.sql", TWO["002_b.sql"].replace("(i int)", "(i bigint)"))
    add_third(folder)
    assert run_cli(["check"], folder.root).returncode == 0
    for words in (STATUS, UP):
        document = run_json(words, folder.root, staging(database))
        assert document["exit"] == {"code": 13, "name": "history"}
        states = [(row["version"], row["state"]) for row in rows(document, "migrations")]
        assert states == [("001", "applied"), ("002", "edited"), ("003", "pending")]
    assert applied(database) == ["001", "002"]
    folder.add("002_b.sql", TWO["002_b.sql"])
    folder.seal()
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr


def test_line_endings_are_no_edit(project: MakeProject, run_cli: RunCli, embedded_database: Database) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    folder.add("001_a.sql", TWO["001_a.sql"].replace("\n", "\r\n"))
    done = run_cli(STATUS, folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr


def test_a_version_without_a_file_is_unknown_with_and_without_a_line(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_json(UP, folder.root, staging(embedded_database))
    (folder.migrations / "002_b.sql").unlink()
    folder.seal()
    embedded_database.execute("insert into public.schema_migrations values ('777')")
    document = run_json(STATUS, folder.root, staging(embedded_database))
    assert document["exit"] == {"code": 13, "name": "history"}
    states = [(row["version"], row["state"], row["file"]) for row in rows(document, "migrations")]
    assert states == [("001", "applied", "001_a.sql"), ("002", "unknown", None), ("777", "unknown", None)]


def test_what_plain_dbmate_applied_is_adopted_with_a_notice(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, database: Database, dbmate: Path
) -> None:
    folder = project(TWO, sealed=True)
    plain = [str(dbmate), "--url", database.url + "&sslmode=disable", "--no-dump-schema", "migrate"]
    subprocess.run(plain, cwd=folder.root, check=True, capture_output=True, timeout=60)
    assert applied(database) == ["001", "002"]
    before = run_json(STATUS, folder.root, staging(database))
    assert [row["applied_at"] for row in rows(before, "migrations")] == [None, None]
    add_third(folder)
    done = run_cli(UP, folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert "notice: adopted what another tool has applied: 001, 002\n" in done.stderr
    assert story(database) == [("001", "adopted"), ("002", "adopted"), ("003", "applied")]
    folder.add("004_d.sql", THIRD.replace("public.c", "public.d"))
    folder.seal()
    again = run_cli(UP, folder.root, staging(database))
    assert "adopted" not in again.stderr
    # The bytes that were adopted are those that count from now on.
    folder.add("001_a.sql", TWO["001_a.sql"].replace("int", "bigint"))
    folder.seal()
    assert_refused(
        run_cli(UP, folder.root, staging(database)), 13, r"001_a\.sql \(edited\)", "restore the file"
    )


def test_a_rollback_is_a_line_and_what_is_applied_again_another(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = staging(embedded_database)
    run_cli(UP, folder.root, env)
    assert run_cli(["rollback", "-e", "staging"], folder.root, env).returncode == 0
    row = rows(run_json(STATUS, folder.root, env), "migrations")[1]
    assert (row["state"], row["applied_at"]) == ("pending", None)
    # What is rolled back may be edited: it is applied nowhere any more.
    folder.add("002_b.sql", TWO["002_b.sql"].replace("(i int)", "(i bigint)"))
    folder.seal()
    assert run_cli(UP, folder.root, env).returncode == 0
    expected = [("001", "applied"), ("002", "applied"), ("002", "rolled-back"), ("002", "applied")]
    assert story(embedded_database) == expected
    assert run_cli(STATUS, folder.root, env).returncode == 0


@pytest.fixture
def narrow(database: Database) -> Iterator[dict[str, str]]:
    """Staging as a role that may create in `public`, and no schema in the database."""
    role = f"narrow_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {role} login; grant create, usage on schema public to {role}")
    yield {"STAGING_DATABASE_URL": database.url.replace(f"{database.server.superuser}@", f"{role}@")}
    database.execute(f"drop owned by {role} cascade; drop role {role}")


def test_without_the_privilege_there_is_one_warning_and_everything_else_works(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli(UP, folder.root, narrow)
    assert done.returncode == 0, done.stderr
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    [warning] = warnings
    assert "may not create the schema dbmate_wrap" in warning
    assert "create schema dbmate_wrap authorization" in warning
    assert applied(database) == ["001", "002"]
    assert run_cli(STATUS, folder.root, narrow).stderr == ""
    assert run_cli(["rollback", "-e", "staging"], folder.root, narrow).returncode == 0
    assert run_cli(HISTORY, folder.root, narrow).returncode == 0
    # The warning has the statement that helps.
    [remedy] = re.findall(r"create schema dbmate_wrap authorization [^;]+", warning)
    database.execute(remedy)
    done = run_cli(UP, folder.root, narrow)
    assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    assert story(database) == [("001", "adopted"), ("002", "applied")]


def test_stamp_says_that_it_could_not_where_it_may_not(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    done = run_cli(["stamp", "-e", "staging"], folder.root, narrow)
    assert_refused(done, 22, "the stamp was not written", "create schema dbmate_wrap authorization")


def test_a_ledger_that_may_not_be_read_is_said_with_the_grant(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(database))
    refused = run_cli(HISTORY, folder.root, narrow)
    assert_refused(refused, 22, "may not read the schema dbmate_wrap", "grant usage on schema dbmate_wrap")


@pytest.mark.parametrize(
    "words",
    [["rollback", "-e", "staging"], ["exec", "-e", "staging", "--", "rollback"]],
    ids=["rollback", "exec"],
)
def test_what_cannot_be_recorded_is_not_rolled_back(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str], words: list[str]
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(database))
    role = narrow["STAGING_DATABASE_URL"].partition("@")[0].removeprefix("postgres://")
    database.execute(
        f"grant usage on schema dbmate_wrap to {role};"
        f" grant select on all tables in schema dbmate_wrap to {role};"
        f" grant all on public.schema_migrations to {role}"
    )
    refused = run_cli(words, folder.root, narrow)
    assert_refused(refused, 22, "a rollback that is not recorded there", "grant select, insert, update")
    assert applied(database) == ["001", "002"]


def test_exec_says_that_it_may_not_read_the_stamp(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(database))
    role = narrow["STAGING_DATABASE_URL"].partition("@")[0].removeprefix("postgres://")
    database.execute(f"grant select, insert on public.schema_migrations to {role}")
    said = "warning: the stamp of this database was not looked at: role"
    done = run_cli(["exec", "-e", "staging", "--", "--no-dump-schema", "migrate"], folder.root, narrow)
    assert said in done.stderr
    assert "may not read the schema dbmate_wrap" in done.stderr
    done = run_cli(["exec", "-e", "staging", "--", "status"], folder.root, narrow)
    assert said not in done.stderr


@pytest.mark.both_majors
def test_neither_dump_nor_schema_file_has_anything_of_ours(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(TWO, sealed=True, toml="[environments.staging]\ndump_schema = true\n")
    env = staging(database)
    done = run_cli(UP, folder.root, env)
    assert done.returncode == 0, done.stderr
    file = folder.root / "db" / "schema.sql"
    by_up = file.read_text()
    assert "CREATE TABLE public.a" in by_up
    assert run_cli(["dump", "-e", "staging"], folder.root, env).returncode == 0
    for text in (by_up, file.read_text()):
        assert not re.search(r"dbmate_wrap|ledger|stamp", text), text
    # A project without the ledger gets the same file.
    database.execute("drop schema dbmate_wrap cascade")
    assert run_cli(["dump", "-e", "staging"], folder.root, env).returncode == 0
    assert file.read_text() == by_up


Git = Callable[..., str]


@pytest.fixture
def git(clean_environment: dict[str, str]) -> Git:
    """Runs git in a folder."""

    def run(root: Path, *arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", *who, *arguments]
        done = subprocess.run(
            command, cwd=root, env=clean_environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


def test_the_commit_and_whether_the_files_differ_from_it_are_true(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, git: Git, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    git(folder.root, "init", "--quiet")
    git(folder.root, "add", ".")
    git(folder.root, "commit", "--quiet", "--message", "one")
    (folder.root / "notes.txt").write_text("not a migration")
    env = staging(embedded_database)
    run_cli(UP, folder.root, env)
    first = git(folder.root, "rev-parse", "HEAD")
    add_third(folder)
    run_cli(UP, folder.root, env)
    git(folder.root, "add", ".")
    git(folder.root, "commit", "--quiet", "--message", "two")
    folder.add("004_d.sql", THIRD.replace("public.c", "public.d"))
    folder.seal()
    git(folder.root, "add", ".")
    git(folder.root, "commit", "--quiet", "--message", "three")
    run_cli(UP, folder.root, env)
    third = git(folder.root, "rev-parse", "HEAD")
    entries = rows(run_json(HISTORY, folder.root, env), "entries")
    assert [(each["version"], each["git_commit"], each["git_dirty"]) for each in entries] == [
        ("001", first, False),
        ("002", first, False),
        ("003", first, True),
        ("004", third, False),
    ]
    shown = run_cli(HISTORY, folder.root, env).stdout
    assert f", commit {first[:10]} (dirty)\n" in shown
    assert f", commit {third[:10]}\n" in shown
    assert max(map(len, shown.splitlines()[2:])) <= 80


def test_with_nothing_pending_nothing_is_written_and_no_lock_is_needed(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True, toml='advisory_lock_wait = "0"\n')
    env = staging(embedded_database)
    run_cli(UP, folder.root, env)
    runs = "select count(*) from dbmate_wrap.run"
    assert embedded_database.execute(runs) == [(1,)]
    with embedded_database.connect() as other:
        other.execute("select pg_advisory_lock(%s)", (KEY,))
        done = run_cli(UP, folder.root, env)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        assert embedded_database.execute(runs) == [(1,)]
        add_third(folder)
        locked = run_cli(UP, folder.root, env)
        assert_refused(locked, 23, "holds the advisory lock", "pg_terminate_backend")
        assert embedded_database.execute(runs) == [(1,)]
    assert run_cli(UP, folder.root, env).returncode == 0


def failing_run(folder: ProjectFolder, run_cli: RunCli, env: Mapping[str, str]) -> CliResult:
    """A run whose second migration fails."""
    folder.add("002_b.sql", migration("select nosuch;"))
    folder.seal()
    return run_cli(UP, folder.root, env)


def test_a_run_that_fails_is_closed_with_its_code_and_keeps_what_it_applied(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    done = failing_run(project(TWO), run_cli, staging(embedded_database))
    assert done.returncode == 30
    assert story(embedded_database) == [("001", "applied")]
    assert embedded_database.execute("select exit_code from dbmate_wrap.run") == [(30,)]


EMPTY = "truncate public.schema_migrations"
ROLLBACK = ["rollback", "-e", "staging"]
PLAN = ["plan", "-e", "staging", "--no-shadow"]


def hint_of(document: Document) -> str:
    """The hint of a failed run."""
    error = document["error"]
    assert isinstance(error, dict)
    return str(error["hint"])


@pytest.mark.parametrize("damage", [EMPTY, "drop table public.schema_migrations"], ids=["empty", "dropped"])
def test_what_the_ledger_has_as_applied_never_runs_again_without_its_row(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database, damage: str
) -> None:
    folder = project(TWO, sealed=True)
    env = staging(embedded_database)
    run_cli(UP, folder.root, env)
    embedded_database.execute(damage)
    before = story(embedded_database)
    nobody = "postgres://nobody@127.0.0.1:1"
    others = {"DEV_DATABASE_URL": f"{nobody}/dev", "TEST_DATABASE_URL": f"{nobody}/test"}
    for words in (STATUS, PLAN, UP, ROLLBACK, ["status", "--all"]):
        done = run_cli(words, folder.root, {**env, **others})
        cause = r"the ledger has 001_a\.sql as applied \(.* by .*\), public\.schema_migrations (has|does) no"
        assert_refused(
            done, 13, cause, r"insert into public\.schema_migrations .*`dbmate-wrap explain ledger-and-h"
        )
    assert applied(embedded_database) == []
    assert story(embedded_database) == before
    # The hint's statement ends it.
    document = run_json(UP, folder.root, env)
    states = [(row["version"], row["state"]) for row in rows(document, "migrations")]
    assert states == [("001", "pending"), ("002", "pending")]
    [remedy] = re.findall(r"put the rows back: (.*?); if they", hint_of(document))
    embedded_database.execute(remedy)
    assert run_cli(UP, folder.root, env).returncode == 0
    assert story(embedded_database) == before


def test_a_single_row_that_is_gone_is_told_with_both_views_and_no_advice_to_renumber(
    project: MakeProject, run_json: RunJson, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_json(UP, folder.root, staging(embedded_database))
    embedded_database.execute("delete from public.schema_migrations where version = '001'")
    document = run_json(UP, folder.root, staging(embedded_database))
    assert document["exit"] == {"code": 13, "name": "history"}
    assert "values ('001');" in hint_of(document)
    assert "number" not in hint_of(document)


def test_what_plain_dbmate_undid_runs_again_once_that_is_recorded_as_the_runbook_says(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    env = staging(embedded_database)
    run_cli(UP, folder.root, env)
    embedded_database.execute(
        "drop table public.b; delete from public.schema_migrations where version = '002'"
    )
    assert_refused(run_cli(UP, folder.root, env), 13, r"002_b\.sql as applied", "undone on purpose")
    page = (REPOSITORY / "docs" / "runbooks" / "13-history-table.md").read_text()
    [remedy] = re.findall(r"```sql\n(with run as .*?)```", page, re.DOTALL)
    embedded_database.execute(remedy)
    done = run_cli(UP, folder.root, env)
    assert done.returncode == 0, done.stderr
    expected = [("001", "applied"), ("002", "applied"), ("002", "rolled-back"), ("002", "applied")]
    assert story(embedded_database) == expected


def test_without_the_ledger_the_history_table_alone_counts(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    embedded_database.execute(f"{EMPTY}; drop table public.a, public.b")
    off = {**staging(embedded_database), "DBMATE_WRAP_LEDGER": "false"}
    done = run_cli(UP, folder.root, off)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002"]


def test_rows_that_row_level_security_hides_are_not_taken_for_pending(
    project: MakeProject, run_cli: RunCli, database: Database, narrow: dict[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(database))
    role = narrow["STAGING_DATABASE_URL"].split("//")[1].split("@")[0]
    database.execute(
        f"grant select, insert, delete on public.schema_migrations to {role};"
        f" grant usage on schema dbmate_wrap to {role};"
        f" grant select, insert, update on all tables in schema dbmate_wrap to {role};"
        " alter table public.schema_migrations enable row level security"
    )
    before = story(database)
    cause = f"row level security hides rows of public.schema_migrations from role {role}"
    assert_refused(run_cli(STATUS, folder.root, narrow), 22, cause, "create policy")
    done = run_cli(UP, folder.root, narrow)
    assert_refused(done, 22, cause, "create policy")
    assert story(database) == before
    [remedy] = re.findall(r"run: (create policy .*?);", done.stderr)
    database.execute(remedy)
    assert run_cli(STATUS, folder.root, narrow).returncode == 0


def test_the_lines_of_another_history_table_are_left_alone(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True)
    run_cli(UP, folder.root, staging(embedded_database))
    embedded_database.execute("create schema other; create table other.done (version varchar primary key)")
    before = story(embedded_database)
    (folder.root / "dbmate-wrap.toml").write_text('migrations_table = "other.done"\n')
    for name in TWO:
        (folder.migrations / name).unlink()
    folder.add("002_d.sql", THIRD.replace("public.c", "other.d"))
    folder.add("003_e.sql", THIRD.replace("public.c", "other.e"))
    (folder.root / "db" / "migrations.lock").unlink()
    folder.seal()
    done = run_cli(UP, folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert story(embedded_database) == [*before, ("002", "applied"), ("003", "applied")]


def test_an_event_trigger_that_refuses_the_ledger_is_one_warning_in_its_words(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    database.execute(
        "create table public.schema_migrations (version varchar primary key);"
        "create function public.guard() returns event_trigger language plpgsql as $$ begin"
        " if current_query() ilike '%dbmate_wrap%' then raise 'made by the platform team'; end if; end $$;"
        "create event trigger guard on ddl_command_start execute function public.guard()"
    )
    done = run_cli(UP, project(TWO, sealed=True).root, staging(database))
    assert done.returncode == 0, done.stderr
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert "made by the platform team" in warning
    assert applied(database) == ["001", "002"]
