"""check with its replay on a throw-away database, as a person and a pipeline see it."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from dbmate_wrap.cluster import binaries
from tests.support.check_documents import found, status
from tests.support.cli import (
    RunCli,
    RunJson,
    argument_lists,
    assert_presentable,
    assert_refused,
    started,
    wait_for,
)
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.repository import REPOSITORY
from tests.support.servers import APP_PASSWORD, TcpServer

pytestmark = pytest.mark.e2e

GOOD = {
    "001_init.sql": migration("create table public.a (i bigint);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i bigint);", "drop table public.b;"),
}
BAD = migration("alter table public.a\n  add column n bigint,\n  add column m public.nosuch;")
INCOMPLETE = migration("create table public.c (i bigint);", "select 1;")
SLOW = migration("select pg_sleep(60);")
local_only = pytest.mark.skipif(binaries.local() is None, reason="no PostgreSQL of this machine")


def row(stdout: str) -> str:
    """What the check `shadow` says."""
    [found] = re.findall(r"^shadow +(.*)$", stdout, re.MULTILINE)
    return " ".join(found.split())


def processes_of(folder: ProjectFolder) -> list[bytes]:
    """Argument lists of what runs for that project: its server and dbmate."""
    pids = set()
    for place in (folder.root / ".dbmate-wrap" / "shadow").glob("*/data/postmaster.pid"):
        pids.add(int(place.read_text().split("\n")[0]))
    name = os.fsencode(folder.root)
    return [line for pid, line in argument_lists() if pid in pids or name in line]


# What comes of it


def test_the_sample_project_passes_and_is_remembered(project: MakeProject, run_cli: RunCli) -> None:
    folder = project()
    shutil.copytree(REPOSITORY / "db", folder.root / "db", dirs_exist_ok=True)
    first = run_cli(["check"], folder.root)
    assert (first.returncode, first.stderr) == (0, ""), first.stdout
    number = len(list(folder.migrations.iterdir()))
    assert re.match(rf"pass {number} migrations were replayed on embedded PostgreSQL", row(first.stdout))
    again = run_cli(["check"], folder.root)
    assert (again.returncode, again.stderr) == (0, "")
    assert row(again.stdout).startswith("pass ")
    assert row(again.stdout) != row(first.stdout)
    assert processes_of(folder) == []


def test_a_migration_that_fails_is_told_with_file_line_and_caret(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = project({**GOOD, "003_c.sql": BAD}, sealed=True)
    done = run_cli(["check"], folder.root)
    place = r"^error: db/migrations/003_c\.sql:4:16: type \"public\.nosuch\" does not exist \(42704\)"
    assert_refused(done, 30, place, "throw-away database .* nothing shared was touched: fix 003_c.sql")
    assert "\n    4 |   add column m public.nosuch;\n      |                ^\n" in done.stderr
    document = run_json(["check"], folder.root)
    assert document["exit"] == {"code": 30, "name": "failed"}
    error = document["error"]
    assert isinstance(error, dict)
    assert (error["migration"], error["line"], error["sqlstate"]) == ("003_c.sql", 4, "42704")
    assert status(document)["shadow"] == "fail"
    folder.add("003_c.sql", BAD.replace("public.nosuch", "text"))
    folder.seal()
    assert run_cli(["check"], folder.root).returncode == 0


def test_what_breaks_a_rule_or_the_history_is_not_replayed(project: MakeProject, run_json: RunJson) -> None:
    folder = project({**GOOD, "003_c.sql": BAD + migration("delete from public.a;")}, sealed=True)
    document = run_json(["check"], folder.root)
    assert (document["exit"], status(document)["shadow"]) == ({"code": 12, "name": "policy"}, "skip")
    folder.seal()
    folder.add("003_c.sql", BAD)
    document = run_json(["check"], folder.root)
    assert (document["exit"], status(document)["shadow"]) == ({"code": 13, "name": "history"}, "skip")
    assert not [*folder.root.glob(".dbmate-wrap/shadow/dumps/*.json")]
    assert not [*folder.root.glob(".dbmate-wrap/shadow/*/data/postmaster.pid")]


def test_a_syntax_error_is_a_breach_and_no_failure(project: MakeProject, run_json: RunJson) -> None:
    """Of its grammar the server is asked first: it may be newer than the parser here."""
    folder = project(
        {**GOOD, "003_c.sql": migration("alter tabel public.a add column n bigint;")}, sealed=True
    )
    document = run_json(["check"], folder.root)
    assert document["exit"] == {"code": 12, "name": "policy"}
    assert found(document) == ["error syntax-error 003_c.sql:2"]
    assert status(document)["shadow"] == "fail"


def test_an_extension_that_the_server_lacks_comes_with_three_ways_out(
    project: MakeProject, run_cli: RunCli
) -> None:
    toml = 'shadow = "embedded:18"\n'
    folder = project({"001_init.sql": migration("create extension pgcrypto;")}, sealed=True, toml=toml)
    done = run_cli(["check"], folder.root)
    assert_refused(
        done, 22, "001_init.sql creates what the shadow server .* does not have: pgcrypto", "three ways out"
    )
    for way in (
        'which has pgcrypto: shadow = "',
        'shadow = "url", and its URL in DBMATE_WRAP_SHADOW_URL',
        "--no-shadow",
    ):
        assert way in done.stderr
    assert run_cli(["check", "--no-shadow"], folder.root).returncode == 0


def test_no_migrations_need_no_server(project: MakeProject, run_cli: RunCli) -> None:
    folder = project()
    assert row(run_cli(["check"], folder.root).stdout) == "pass nothing to replay"
    assert not (folder.root / ".dbmate-wrap").exists()


# Round trips of migrate:down


@pytest.mark.parametrize(
    ("head", "policy", "code", "findings", "told"),
    [
        ("", "", 0, ["warning down-incomplete 003_c.sql:4"], "warn"),
        ("", 'down-incomplete = "error"', 12, ["error down-incomplete 003_c.sql:4"], "fail"),
        ("", 'down-incomplete = "off"', 0, [], "pass"),
        ("-- dbmate-wrap: allow down-incomplete because it is kept for the audit\n", "", 0, [], "pass"),
    ],
    ids=["warning", "error", "off", "allowed"],
)
def test_a_migrate_down_that_does_not_undo(
    project: MakeProject,
    run_json: RunJson,
    head: str,
    policy: str,
    code: int,
    findings: list[str],
    told: str,
) -> None:
    folder = project(GOOD, sealed=True, toml=f'[policy]\nunsealed = "off"\n{policy}\n')
    folder.add("003_c.sql", head + INCOMPLETE)
    document = run_json(["check"], folder.root)
    assert found(document) == findings
    ended = document["exit"]
    assert isinstance(ended, dict)
    assert ended["code"] == code
    assert status(document)["shadow"] == told


def test_a_comment_for_a_migrate_down_that_does_undo_is_useless(
    project: MakeProject, run_json: RunJson
) -> None:
    folder = project(GOOD, sealed=True, toml='[policy]\nunsealed = "off"\n')
    allow = "-- dbmate-wrap: allow down-incomplete because it is kept\n"
    folder.add("003_c.sql", allow + GOOD["002_b.sql"].replace("public.b", "public.c"))
    assert found(run_json(["check"], folder.root)) == ["error useless-allow 003_c.sql:1"]
    # Without a replay nobody knows.
    assert found(run_json(["check", "--no-shadow"], folder.root)) == []


def test_round_trips_of_old_migrations_are_made_only_with_all(
    project: MakeProject, run_json: RunJson
) -> None:
    folder = project({**GOOD, "003_c.sql": INCOMPLETE}, sealed=True)
    assert found(run_json(["check"], folder.root)) == []
    assert found(run_json(["check", "--all"], folder.root)) == ["warning down-incomplete 003_c.sql:4"]


# The schema file


def test_a_stale_schema_file_is_reported_and_the_command_of_the_hint_writes_it(
    project: MakeProject, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = project(GOOD, sealed=True)
    try:
        assert run_cli(["up"], folder.root).returncode == 0
        assert found(run_json(["check"], folder.root)) == []
        folder.add("003_c.sql", GOOD["002_b.sql"].replace("public.b", "public.c"))
        folder.seal()
        done = run_cli(["check"], folder.root)
        assert done.returncode == 0
        assert re.search(r"schema\.sql:\d+: .*lacks table public\.c.*\[stale-schema-file\]", done.stderr)
        assert "hint: write it again and commit it: dbmate-wrap up && dbmate-wrap dump" in done.stderr
        assert run_cli(["up"], folder.root).returncode == 0
        assert run_cli(["dump"], folder.root).returncode == 0
        assert found(run_json(["check"], folder.root)) == []
    finally:
        run_cli(["db", "stop"], folder.root)


# Other servers


@local_only
def test_a_postgresql_of_this_machine_is_used_where_it_is_named(
    project: MakeProject, run_cli: RunCli
) -> None:
    programs = binaries.local()
    assert programs is not None
    toml = f'shadow = "local:{programs.major}"\n'
    files = {**GOOD, "003_c.sql": migration("create extension pgcrypto;", "drop extension pgcrypto;")}
    folder = project(files, sealed=True, toml=toml)
    done = run_cli(["check", "--all"], folder.root)
    assert done.returncode == 0, done.stderr
    assert f"replayed on local PostgreSQL {programs.major}" in row(done.stdout)
    (folder.root / "dbmate-wrap.toml").write_text('shadow = "local:9"\n')
    assert_refused(run_cli(["check"], folder.root), 10, "needs PostgreSQL 9 on this machine", "--no-shadow")


@pytest.fixture
def on_url(project: MakeProject, tcp_server: TcpServer) -> Iterator[tuple[ProjectFolder, dict[str, str]]]:
    """A project whose shadow is a server with passwords, reached as a role with CREATEDB and no more."""
    folder = project(GOOD, sealed=True, toml='shadow = "url"\n')
    yield folder, {"DBMATE_WRAP_SHADOW_URL": tcp_server.tcp_url(user=tcp_server.role)}
    for (name,) in tcp_server.execute("select datname from pg_database where datname like 'dbmate_wrap%'"):
        tcp_server.execute(f'drop database "{name}" with (force)')


def databases(server: TcpServer) -> set[str]:
    return {row[0] for row in server.execute("select datname from pg_database where not datistemplate")}


def assert_secret(text: str) -> None:
    """The password in none of the spellings in which it is handed on."""
    for spelling in (APP_PASSWORD, quote(APP_PASSWORD, safe=""), quote(APP_PASSWORD)):
        assert spelling not in text


def test_a_server_of_ones_own_keeps_its_password_to_itself(
    on_url: tuple[ProjectFolder, dict[str, str]],
    tcp_server: TcpServer,
    run_cli: RunCli,
    run_json: RunJson,
    clean_environment: dict[str, str],
) -> None:
    folder, env = on_url
    before = databases(tcp_server)
    done = run_cli(["check", "--all", "--verbose"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert row(done.stdout).startswith("pass 2 migrations were replayed on ")
    assert {name for name in databases(tcp_server) - before if "shadow" not in name} == set()
    folder.add("003_c.sql", SLOW)
    folder.seal()
    with started(["check"], folder.root, {**clean_environment, **env}) as running:
        wait_for(lambda: sleeping(tcp_server), "the migration that sleeps")
        for _, line in argument_lists():
            assert_secret(line.decode("utf-8", "replace"))
        running.signal(signal.SIGINT)
        stopped = running.finish()
    assert stopped.returncode == 130, stopped
    wait_for(lambda: not sleeping(tcp_server), "the end of the session")
    folder.add("003_c.sql", BAD)
    folder.seal()
    failed = run_cli(["check"], folder.root, env)
    assert failed.returncode == 30, failed.stderr
    told = [str(run_json(["check"], folder.root, env))]
    for each in (done, stopped, failed):
        assert_presentable(each)
        told += [each.stdout, each.stderr]
    told += [
        path.read_bytes().decode("utf-8", "replace") for path in folder.root.rglob("*") if path.is_file()
    ]
    for text in told:
        assert_secret(text)


def sleeping(server: TcpServer) -> bool:
    query = "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
    return bool(server.execute(query))


def test_a_known_password_is_masked_where_a_migration_shows_it(
    on_url: tuple[ProjectFolder, dict[str, str]], run_cli: RunCli
) -> None:
    folder, env = on_url
    literal = APP_PASSWORD.replace("'", "''")
    folder.add("003_c.sql", migration(f"create table public.c (i public.nosuch default '{literal}');"))
    folder.seal()
    done = run_cli(["check"], folder.root, env)
    assert done.returncode == 30, done.stderr
    assert "create table public.c" in done.stderr
    assert_secret(done.stdout + done.stderr)


def test_a_role_that_may_not_make_databases_is_told_what_it_lacks(
    on_url: tuple[ProjectFolder, dict[str, str]], tcp_server: TcpServer, run_cli: RunCli
) -> None:
    folder, env = on_url
    tcp_server.execute("alter role app nocreatedb")
    try:
        done = run_cli(["check"], folder.root, env)
    finally:
        tcp_server.execute("alter role app createdb")
    assert_refused(
        done, 10, "the role app of shadow_url may not create databases", 'alter role "app" createdb'
    )
    assert_secret(done.stderr)


def test_a_shadow_server_that_is_not_there_is_told(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(GOOD, sealed=True, toml='shadow = "url"\n')
    assert_refused(run_cli(["check"], folder.root), 10, "no shadow_url is set", "DBMATE_WRAP_SHADOW_URL")
    env = {"DBMATE_WRAP_SHADOW_URL": "postgres://u:secret99@127.0.0.1:1/d"}
    done = run_cli(["check"], folder.root, env)
    assert_refused(done, 21, "127.0.0.1:1", "start the server")
    assert "secret99" not in done.stdout + done.stderr


# Stopped, killed, twice at once


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
    ids=["ctrl-c", "terminated", "killed"],
)
def test_a_check_that_ends_early_leaves_nothing_in_the_way(
    project: MakeProject, run_cli: RunCli, clean_environment: dict[str, str], number: int, code: int
) -> None:
    folder = project({**GOOD, "003_c.sql": SLOW}, sealed=True)
    with started(["check"], folder.root, clean_environment) as running:
        assert running.process.stderr is not None
        assert running.process.stderr.readline().startswith("replaying 3 migrations on embedded PostgreSQL")
        assert processes_of(folder)
        running.signal(number)
        done = running.finish()
    assert done.returncode == code
    if number != signal.SIGKILL:
        assert "nothing shared was touched" in done.stderr
        assert "dbmate-wrap check" in done.stderr
        wait_for(lambda: processes_of(folder) == [], "the end of everything", patience=5)
    folder.add("003_c.sql", INCOMPLETE)
    folder.seal()
    again = run_cli(["check"], folder.root)
    assert again.returncode == 0, again.stderr
    wait_for(lambda: processes_of(folder) == [], "the end of everything", patience=5)


def test_two_checks_at_once_are_both_right(project: MakeProject, clean_environment: dict[str, str]) -> None:
    folder = project({**GOOD, "003_c.sql": BAD}, sealed=True)
    with (
        started(["check"], folder.root, clean_environment) as one,
        started(["check"], folder.root, clean_environment) as other,
    ):
        for done in (one.finish(), other.finish()):
            assert done.returncode == 30, done
            assert_presentable(done)
            assert "003_c.sql:4:16" in done.stderr
    assert processes_of(folder) == []


def test_what_a_check_keeps_lies_in_one_folder_that_git_ignores(
    project: MakeProject, run_cli: RunCli
) -> None:
    folder = project(GOOD, sealed=True)
    subprocess.run(["git", "init", "--quiet"], cwd=folder.root, check=True)
    before = {path for path in folder.root.rglob("*") if path.is_file()}
    assert run_cli(["check"], folder.root).returncode == 0
    made = {path.relative_to(folder.root) for path in folder.root.rglob("*") if path.is_file()}
    made -= {path.relative_to(folder.root) for path in before}
    kept = {"shadow", "check", ".gitignore"}
    assert {path.parts[:2] for path in made} == {(".dbmate-wrap", name) for name in kept}
    untracked = subprocess.run(
        ["git", "status", "--porcelain"], cwd=folder.root, capture_output=True, check=True
    )
    assert b"db/" in untracked.stdout
    assert b".dbmate-wrap" not in untracked.stdout
    assert not [path for path in made if Path(path).name.startswith("core")]
