"""`up` and `status` against real servers: what the database says is what is reported."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.preflight.check import RUN_SESSIONS
from tests.support.cli import RunCli, applied, error_of, staging
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.integration

THREE: Mapping[str, str] = {
    "001_a.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i int);", "drop table public.b;"),
    "003_c.sql": migration("create table public.c (i int);", "drop table public.c;"),
}


def states(document: dict[str, object], key: str = "state") -> list[tuple[str, object]]:
    """Version and state, or another key, of each row of a document."""
    rows = document["migrations"]
    assert isinstance(rows, list)
    return [(row["version"], row[key]) for row in rows]


@pytest.mark.both_majors
def test_up_applies_everything_and_a_second_one_finds_nothing(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    first = run_cli(["up", "-e", "staging", "--format", "json"], folder.root, staging(database))
    assert first.returncode == 0, first.stderr
    assert first.json()["applied"] == ["001", "002", "003"]
    assert applied(database) == ["001", "002", "003"]
    second = run_cli(["up", "-e", "staging"], folder.root, staging(database))
    assert second.returncode == 0
    assert "nothing is pending" in second.stdout


def test_up_to_a_version_stops_there(project: MakeProject, run_cli: RunCli, database: Database) -> None:
    folder = project(THREE, sealed=True)
    done = run_cli(["up", "-e", "staging", "--to", "2"], folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002"]


def test_up_to_an_unknown_version_is_a_usage_error(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True)
    done = run_cli(["up", "-e", "staging", "--to", "9"], folder.root, staging(embedded_database))
    assert done.returncode == 2
    assert "001 to 003" in done.stderr


def test_up_before_the_rollout_stops_and_a_plain_one_applies_the_rest(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    marked = f"{PHASE_COMMENT}\n{THREE['002_b.sql']}"
    folder = project({**THREE, "002_b.sql": marked}, sealed=True)
    before = ["-e", "staging", "--phase", "before"]
    planned = run_cli(["plan", *before], folder.root, staging(database))
    assert "1 pending before the rollout; 1 statement measured on" in planned.stdout
    first = run_cli(["up", *before], folder.root, staging(database))
    assert first.returncode == 0, first.stderr
    assert "stopped in front of 002_b.sql, which waits for the rollout\n" in first.stdout
    assert "003_c.sql comes after it" in first.stdout
    assert "`dbmate-wrap up -e staging`" in first.stdout
    assert applied(database) == ["001"]
    second = run_cli(["up", *before, "--format", "json"], folder.root, staging(database)).json()
    assert states(second, "phase") == [("001", None), ("002", "after"), ("003", "after")]
    status = run_cli(["status", "-e", "staging", "--exit-code"], folder.root, staging(database))
    assert status.returncode == 32
    assert "pending (after rollout)" in status.stdout
    assert run_cli(["up", "-e", "staging"], folder.root, staging(database)).returncode == 0
    assert applied(database) == ["001", "002", "003"]


def test_no_other_phase_can_be_asked_for(project: MakeProject, run_cli: RunCli) -> None:
    done = run_cli(["up", "--phase", "after"], project(THREE).root)
    assert done.returncode == 2
    assert "`up` without --phase applies the rest" in done.stderr


def test_a_failing_migration_leaves_nothing_and_says_where(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    files = {**THREE, "002_b.sql": migration("create table public.b (i int);\nselect * from public.nosuch;")}
    folder = project(files, sealed=True)
    done = run_cli(["up", "-e", "staging", "--format", "json"], folder.root, staging(database))
    assert done.returncode == 30
    document = done.json()
    assert document["applied"] == ["001"]
    error = error_of(document)
    assert (error["migration"], error["line"], error["sqlstate"]) == ("002_b.sql", 3, "42P01")
    assert applied(database) == ["001"]
    assert database.execute("select to_regclass('public.b')") == [(None,)]
    folder.add("002_b.sql", THREE["002_b.sql"])
    folder.seal()
    repeated = run_cli(["up", "-e", "staging"], folder.root, staging(database))
    assert repeated.returncode == 0, repeated.stderr
    assert applied(database) == ["001", "002", "003"]


def test_a_failure_outside_a_transaction_is_partial(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    concurrently = migration("create index concurrently i on public.nosuch (i);", options="transaction:false")
    folder = project({"001_a.sql": THREE["001_a.sql"], "002_i.sql": concurrently}, sealed=True)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 31
    assert "002_i.sql" in done.stderr


def test_a_commit_inside_a_migration_is_told_as_partial(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(
        {"001_a.sql": migration("create table public.a (i int); commit; select 1/0;")}, sealed=True
    )
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 31
    assert embedded_database.execute("select to_regclass('public.a') is not null") == [(True,)]


def test_a_lock_that_another_session_holds_ends_with_blocked(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(
        {"001_a.sql": migration("alter table public.t add column j int;")},
        sealed=True,
        toml='lock_timeout = "200ms"\nlock_retries = 1\n',
    )
    embedded_database.execute(
        "create table public.t (i int); create table public.schema_migrations (version varchar primary key)"
    )
    with embedded_database.connect() as other, other.transaction():
        other.execute("lock table public.t")
        done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 24, done.stderr
    assert "hint: blocked by pid " in done.stderr
    assert applied(embedded_database) == []


def test_a_run_has_as_many_sessions_as_the_preflight_counts(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    # The watch begins after half a second.
    count = (
        "select pg_sleep(2);\ncreate table public.seen as select count(*)::int as sessions"
        " from pg_stat_activity where datname = current_database() and application_name ~ '^dbmate-wrap/';"
    )
    folder = project({"001_a.sql": migration(count, "drop table public.seen;")}, sealed=True)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 0, done.stderr
    assert embedded_database.execute("select sessions from public.seen") == [(RUN_SESSIONS,)]


def test_session_state_of_one_migration_does_not_reach_the_next(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    preamble = "select pg_catalog.set_config('search_path', '', false);\nset lock_timeout = 0;\n"
    seen = "current_setting('search_path') as path, current_setting('lock_timeout') as timeout"
    files = {
        "001_a.sql": migration(preamble + "create table public.a (i int);"),
        "002_b.sql": migration(
            f"create view public.seen as select 1 as one;\ncreate table public.b as select {seen};"
        ),
    }
    folder = project(files, sealed=True, toml='[policy]\nsql = "off"\n')
    done = run_cli(["up", "-e", "staging"], folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert database.execute("select path, timeout from public.b") == [('"$user", public', "5s")]


def test_what_changes_on_disk_while_it_runs_is_not_run(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True, toml='lock_timeout = "60s"\n')
    folder.add("001_a.sql", migration("lock table public.gate; create table public.a (i int);"))
    folder.seal()
    embedded_database.execute(
        "create table public.gate (i int);create table public.schema_migrations (version varchar primary key)"
    )
    with ThreadPoolExecutor(1) as pool, embedded_database.connect() as other:
        with other.transaction():
            other.execute("lock table public.gate")
            running = pool.submit(run_cli, ["up", "-e", "staging"], folder.root, staging(embedded_database))
            while not embedded_database.execute("select 1 from pg_locks where not granted"):
                assert not running.done(), running.result().stderr
            folder.add("002_b.sql", migration("create table public.intruder (i int);"))
            folder.add("004_d.sql", migration("create table public.d (i int);"))
        done = running.result()
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002", "003"]
    assert embedded_database.execute("select to_regclass('public.b') is not null") == [(True,)]


def test_an_edited_sealed_file_stops_up_before_the_database(project: MakeProject, run_cli: RunCli) -> None:
    folder = project(THREE, sealed=True)
    folder.add("002_b.sql", migration("create table public.other (i int);"))
    unreachable = {"STAGING_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = run_cli(["up", "-e", "staging"], folder.root, unreachable)
    assert done.returncode == 13
    assert "002_b.sql was changed after it was sealed" in done.stderr


def test_an_unsealed_migration_warns_and_stops_only_where_protected(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE)
    protected = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    refused = run_cli(["up", "-e", "production", "--yes"], folder.root, protected)
    assert refused.returncode == 13
    assert "dbmate-wrap seal" in refused.stderr
    done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 0
    assert "warning: 3 unsealed: 001, 002, 003 [unsealed]" in done.stderr


def test_a_version_without_a_file_is_unknown(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    run_cli(["up", "-e", "staging"], folder.root, staging(database))
    database.execute("insert into public.schema_migrations values ('777')")
    for command in ("status", "up"):
        done = run_cli([command, "-e", "staging", "--format", "json"], folder.root, staging(database))
        assert done.returncode == 13
        assert ("777", "unknown") in states(done.json())


def test_an_older_file_than_the_last_applied_is_out_of_order(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    run_cli(["up", "-e", "staging"], folder.root, staging(database))
    database.execute("delete from public.schema_migrations where version = '002'")
    done = run_cli(["up", "-e", "staging", "--format", "json"], folder.root, staging(database))
    assert done.returncode == 13
    assert ("002", "out-of-order") in states(done.json())


def test_a_database_with_objects_and_no_history_is_not_touched(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    database.execute("create table public.customers (i int)")
    folder = project(THREE, sealed=True)
    done = run_cli(["up", "-e", "staging"], folder.root, staging(database))
    assert done.returncode == 13
    assert "public.customers" in done.stderr
    assert "dbmate-wrap explain adopt" in done.stderr
    assert database.execute("select to_regclass('public.schema_migrations')") == [(None,)]


def test_an_extension_alone_does_not_make_a_database_look_used(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    embedded_database.execute("create extension citext")
    done = run_cli(["up", "-e", "staging"], project(THREE, sealed=True).root, staging(embedded_database))
    assert done.returncode == 0, done.stderr


def test_status_does_not_write_to_the_database(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    done = run_cli(["status", "-e", "staging", "--format", "json"], folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert states(done.json()) == [("001", "pending"), ("002", "pending"), ("003", "pending")]
    assert database.execute("select to_regclass('public.schema_migrations')") == [(None,)]
    pending = run_cli(["status", "-e", "staging", "--exit-code"], folder.root, staging(database))
    assert pending.returncode == 32


def test_a_missing_database_is_created_only_where_that_is_set(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    folder = project(THREE, sealed=True)
    url = tcp_server.tcp_url("made_by_up", user=tcp_server.role)
    try:
        missing = run_cli(["up", "-e", "staging"], folder.root, {"STAGING_DATABASE_URL": url})
        assert missing.returncode == 21
        assert 'there is no database "made_by_up"' in missing.stderr
        done = run_cli(["up", "-e", "test"], folder.root, {"TEST_DATABASE_URL": url})
        assert done.returncode == 0, done.stderr
    finally:
        tcp_server.execute("drop database if exists made_by_up with (force)")


def test_a_history_table_in_a_schema_of_its_own_is_found(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True, toml='migrations_table = "meta.history"\n')
    for expected in ("3 migrations applied", "nothing is pending"):
        done = run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    assert embedded_database.execute("select count(*) from meta.history") == [(3,)]


def test_rollback_undoes_the_last_one_and_is_refused_where_protected(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    run_cli(["up", "-e", "staging"], folder.root, staging(database))
    done = run_cli(["rollback", "-e", "staging"], folder.root, staging(database))
    assert done.returncode == 0, done.stderr
    assert applied(database) == ["001", "002"]
    assert database.execute("select to_regclass('public.c')") == [(None,)]
    refused = run_cli(
        ["rollback", "-e", "production"], folder.root, {"PRODUCTION_DATABASE_URL": database.url}
    )
    assert refused.returncode == 20
    assert applied(database) == ["001", "002"]


def test_rollback_refuses_a_migration_without_a_migrate_down(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(
        {"001_a.sql": migration("create table public.a (i int);", "-- there is none")}, sealed=True
    )
    run_cli(["up", "-e", "staging"], folder.root, staging(embedded_database))
    done = run_cli(["rollback", "-e", "staging"], folder.root, staging(embedded_database))
    assert done.returncode == 20
    assert applied(embedded_database) == ["001"]


def test_up_asks_before_a_protected_environment_and_needs_yes_without_a_terminal(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True)
    protected = {"PRODUCTION_DATABASE_URL": embedded_database.url}
    refused = run_cli(["up", "-e", "production"], folder.root, protected)
    assert refused.returncode == 20
    assert "--yes" in refused.stderr
    assert embedded_database.execute("select to_regclass('public.schema_migrations')") == [(None,)]
    done = run_cli(["up", "-e", "production", "--yes"], folder.root, protected)
    assert done.returncode == 0, done.stderr


def test_plan_says_what_up_would_do_and_changes_nothing(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {**THREE, "003_c.sql": migration("set lock_timeout = 0;\ncreate table public.c (i int);")}
    folder = project(files, sealed=True)
    for words in (["plan"], ["up", "--dry-run"]):
        done = run_cli([*words, "-e", "staging", "--format", "json"], folder.root, staging(embedded_database))
        assert done.returncode == 0, done.stderr
        steps = done.json()["steps"]
        assert isinstance(steps, list)
        assert [(step["version"], step["own_process"]) for step in steps] == [
            ("001", False),
            ("002", False),
            ("003", True),
        ]
    assert embedded_database.execute("select to_regclass('public.schema_migrations')") == [(None,)]


def test_plan_ends_with_the_code_that_up_would_have(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    files = {**THREE, "004_e.sql": migration("create extension no_such_extension;")}
    folder, env = project(files, sealed=True), staging(embedded_database)
    planned = run_cli(["plan", "-e", "staging"], folder.root, env)
    applied_ = run_cli(["up", "-e", "staging"], folder.root, env)
    assert (planned.returncode, applied_.returncode) == (22, 22)
    assert "004_e.sql" in planned.stdout
    assert "no_such_extension" in planned.stderr
    wrong = run_cli(["plan", "-e", "staging"], folder.root, {**env, "DBMATE_WRAP_DBMATE_PATH": "/nosuch"})
    assert wrong.returncode == 22
    folder.add("004_e.sql", migration("select 4;"))
    folder.lockfile.unlink()
    wrong = run_cli(["plan", "-e", "staging"], folder.root, {**env, "DBMATE_WRAP_DBMATE_PATH": "/nosuch"})
    assert wrong.returncode == 11


def test_plan_shows_the_statements_where_they_are_wanted(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder, env = project(THREE, sealed=True), staging(embedded_database)
    shown = run_cli(["plan", "-e", "staging", "--sql", "--no-shadow", "--to", "1"], folder.root, env)
    assert shown.returncode == 0, shown.stderr
    text = THREE["001_a.sql"].partition("-- migrate:down")[0].rstrip()
    assert f"001_a.sql\n{text}\n" in shown.stdout
    assert "002_b.sql" not in shown.stdout
    document = run_cli(
        ["plan", "-e", "staging", "--sql", "--no-shadow", "--format", "json"], folder.root, env
    ).json()
    steps = document["steps"]
    assert isinstance(steps, list)
    assert steps[0]["sql"] == text


def test_the_status_matrix_shows_how_far_each_environment_is(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True)
    with embedded_database.server.new_database() as production:
        both = {**staging(embedded_database), "PRODUCTION_DATABASE_URL": production.url}
        run_cli(["up", "-e", "staging"], folder.root, both)
        run_cli(["up", "-e", "production", "--yes", "--to", "1"], folder.root, both)
        done = run_cli(["status", "--all", "--format", "json"], folder.root, both)
        told = run_cli(["status", "--all", "-v"], folder.root, both)
    matrix = done.json()["matrix"]
    assert isinstance(matrix, dict)
    test, live = matrix["environments"].index("staging"), matrix["environments"].index("production")
    assert [row["states"][test] for row in matrix["migrations"]] == ["applied", "applied", "applied"]
    assert [row["states"][live] for row in matrix["migrations"]] == ["applied", "pending", "pending"]
    assert [row["durations_ms"][live] is None for row in matrix["migrations"]] == [False, True, True]
    assert (matrix["deployed"][test]["file"], matrix["deployed"][live]["file"]) == ("003_c.sql", "001_a.sql")
    assert re.search(r"^001_a\.sql +applied, \d+ ms +applied, \d+ ms$", told.stdout, re.MULTILINE)
    assert re.search(r"^  production: 001_a\.sql  .*Z  up by .+@", told.stdout, re.MULTILINE)


def test_exec_runs_the_pinned_dbmate_on_the_environment(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(THREE, sealed=True)
    env = staging(embedded_database)
    pending = run_cli(["exec", "-e", "staging", "--", "status", "--exit-code"], folder.root, env)
    assert pending.returncode == 32
    assert "[ ] 001_a.sql" in pending.stdout
    done = run_cli(["exec", "-e", "staging", "--", "--no-dump-schema", "migrate"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002", "003"]
    elsewhere = run_cli(["exec", "-e", "staging", "--", "--url", "postgres://x/y", "drop"], folder.root, env)
    assert elsewhere.returncode == 2
    protected = run_cli(
        ["exec", "-e", "production", "--", "drop"],
        folder.root,
        {"PRODUCTION_DATABASE_URL": embedded_database.url},
    )
    assert protected.returncode == 20


@pytest.mark.both_majors
def test_dump_is_the_same_for_whoever_runs_it_and_keeps_the_ledger_out(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(THREE, sealed=True)
    run_cli(["up", "-e", "staging"], folder.root, staging(database))
    assert database.execute("select count(*) from dbmate_wrap.ledger") == [(3,)]
    dumps = set()
    for zone in ("UTC", "Asia/Tokyo"):
        done = run_cli(
            ["dump", "-e", "staging"], folder.root, {**staging(database), "PGTZ": zone, "TZ": zone}
        )
        assert done.returncode == 0, done.stderr
        dumps.add(_schema(folder))
    [text] = dumps
    assert "dbmate_wrap" not in text.replace("dbmate-wrap", "")
    assert "restrict" not in text
    assert (
        "INSERT INTO public.schema_migrations (version) VALUES\n    ('001'),\n    ('002'),\n    ('003');\n"
        in text
    )


def _schema(folder: ProjectFolder) -> str:
    path: Path = folder.root / "db" / "schema.sql"
    return path.read_text()


@pytest.mark.both_majors
@pytest.mark.parametrize("publication", ["all tables", "tables in schema dbmate_wrap"])
def test_a_publication_of_the_ledger_is_told_before_its_tables_are_made_and_never_after(
    project: MakeProject, run_cli: RunCli, database: Database, publication: str
) -> None:
    folder = project(THREE, sealed=True)
    database.execute("create schema dbmate_wrap")
    database.execute(f"create publication everything for {publication}")
    told = "the tables of the schema dbmate_wrap are published as soon as they are made (everything:"
    for words, expected in (
        (["plan", "--no-shadow"], 1),
        (["up", "--to", "1"], 1),
        (["plan", "--no-shadow"], 0),
        (["up"], 0),
    ):
        done = run_cli([*words, "-e", "staging"], folder.root, staging(database))
        assert (done.returncode, done.stderr.count(told)) == (0, expected), done.stderr
