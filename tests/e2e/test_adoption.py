"""snapshot, baseline and drift: a database that is there already is adopted, and later compared."""

import json
import re
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from dbmate_wrap.cluster import server
from dbmate_wrap.postgres.advisory_lock import KEY
from tests.support.cli import (
    CliResult,
    Document,
    RunCli,
    RunJson,
    applied,
    assert_refused,
    error_of,
    sessions,
    started,
    tables,
    wait_for,
)
from tests.support.dumps import restore
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Database, Server

pytestmark = pytest.mark.e2e

LEGACY = REPOSITORY / "tests" / "cases" / "schemas" / "legacy.sql"
A = "create schema app;\ncreate table app.a (i int primary key, note text);"
B = "create table app.b (i int);\ncreate index b_i on app.b (i);"
FILES = {"001_init.sql": migration(A), "002_b.sql": migration(B)}
SUPERUSER = "shadow_superuser = true\n"
SHADOW = 'shadow = "url"\n'
NAME = "001_init.sql"


@dataclass(frozen=True)
class Adopted:
    """A project and the database that its environment `staging` is (or `env` another)."""

    folder: ProjectFolder
    database: Database
    run_cli: RunCli
    run_json: RunJson
    environment: str = "staging"
    url: str = ""

    @property
    def env(self) -> dict[str, str]:
        # With `SHADOW` the databases' own server is the shadow server too: no other has to be started.
        shadow = {"DBMATE_WRAP_SHADOW_URL": self.database.server.url("postgres")}
        return {f"{self.environment.upper()}_DATABASE_URL": self.url or self.database.url, **shadow}

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> CliResult:
        """The answer of the command, on this environment."""
        more = [] if args[0] in ("seal", "check") else ["-e", self.environment]
        done = self.run_cli([args[0], *more, *args[1:]], self.folder.root, {**self.env, **(env or {})})
        assert isinstance(done, CliResult)
        return done

    def ok(self, *args: str, env: Mapping[str, str] | None = None) -> CliResult:
        done = self.run(*args, env=env)
        assert done.returncode == 0, done
        return done

    def json(self, *args: str, env: Mapping[str, str] | None = None) -> Document:
        return self.run_json(
            [args[0], "-e", self.environment, *args[1:]], self.folder.root, {**self.env, **(env or {})}
        )

    def drift(self, *args: str) -> list[tuple[str, str, str]]:
        """Change, kind and name of all that differs."""
        return differences(self.json("drift", *args))

    def as_role(self, role: str) -> "Adopted":
        url = self.database.url.replace(f"{self.database.server.superuser}@", f"{role}@")
        return replace(self, url=url)


def differences(document: Document) -> list[tuple[str, str, str]]:
    found = document["differences"]
    assert isinstance(found, list)
    return sorted((each["change"], each["kind"], each["name"]) for each in found)


def code(document: Document) -> int:
    ended = document["exit"]
    assert isinstance(ended, dict)
    number = ended["code"]
    assert isinstance(number, int)
    return number


def shadow_of(database: Database, embedded: Server) -> str:
    major = database.server.major
    return "embedded" if major == embedded.major else f"local:{major}"


@pytest.fixture
def place(project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database) -> Adopted:
    """A project with two migrations, and a database with what the first makes, but without a history."""
    embedded_database.execute(A)
    return Adopted(project(FILES, toml=SHADOW, sealed=True), embedded_database, run_cli, run_json)


@pytest.fixture
def live(place: Adopted) -> Adopted:
    """As `place`, where both migrations are applied."""
    place.ok("baseline")
    place.ok("up")
    return place


@pytest.fixture
def empty(project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded_database: Database) -> Adopted:
    """A project without migrations."""
    return Adopted(project(toml=SHADOW), embedded_database, run_cli, run_json)


@pytest.fixture
def role(embedded_database: Database) -> Iterator[str]:
    name = f"reader_{uuid.uuid4().hex[:8]}"
    embedded_database.execute(f"create role {name} login")
    yield name
    embedded_database.execute(f"drop owned by {name} cascade; drop role {name}")


@pytest.fixture
def legacy(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, database: Database, embedded: Server
) -> Iterator[Adopted]:
    """A database that nobody has migrated, with everything that PostgreSQL has."""
    database.execute("do $$ begin create role reporting; exception when duplicate_object then end $$")
    database.execute(LEGACY.read_text())
    toml = f'shadow = "{shadow_of(database, embedded)}"\nshadow_setup = "db/setup.sql"\n'
    folder = project(toml=toml + SUPERUSER + '[policy]\nsquawk = "off"\n')
    (folder.root / "db" / "setup.sql").write_text("create role reporting;\n")
    yield Adopted(folder, database, run_cli, run_json)
    database.execute("drop owned by reporting cascade")


@pytest.mark.both_majors
def test_a_server_is_taken_that_has_icu_where_a_collation_wants_it(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, database: Database
) -> None:
    if not database.execute("select 1 from pg_collation where collname = 'de-x-icu'"):
        pytest.skip("this server is built without ICU")
    database.execute('create table public.a (name text collate "de-x-icu")')
    place = Adopted(project(), database, run_cli, run_json)
    assert "as tried on local PostgreSQL" in place.ok("snapshot").stdout
    place.ok("seal")
    place.ok("check")
    place.ok("baseline")
    assert place.drift() == []


@pytest.mark.both_majors
def test_a_live_schema_that_the_shadow_server_cannot_make_is_told_with_the_object(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, database: Database, embedded: Server
) -> None:
    if database.server.major == embedded.major:
        pytest.skip("the embedded server has everything that it has itself")
    place = Adopted(project(toml='shadow = "embedded"\n'), database, run_cli, run_json)
    database.execute("create table public.a (i int check (i in (1, 2)))")
    place.ok("snapshot")
    place.ok("seal")
    place.ok("baseline")
    database.execute("create extension pgcrypto; alter table public.a drop constraint a_i_check")
    database.execute("alter table public.a add constraint a_i_check check (i in (1, 3))")
    told = r"cannot be loaded on embedded PostgreSQL 18: .* \(extension pgcrypto, line [0-9]+ of the dump\)"
    done = place.run("drift")
    assert done.returncode == 22
    assert re.search(told, done.stderr), done.stderr


@pytest.mark.both_majors
def test_a_schema_of_one_major_is_proven_on_another(legacy: Adopted, embedded: Server) -> None:
    if legacy.database.server.major == embedded.major:
        pytest.skip("a dump of the newest major may say what older ones do not know")
    settings = legacy.folder.root / "dbmate-wrap.toml"
    settings.write_text(settings.read_text().replace("local:15", "embedded"))
    assert f"as tried on embedded PostgreSQL {embedded.major}" in legacy.ok("snapshot").stdout
    legacy.ok("seal")
    legacy.ok("baseline")
    assert legacy.drift() == []


def test_a_setting_of_the_database_keeps_nobody_from_adopting_it(empty: Adopted) -> None:
    place, database = empty, empty.database
    database.execute("create table public.a (i int)")
    database.execute(f"alter database {database.name} set work_mem = '8MB'")
    assert "not in the file: the setting work_mem" in place.ok("snapshot").stderr
    place.ok("seal")
    assert "in no migration: the setting work_mem" in place.ok("baseline").stderr
    assert place.drift() == [("extra", "setting", "the setting work_mem of the database")]


@pytest.mark.both_majors
def test_a_database_with_everything_is_adopted(legacy: Adopted, embedded: Server) -> None:
    database, folder = legacy.database, legacy.folder
    before = dumped(database)
    done = legacy.ok("snapshot")
    assert f"{NAME} written: it makes the schema of {database.name}" in done.stdout
    text = (folder.migrations / NAME).read_text()
    assert text.startswith(f"-- The schema of {database.name} (PostgreSQL ")
    assert "hidden-in-mapping" not in text
    assert "'***' stands for each" in text
    for setting in ("set_config", "\\restrict", "SET statement_timeout", "schema_migrations"):
        assert f"\n{setting}" not in text
    # A function uses a table that is made after it.
    assert "\n-- migrate:up\nSET LOCAL check_function_bodies = false;\n" in text
    # pg_dump's own lines, but not those of the body that has the same.
    assert text.count("\nSET default_tablespace = '';\n") == 1
    legacy.ok("seal")
    legacy.ok("check")
    assert "recorded as applied" in legacy.ok("baseline").stdout
    assert applied(database) == ["001"]
    assert "1 applied" in legacy.ok("status").stdout
    assert legacy.drift() == []
    # What belongs to no migration is shown when it is asked for.
    shown = legacy.drift("--rights", "--remarks", "--reordered", "--partitions")
    assert shown == [
        ("remark", "comment", "on extension hstore"),
        ("rights", "privileges", "the default privileges for role postgres in schema app on tables"),
        ("rights", "privileges", "the privileges of function app.definer()"),
        ("rights", "privileges", "the privileges of schema app"),
        ("rights", "privileges", "the privileges of table app.users"),
    ]
    assert legacy.ok("exec", "--", "status").stdout.startswith(f"[X] {NAME}")
    assert "nothing to do" in legacy.ok("baseline").stdout
    legacy.ok("up")
    assert dumped(database) == before
    with database.server.new_database() as copy:
        database_copy = replace(legacy, database=copy)
        restore(database, copy)
        assert database_copy.drift() == []


def dumped(database: Database) -> str:
    """pg_dump's text without what dbmate and we have made."""
    argv = [str(database.server.bin_dir / "pg_dump"), "--schema-only", "-N", "dbmate_wrap"]
    argv += ["-T", "public.schema_migrations", "--dbname", database.url]
    lines = subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout.decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith(("\\restrict", "\\unrestrict")))


def test_snapshot_overwrites_nothing(place: Adopted) -> None:
    before = {path.name: path.read_bytes() for path in place.folder.migrations.iterdir()}
    done = place.run("snapshot")
    assert_refused(
        done, 10, r"has migrations already \(001_init.sql, 002_b.sql\)", "dump -e staging --output -"
    )
    assert {path.name: path.read_bytes() for path in place.folder.migrations.iterdir()} == before


def test_snapshot_never_overwrites_what_another_run_has_written_meanwhile(empty: Adopted) -> None:
    empty.database.execute(A)
    found = empty.json("snapshot")
    rows = found["migrations"]
    assert isinstance(rows, list)
    assert (code(found), differences(found)) == (0, [])
    assert [(each["version"], each["file"], each["state"]) for each in rows] == [("001", NAME, "pending")]
    before = (empty.folder.migrations / NAME).read_bytes()
    assert_refused(empty.run("snapshot"), 10, "never overwritten", "DBMATE_WRAP_MIGRATIONS_DIR=FOLDER")
    assert (empty.folder.migrations / NAME).read_bytes() == before


@pytest.mark.parametrize(
    ("sql", "number", "cause"),
    [
        ("comment on table app.a is E'one\\n-- migrate:up\\n'", 22, "takes for its own"),
        ("drop schema app cascade", 22, "is empty: there is nothing to write"),
    ],
    ids=["directive", "empty"],
)
def test_where_snapshot_fails_nothing_is_written(empty: Adopted, sql: str, number: int, cause: str) -> None:
    empty.database.execute(A)
    empty.database.execute(sql)
    assert_refused(empty.run("snapshot"), number, cause, "")
    assert list(empty.folder.migrations.iterdir()) == []
    assert tables(empty.database) == []


def test_a_schema_that_changes_while_it_is_read_is_not_written(empty: Adopted, tmp_path: Path) -> None:
    empty.database.execute(A)
    programs = empty.database.server.bin_dir
    program = tmp_path / "pg_dump"
    late = f"{programs}/psql -qc 'create table if not exists app.late ()' '{empty.database.url}' >&2"
    real = f'{programs}/pg_dump "$@" || exit'
    program.write_text(f'#!/bin/sh\n{real}\ncase "$*" in *--schema-only*) {late};; esac\n')
    program.chmod(0o755)
    done = empty.run("snapshot", env={"DBMATE_WRAP_PG_DUMP_PATH": str(program)})
    assert_refused(done, 22, "two dumps differ", "run the command again")
    assert list(empty.folder.migrations.iterdir()) == []


def test_what_is_left_out_stands_in_the_head(empty: Adopted) -> None:
    empty.database.execute(f"{A}; {B}; create schema other; create table other.t (i int)")
    empty.ok("snapshot", "--exclude-table", "app.b", "--exclude-schema", "oth*")
    text = (empty.folder.migrations / NAME).read_text()
    head = text.partition("-- migrate:up")[0]
    assert "--exclude-schema=oth* --exclude-table=app.b" in head
    assert "CREATE TABLE app.a" in text
    assert "app.b" not in text.removeprefix(head)
    assert "other" not in text.removeprefix(head)
    empty.ok("seal")
    # What was left out is in the database all the same.
    found = empty.json("baseline")
    assert (code(found), differences(found)) == (
        33,
        [("extra", "schema", "other"), ("extra", "table", "app.b"), ("extra", "table", "other.t")],
    )


@pytest.mark.parametrize("break_", ["\n", "\r", "\x85"], ids=["lf", "cr", "nel"])
def test_an_option_is_no_way_out_of_its_comment(empty: Adopted, break_: str) -> None:
    empty.database.execute(A)
    empty.ok("snapshot", "--exclude-table", f"x{break_}migrate:up{break_}drop schema app cascade;")
    text = (empty.folder.migrations / NAME).read_text()
    head = text.partition("\n-- migrate:up\n")[0].splitlines()
    assert len(head) == 2
    assert head[1].endswith("--exclude-table=x migrate:up drop schema app cascade;")
    empty.ok("seal")
    empty.ok("check")


def test_what_no_dump_holds_is_said_and_no_obstacle(empty: Adopted) -> None:
    database = empty.database
    database.execute(f"{A}; create table app.p (i int) partition by range (i)")
    database.execute("create index waiting on only app.p (i)")
    database.execute(f"alter database {database.name} set work_mem = '3MB'")
    database.execute("insert into app.a values (1, 'x'), (2, 'x'); select lo_create(0)")
    with pytest.raises(Exception, match="could not create unique index"):
        database.execute("create unique index concurrently broken on app.a (note)")
    database.execute("create table public.alembic_version (version_num text)")
    done = empty.ok("snapshot")
    said = done.stderr + done.stdout
    assert "notice: not in the file: the setting work_mem of the database" in said
    assert "notice: not in the file: the index app.broken" in said
    assert "notice: not in the file: 1 large objects" in said
    assert "notice: Alembic migrates this database too (public.alembic_version)" in said
    text = (empty.folder.migrations / NAME).read_text()
    assert "CREATE INDEX waiting ON ONLY app.p" in text
    assert "broken" not in text
    empty.ok("seal")
    said = empty.ok("baseline").stderr
    assert "notice: in no migration: the setting work_mem of the database" in said
    assert "notice: in no migration: the index app.broken" in said
    assert empty.drift() == [
        ("extra", "index", "the index app.broken"),
        ("extra", "setting", "the setting work_mem of the database"),
    ]


def test_a_snapshot_of_another_environments_database_is_refused(place: Adopted, tmp_path: Path) -> None:
    place.ok("baseline")
    for path in place.folder.migrations.iterdir():
        path.unlink()
    place.folder.lockfile.unlink()
    done = place.run_cli(
        ["snapshot", "-e", "production"],
        place.folder.root,
        replace(place, environment="production").env,
    )
    assert_refused(done, 20, "staging", "")
    assert list(place.folder.migrations.iterdir()) == []


def test_baseline_records_nothing_where_the_schema_differs(place: Adopted) -> None:
    place.database.execute("alter table app.a add column more int; create view app.v as select 1 as one")
    for args in ([], ["--dry-run"], ["--yes"]):
        found = place.json("baseline", *args)
        assert (code(found), differences(found)) == (
            33,
            [("changed", "table", "app.a"), ("extra", "view", "app.v")],
        )
        assert "nothing was recorded" in str(error_of(found)["message"])
        assert "--accept-differences --because" in str(error_of(found)["hint"])
    assert tables(place.database) == []
    assert place.database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'") == []


def test_differences_are_accepted_with_a_reason_that_the_history_shows(place: Adopted) -> None:
    place.database.execute("alter table app.a add column more int")
    assert place.run("baseline", "--accept-differences").returncode == 2
    assert place.run("baseline", "--because", "x").returncode == 2
    assert place.run("baseline", "--accept-differences", "--because", " ").returncode == 2
    accept = ["--accept-differences", "--because", "made by hand in 2019"]
    dry = place.ok("baseline", "--dry-run", *accept)
    assert "accepted" in dry.stdout
    assert tables(place.database) == []
    found = place.json("baseline", *accept)
    assert (code(found), differences(found)) == (0, [("changed", "table", "app.a")])
    assert applied(place.database) == ["001"]
    shown = place.ok("history").stdout
    assert "made by hand in 2019" in shown
    assert "table app.a" in shown
    # They are drift all the same.
    assert place.drift() == [("changed", "table", "app.a")]


def test_a_dry_run_of_a_baseline_writes_nothing(place: Adopted) -> None:
    done = place.ok("baseline", "--dry-run")
    assert "without --dry-run this is recorded, and nothing is run: 001_init.sql" in done.stdout
    assert tables(place.database) == []
    assert place.database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'") == []


@pytest.mark.parametrize("to", ["002", "2", "002_b.sql"])
def test_more_than_the_first_migration_may_be_there_already(place: Adopted, to: str) -> None:
    place.database.execute(B)
    assert place.run("baseline").returncode == 33
    done = place.ok("baseline", "--to", to)
    assert "001_init.sql to 002_b.sql (2 migrations)" in done.stdout
    assert applied(place.database) == ["001", "002"]
    assert place.drift() == []
    assert "nothing to do" in place.ok("baseline", "--to", to).stdout
    assert_refused(place.run("baseline"), 13, "has a history of 2 migrations already", "dbmate-wrap status")


def test_an_unknown_version_is_no_baseline(place: Adopted) -> None:
    done = place.run("baseline", "--to", "7")
    assert done.returncode == 2
    assert "--to 7: no migration has that version" in done.stderr
    assert tables(place.database) == []


def test_running_again_is_no_fault_also_when_more_was_applied(live: Adopted) -> None:
    assert applied(live.database) == ["001", "002"]
    done = live.ok("baseline")
    assert "nothing to do: recorded as the baseline before: 001_init.sql" in done.stdout
    assert applied(live.database) == ["001", "002"]


def test_a_database_with_a_history_is_refused(place: Adopted) -> None:
    place.database.execute("create table public.schema_migrations (version varchar primary key)")
    place.database.execute("insert into public.schema_migrations values ('001')")
    assert_refused(place.run("baseline"), 13, "has a history of 1 migration already", "dbmate-wrap status")
    assert tables(place.database) == ["schema_migrations"]


def test_an_empty_history_table_is_used(place: Adopted) -> None:
    place.database.execute("create table public.schema_migrations (version varchar(128) primary key)")
    place.ok("baseline")
    assert applied(place.database) == ["001"]
    assert place.drift() == []


def test_there_must_be_a_file_and_it_must_be_sealed_as_it_is(place: Adopted) -> None:
    place.folder.add(NAME, migration(A.replace("note text", "note int")))
    assert_refused(place.run("baseline"), 13, "was changed after it was sealed", "")
    for path in place.folder.migrations.iterdir():
        path.unlink()
    place.folder.lockfile.unlink()
    assert_refused(place.run("baseline"), 13, "no migration that could be the baseline", "snapshot")
    assert tables(place.database) == []


def test_a_protected_database_is_not_adopted_without_a_yes(place: Adopted) -> None:
    production = replace(place, environment="production")
    look = "dbmate-wrap baseline --dry-run -e production; then add --yes"
    assert_refused(production.run("baseline"), 20, "production is protected", look)
    assert tables(place.database) == []
    # Reading needs none.
    production.ok("baseline", "--dry-run")
    agent = {"CLAUDECODE": "1"}
    assert_refused(production.run("baseline", "--yes", env=agent), 20, "needs the consent of its person", "")
    assert tables(place.database) == []
    production.ok("baseline", "--yes", env={**agent, "DBMATE_WRAP_CONSENT": "yes, adopt it"})
    assert applied(place.database) == ["001"]
    entries = production.json("history")["entries"]
    assert isinstance(entries, list)
    assert [each["consent"] for each in entries] == ["yes, adopt it"]
    production.ok("drift")


def test_an_agent_may_adopt_what_is_not_protected(place: Adopted) -> None:
    place.ok("baseline", env={"CLAUDECODE": "1"})
    assert applied(place.database) == ["001"]


@pytest.mark.parametrize("of_others", ["ledger", "history"])
def test_all_is_recorded_or_nothing(place: Adopted, role: str, of_others: str) -> None:
    database = place.database
    if of_others == "ledger":
        place.ok("stamp", "--yes")
        database.execute(f"grant create on schema public to {role}")
    else:
        database.execute("create table public.schema_migrations (version varchar primary key)")
    database.execute(
        f"grant create on database {database.name} to {role}; grant pg_read_all_data to {role};"
        f"grant usage on schema app to {role}"
    )
    done = place.as_role(role).run("baseline")
    assert_refused(done, 22, "lacks CREATE|nothing was recorded", "grant|rights")
    assert applied(database) == []
    ledger = database.execute("select to_regclass('dbmate_wrap.ledger')")
    assert ledger == [(None,)] or database.execute("select count(*) from dbmate_wrap.ledger") == [(0,)]
    # With all rights the next try does it.
    place.ok("baseline")
    assert place.drift() == []


def test_what_fails_amid_the_recording_leaves_nothing(place: Adopted) -> None:
    place.database.execute(
        "create table public.schema_migrations (version varchar primary key);"
        "create function public.no() returns trigger language plpgsql as"
        " $$ begin if new.version = '002' then raise 'not this one'; end if; return new; end $$;"
        "create trigger no before insert on public.schema_migrations"
        " for each row execute function public.no()"
    )
    place.database.execute(B)
    accept = ["--accept-differences", "--because", "a trigger"]
    done = place.run("baseline", "--to", "002", *accept)
    assert done.returncode == 30
    assert "not this one" in done.stderr
    assert applied(place.database) == []
    assert place.database.execute("select count(*) from dbmate_wrap.ledger") == [(0,)]


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another run is at work."""
    with database.connect() as other:
        other.execute("select pg_advisory_lock(%s)", (KEY,))
        yield


def test_a_baseline_waits_for_another_run_and_gives_up(place: Adopted) -> None:
    with locked(place.database):
        done = place.run("baseline", env={"DBMATE_WRAP_ADVISORY_LOCK_WAIT": "1s"})
    assert done.returncode == 23, done
    assert tables(place.database) == []


def test_two_baselines_at_once_record_it_once(place: Adopted, clean_environment: Mapping[str, str]) -> None:
    env = {**clean_environment, **place.env}
    words = ["baseline", "-e", "staging"]
    with started(words, place.folder.root, env) as one, started(words, place.folder.root, env) as two:
        done = [one.finish(), two.finish()]
    assert sorted(each.returncode for each in done) in ([0, 0], [0, 13]), done
    assert applied(place.database) == ["001"]
    entries = place.json("history")["entries"]
    assert isinstance(entries, list)
    assert [each["version"] for each in entries] == ["001"]


def test_a_project_without_a_ledger_is_adopted_too(place: Adopted) -> None:
    env = {"DBMATE_WRAP_LEDGER": "false"}
    place.ok("baseline", env=env)
    assert applied(place.database) == ["001"]
    assert place.database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'") == []
    assert "nothing to do" in place.ok("baseline", env=env).stdout
    place.ok("drift", env=env)


def test_a_history_table_in_a_schema_of_its_own(place: Adopted) -> None:
    env = {"DBMATE_WRAP_MIGRATIONS_TABLE": "meta.done"}
    place.ok("baseline", env=env)
    assert place.database.execute("select version from meta.done") == [("001",)]
    place.ok("drift", env=env)
    assert place.ok("exec", "--", "status", env=env).stdout.startswith(f"[X] {NAME}")


PLANTED: Sequence[tuple[str, list[tuple[str, str, str]]]] = [
    ("create table app.n (i serial primary key)", [("extra", "table", "app.n")]),
    ("drop table app.b", [("missing", "table", "app.b")]),
    ("drop index app.b_i", [("missing", "index", "app.b_i")]),
    ("create index n on app.a (note)", [("extra", "index", "app.n")]),
    ("alter table app.a drop column note", [("changed", "table", "app.a")]),
    ("alter table app.a alter note set not null", [("changed", "table", "app.a")]),
    ("alter table app.a alter note type varchar(3)", [("changed", "table", "app.a")]),
    ("alter table app.a alter note set default 'x'", [("changed", "table", "app.a")]),
    ("alter table app.a rename note to notes", [("changed", "table", "app.a")]),
    ("alter table app.a drop constraint a_pkey", [("missing", "constraint", "a_pkey of app.a")]),
    ("alter table app.b add constraint c check (i > 0)", [("changed", "table", "app.b")]),
    (
        "alter table app.b add constraint fk foreign key (i) references app.a",
        [("extra", "fk constraint", "fk of app.b")],
    ),
    ("alter table app.a set (fillfactor = 50)", [("changed", "table", "app.a")]),
    ("alter table app.b set unlogged", [("changed", "table", "app.b")]),
    ("alter table app.a enable row level security", [("extra", "row security", "app.a")]),
    ("create policy p on app.a using (true)", [("extra", "policy", "p of app.a")]),
    ("create view app.v as select 1 as x", [("extra", "view", "app.v")]),
    ("create materialized view app.m as select 1 as x", [("extra", "materialized view", "app.m")]),
    ("create type app.e as enum ('a')", [("extra", "type", "app.e")]),
    ("create sequence app.s", [("extra", "sequence", "app.s")]),
    ("create schema odd", [("extra", "schema", "odd")]),
    ("create extension hstore schema app", [("extra", "extension", "hstore")]),
    (
        "create function app.f() returns int language sql as 'select 1'",
        [("extra", "function", "app.f()")],
    ),
    ("alter table app.a replica identity full", [("changed", "table", "app.a")]),
    ("create statistics app.s on i, note from app.a", [("extra", "statistics", "app.s")]),
    ("alter table app.a rename to z", [("extra", "table", "app.z"), ("missing", "table", "app.a")]),
    (
        'create table app."Odd ""one" ("a b" int)',
        [("extra", "table", 'app.Odd "one')],
    ),
]


def test_every_drift_is_named(live: Adopted) -> None:
    assert live.drift() == []
    for sql, expected in PLANTED:
        with live.database.server.new_database() as copy:
            restore(live.database, copy)
            copy.execute(sql)
            there = replace(live, database=copy)
            found = there.json("drift")
            assert (code(found), differences(found)) == (33, expected), sql
            assert error_of(found)["hint"], sql
            rows = found["differences"]
            assert isinstance(rows, list)
            for each in rows:
                assert each["hint"], sql
                assert each["diff"], sql


def test_drift_in_the_other_direction(live: Adopted) -> None:
    live.database.execute("alter table app.b add column j int; create view app.v as select i from app.b")
    live.folder.add("003_c.sql", migration("create view app.v as select i from app.b;"))
    live.folder.seal()
    # The file is pending: what it would make is extra now.
    assert live.drift() == [("changed", "table", "app.b"), ("extra", "view", "app.v")]
    live.database.execute("drop view app.v; alter table app.b drop column j")
    live.ok("up")
    assert live.drift() == []
    live.database.execute("create or replace view app.v as select i, 1 as one from app.b")
    assert live.drift() == [("changed", "view", "app.v")]
    live.database.execute("drop view app.v")
    assert live.drift() == [("missing", "view", "app.v")]
    text = live.run("drift").stdout
    assert "CREATE VIEW app.v" in text


def test_pending_files_are_no_drift(place: Adopted) -> None:
    place.ok("baseline")
    place.folder.add("003_broken.sql", migration("create table app.nothing (i nosuchtype);"))
    place.folder.seal()
    assert place.drift() == []


def test_an_edited_file_is_compared_by_the_text_that_ran(live: Adopted) -> None:
    live.folder.add("002_b.sql", migration(f"{B} create table app.other (i int);"))
    done = live.ok("drift")
    assert "002_b.sql: compared by the text that ran, not by the file" in done.stderr
    live.database.execute("create table app.other (i int)")
    assert live.drift() == [("extra", "table", "app.other")]
    (live.folder.migrations / "002_b.sql").unlink()
    live.database.execute("drop table app.other")
    assert live.drift() == []


def test_partitions_of_a_partition_manager_are_no_drift(place: Adopted) -> None:
    place.ok("baseline")
    made = (
        "create table app.events (at date not null, id int) partition by range (at);"
        "create index events_id on app.events (id);"
    )
    place.folder.add("002_b.sql", migration(made))
    place.folder.seal()
    place.ok("up")
    place.database.execute(
        "create table app.events_2025 partition of app.events for values"
        " from ('2025-01-01') to ('2026-01-01') partition by list (id);"
        'create table app."events 2025 x" partition of app.events_2025 default;'
        "create table app.by_hand (like app.events including all);"
        "alter table app.events attach partition app.by_hand default"
    )
    assert place.drift() == []
    assert place.drift("--partitions") == [
        ("partition", "table", "app.by_hand"),
        ("partition", "table", "app.events 2025 x"),
        ("partition", "table", "app.events_2025"),
    ]
    assert "3 partitions (--partitions)" in place.ok("drift").stdout
    place.database.execute("alter table app.events detach partition app.by_hand")
    assert place.drift() == [("extra", "table", "app.by_hand")]


def test_known_differences_are_left_out(place: Adopted) -> None:
    entry = '[[drift_ignore]]\nkind = "{}"\nname = "{}"\nbecause = "{}"\n'
    known = entry.format("table", "cron.*", "pg_cron") + entry.format("schema", "cron", "pg_cron")
    config = place.folder.root / "dbmate-wrap.toml"
    config.write_text(known)
    place.database.execute("create schema cron; create table cron.job (i int); create table cron.run (i int)")
    place.ok("baseline")
    assert place.drift() == []
    assert "no difference; not shown: 3 in drift_ignore" in place.ok("drift").stdout
    place.database.execute("create table app.n (i int)")
    assert place.drift() == [("extra", "table", "app.n")]
    config.write_text(known + entry.format("table", "gone.*", "of old"))
    done = place.run("drift")
    assert done.returncode == 33
    assert "warning: drift_ignore has table gone.* (because of old), and nothing like it" in done.stderr
    config.write_text(known + entry.format("table", "app.n", " "))
    done = place.run("drift")
    assert (done.returncode, "drift_ignore: must say because" in done.stderr) == (10, True)
    # One entry for one command.
    config.write_text(known)
    more = [{"kind": kind, "name": "[ac]*", "because": "x"} for kind in ("table", "schema")]
    place.ok("drift", env={"DBMATE_WRAP_DRIFT_IGNORE": json.dumps(more)})
    wrong = place.run("drift", env={"DBMATE_WRAP_DRIFT_IGNORE": "[x"})
    assert (wrong.returncode, "in JSON" in wrong.stderr) == (10, True)
    assert "DBMATE_WRAP_DRIFT_IGNORE" in wrong.stderr


def test_rights_remarks_and_the_order_of_columns_are_shown_when_asked_for(live: Adopted, role: str) -> None:
    live.database.execute(
        f"grant select on app.a to {role}; alter table app.b owner to {role};"
        "comment on table app.a is 'x';"
        "alter table app.a add column note2 text; alter table app.a drop column note;"
        "alter table app.a rename note2 to note"
    )
    assert live.drift() == []
    summary = live.ok("drift").stdout
    assert "not shown: " in summary
    found = live.drift("--rights", "--remarks")
    assert ("rights", "owner", "the owner of table app.b") in found
    assert ("rights", "privileges", "the privileges of table app.a") in found
    assert ("remark", "comment", "on table app.a") in found


def test_rights_that_migrations_have_given_are_no_difference(
    project: MakeProject, run_cli: RunCli, run_json: RunJson, embedded: Server
) -> None:
    owner = f"My Owner {uuid.uuid4().hex[:8]}"
    given = (
        "create schema app; create table app.a (i serial);"
        "grant select on app.a to public; revoke delete on app.a from current_user;"
        "alter default privileges in schema app grant usage on sequences to public;"
    )
    with embedded.new_database() as database:
        database.execute(f'create role "{owner}" login; alter database {database.name} owner to "{owner}"')
        folder = project({NAME: migration(given)}, sealed=True)
        for role in (quote(owner), database.server.superuser):
            there = Adopted(folder, database, run_cli, run_json).as_role(role)
            there.ok("up")
            assert there.drift("--rights") == []
            database.execute("drop schema app, dbmate_wrap cascade; drop table public.schema_migrations")
        database.execute(f'reassign owned by "{owner}" to current_user; drop owned by "{owner}"')
        database.execute(f'drop role "{owner}"')


def test_drift_only_reads(live: Adopted, role: str) -> None:
    live.database.execute(f"grant pg_read_all_data to {role}")
    live.database.execute(f"alter role {role} set default_transaction_read_only = on")
    before = inventory(live.database)
    reader = live.as_role(role)
    assert reader.drift("--rights") == []
    live.database.execute("create table app.n (i int)")
    assert reader.drift() == [("extra", "table", "app.n")]
    live.database.execute("drop table app.n")
    assert inventory(live.database) == before
    wait_for(lambda: not sessions(live.database), "the end of our sessions")


def inventory(database: Database) -> list[tuple[object, ...]]:
    """All that is in the catalogue, and how many rows the ledger has."""
    found = database.execute(
        "select oid, relname, xmin::text from pg_class where oid >= 16384 union all"
        " select oid, nspname, xmin::text from pg_namespace where oid >= 16384 union all"
        " select 0, 'ledger', count(*)::text from dbmate_wrap.ledger order by 1, 2"
    )
    return [tuple(row) for row in found]


def test_a_role_that_may_not_read_a_table_is_told_which(live: Adopted, role: str) -> None:
    live.database.execute(
        f"grant usage on schema app, dbmate_wrap to {role};"
        f"grant select on all tables in schema public, dbmate_wrap to {role}; grant select on app.a to {role}"
    )
    done = live.as_role(role).run("drift")
    assert_refused(done, 22, f"{role} may not read table b", "grant pg_read_all_data")
    assert_refused(live.as_role(role).run("drift"), 22, "pg_dump locks what it dumps", "grant")


def test_a_run_at_work_is_said_and_drift_goes_on(live: Adopted) -> None:
    with locked(live.database):
        done = live.ok("drift")
    assert "what it changes now may show as a difference" in done.stderr
    assert "warning: " in done.stderr


@pytest.mark.parametrize("verb", ["drift", "baseline"])
def test_a_table_that_somebody_has_locked_is_not_waited_for_without_end(place: Adopted, verb: str) -> None:
    if verb == "drift":
        place.ok("baseline")
    with place.database.connect() as other, other.transaction():
        other.execute("lock table app.a in access exclusive mode")
        done = place.run(verb, env={"DBMATE_WRAP_LOCK_TIMEOUT": "500ms"})
    assert_refused(
        done, 24, r"kept pg_dump from a table for 500ms .*: session \d+ of \S+ holds app.a", "again"
    )
    wait_for(lambda: not waiting(place.database), "the end of pg_dump's session")
    place.ok(verb)


def test_the_database_of_another_environment_is_refused(live: Adopted) -> None:
    other = replace(live, environment="production").env
    done = live.run_cli(["drift", "-e", "production"], live.folder.root, other)
    assert_refused(done, 20, "staging", "")


def test_a_database_without_a_history_is_nothing_to_compare(place: Adopted) -> None:
    assert_refused(place.run("drift"), 13, "no migration history", "baseline")
    place.database.execute("drop schema app cascade")
    assert_refused(place.run("drift"), 13, "nothing is applied", "dbmate-wrap up")


def test_an_empty_schema_is_the_wrong_database_and_no_drift(live: Adopted) -> None:
    live.database.execute("drop schema app cascade")
    found = live.json("drift")
    assert code(found) == 22
    assert "is empty" in str(error_of(found)["message"])
    assert "doctor" in str(error_of(found)["hint"])
    # Extensions and schemas are what a new database may have from its template.
    live.database.execute("create extension hstore; create schema app; comment on schema app is 'x'")
    assert code(live.json("drift")) == 22
    with live.database.server.new_database() as wrong:
        wrong.execute("create table public.schema_migrations (version varchar primary key)")
        wrong.execute("insert into public.schema_migrations values ('001'), ('002')")
        assert code(replace(live, database=wrong).json("drift")) == 22


def test_an_empty_database_is_not_adopted(place: Adopted) -> None:
    place.database.execute("drop schema app cascade")
    for more in ([], ["--accept-differences", "--because", "x"]):
        assert_refused(place.run("baseline", *more), 22, "is empty", "dbmate-wrap up")
    assert tables(place.database) == []


def test_migrations_that_make_nothing_are_no_wrong_database(place: Adopted) -> None:
    place.database.execute("drop schema app cascade")
    for path in place.folder.migrations.iterdir():
        path.unlink()
    place.folder.add(NAME, migration("select 1;"))
    place.folder.seal()
    place.ok("up")
    assert place.drift() == []


@pytest.mark.parametrize("verb", ["drift", "baseline", "snapshot"])
def test_a_stopped_run_leaves_nothing_running(
    place: Adopted,
    clean_environment: Mapping[str, str],
    verb: str,
    judged: Callable[[CliResult], Document],
) -> None:
    (place.folder.root / "dbmate-wrap.toml").write_text('shadow = "embedded"\n')
    if verb == "drift":
        place.ok("baseline")
    if verb == "snapshot":
        for path in place.folder.migrations.iterdir():
            path.unlink()
        place.folder.lockfile.unlink()
    before = tables(place.database)
    env = {**clean_environment, **place.env, "DBMATE_WRAP_LOCK_TIMEOUT": "60s"}
    with place.database.connect() as other, other.transaction():
        # pg_dump waits for it.
        other.execute("lock table app.a in access exclusive mode")
        with started([verb, "-e", "staging", "--format", "json"], place.folder.root, env) as running:
            wait_for(lambda: waiting(place.database), "pg_dump")
            # The history is replayed before.
            assert bool(servers_of(place.folder.root)) == (verb == "baseline")
            running.signal(signal.SIGINT)
            done = running.finish()
        assert done.returncode == 130, done
        judged(done)
        wait_for(
            lambda: not sessions(place.database) and not waiting(place.database), "the end of the sessions"
        )
    assert tables(place.database) == before
    assert servers_of(place.folder.root) == []
    if verb == "snapshot":
        assert list(place.folder.migrations.iterdir()) == []


def waiting(database: Database) -> int:
    query = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        f" and datname = '{database.name}' and application_name like '%dump%'"
    )
    [(number,)] = database.execute(query)
    assert isinstance(number, int)
    return number


def servers_of(root: Path) -> list[int]:
    """The processes of the servers that run for this project."""
    homes = (root / ".dbmate-wrap" / "shadow").glob("*-*[0-9]")
    return [pid for home in homes if (pid := server.state(home).pid) is not None]
