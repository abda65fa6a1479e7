"""Variables and files of the caller that would change what dbmate, libpq or pg_dump do have no effect."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import TWO, RunCli, applied, staging, tables
from tests.support.projects import MakeProject, migration
from tests.support.servers import Database, TcpServer

pytestmark = pytest.mark.e2e

DBMATE = {
    "DBMATE_MIGRATIONS_DIR": "elsewhere",
    "DBMATE_MIGRATIONS_TABLE": "other_history",
    "DBMATE_SCHEMA_FILE": "other.sql",
    "DBMATE_STRICT": "true",
    "DBMATE_MIGRATION_LOCK": "true",
    "DBMATE_NO_DUMP_SCHEMA": "true",
    "DBMATE_WAIT": "true",
    "DBMATE_VERBOSE": "true",
    "DBMATE_DRIVER": "mysql",
}
LIBPQ = {
    "PGHOST": "nosuch.invalid",
    "PGHOSTADDR": "127.9.9.9",
    "PGPORT": "1",
    "PGDATABASE": "nosuch",
    "PGUSER": "nosuch",
    "PGPASSWORD": "wrong",
    "PGOPTIONS": "-c search_path=evil -c default_transaction_read_only=on",
    "PGSSLMODE": "verify-full",
    "PGREQUIREPEER": "nobody",
    "PGTARGETSESSIONATTRS": "standby",
    "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require",
    "PGSSLNEGOTIATION": "direct",
    "PGAPPNAME": "somebody-else",
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGCONNECT_TIMEOUT": "nonsense",
    "PGLOADBALANCEHOSTS": "nonsense",
    "PGDATESTYLE": "German",
    "PGTZ": "Asia/Tokyo",
}
SEEN = "select current_setting('application_name') as name, current_setting('search_path') as path"


def test_variables_and_dotenv_lines_of_dbmate_have_no_effect(
    project: MakeProject, run_cli: RunCli, embedded_database: Database
) -> None:
    folder = project(TWO, sealed=True, toml="dump_schema = true\n")
    elsewhere = folder.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "001_evil.sql").write_text(migration("create table public.evil (i int);"))
    lines = [f"{name}={value}" for name, value in DBMATE.items()]
    lines += ["DATABASE_URL=postgres://nosuch@nosuch.invalid/nosuch", "PGDATABASE=nosuch"]
    (folder.root / ".env").write_text("\n".join(lines) + "\n")
    env = {**DBMATE, **staging(embedded_database), "DATABASE_URL": "postgres://no@nosuch.invalid/no"}
    done = run_cli(["up", "-e", "staging"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(embedded_database) == ["001", "002"]
    assert tables(embedded_database) == ["a", "b", "schema_migrations"]
    assert (folder.root / "db" / "schema.sql").is_file()
    assert not (folder.root / "other.sql").exists()
    run = run_cli(["exec", "-e", "staging", "--", "status"], folder.root, env)
    assert "[X] 002_b.sql" in run.stdout
    assert "evil" not in run.stdout


def test_variables_of_libpq_lead_neither_us_nor_dbmate_nor_pg_dump_elsewhere(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    files = {**TWO, "003_c.sql": migration(f"create table public.seen as {SEEN};", "drop table public.seen;")}
    folder = project(files, sealed=True, toml="dump_schema = true\n")
    with tcp_server.new_database() as database:
        tcp_server.execute(f"alter database {database.name} owner to app")
        env = {**LIBPQ, "STAGING_DATABASE_URL": tcp_server.tcp_url(database.name, user="app")}
        for args in (["up"], ["status"], ["dump"], ["rollback"], ["up"], ["doctor"]):
            done = run_cli([*args, "-e", "staging"], folder.root, env)
            assert done.returncode == 0, (args, done.stderr, done.stdout)
        assert applied(database) == ["001", "002", "003"]
        [(name, path)] = database.execute("select name, path from public.seen")
    assert name.startswith("dbmate-wrap/")
    assert path == '"$user", public'


def test_pghostaddr_does_not_make_us_look_at_another_server_than_dbmate_migrates(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    # Both places answer: only the URL's host may count, for the reading as for the writing.
    with tcp_server.new_database() as database:
        url = f"postgres://postgres@/{database.name}?host={tcp_server.socket_dir}&port={tcp_server.port}"
        env = {"STAGING_DATABASE_URL": url, "PGHOSTADDR": "127.0.0.1", "PGPASSWORD": tcp_server.password}
        done = run_cli(["up", "-e", "staging"], project(TWO, sealed=True).root, env)
        assert done.returncode == 0, done.stderr
        assert f"on {tcp_server.socket_dir}" in done.stdout
        assert applied(database) == ["001", "002"]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_service_fills_in_nothing(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, tmp_path: Path, known: bool
) -> None:
    service = tmp_path / "services.conf"
    lines = ["host=/nosuch", "hostaddr=127.9.9.9", "dbname=no", "user=no", "target_session_attrs=standby"]
    service.write_text("\n".join(["[evil]", *lines, "options=-c search_path=evil", "password=no"]) + "\n")
    env = {"PGSERVICE": "evil" if known else "nosuch", "PGSERVICEFILE": str(service)}
    done = run_cli(
        ["up", "-e", "staging"], project(TWO, sealed=True).root, {**env, **staging(embedded_database)}
    )
    if known:
        assert done.returncode == 0, done.stderr
        assert applied(embedded_database) == ["001", "002"]
    else:
        # libpq insists on finding it; nothing that is passed to it can prevent that.
        assert done.returncode == 21
        assert "hint: unset PGSERVICE" in done.stderr
        assert tables(embedded_database) == []


@pytest.mark.parametrize("bare", [{"DATABASE_URL": "{}"}, {}], ids=["process", "dotenv"])
def test_a_bare_url_is_never_another_environments(
    project: MakeProject, run_cli: RunCli, embedded_database: Database, bare: Mapping[str, str]
) -> None:
    folder = project(TWO, sealed=True)
    env = {name: value.format(embedded_database.url) for name, value in bare.items()}
    if not bare:
        (folder.root / ".env").write_text(f"DATABASE_URL={embedded_database.url}\n")
    for name in ("staging", "test", "production"):
        done = run_cli(["up", "-e", name, "--yes"], folder.root, env)
        assert done.returncode == 10, (name, done.stderr)
        assert f"set {name.upper()}_DATABASE_URL" in done.stderr
    assert tables(embedded_database) == []
    mine = run_cli(["up"], folder.root, {**env, "DBMATE_WRAP_DUMP_SCHEMA": "false"})
    assert mine.returncode == 0, mine.stderr
    assert applied(embedded_database) == ["001", "002"]


def test_an_unknown_variable_of_ours_is_a_fault_with_the_nearest_name(
    project: MakeProject, run_cli: RunCli
) -> None:
    done = run_cli(["status"], project(TWO, sealed=True).root, {"DBMATE_WRAP_MIGRATION_DIR": "x"})
    assert done.returncode == 10
    assert "did you mean DBMATE_WRAP_MIGRATIONS_DIR?" in done.stderr


def test_no_plugin_of_pydantic_is_loaded_here_and_a_command_of_the_settings_may_have_some(
    project: MakeProject, run_cli: RunCli
) -> None:
    # Some write down all that is validated, and a URL has a password.
    program = (
        "import os; open('inherited', 'w').write(os.environ.get('PYDANTIC_DISABLE_PLUGINS', 'nothing'));"
        "print('postgres://me@/x?host=/nosuch')"
    )
    toml = f'[environments.staging]\nurl_command = "{sys.executable} url.py"\n'
    root = project(TWO, sealed=True, toml=toml).root
    (root / "url.py").write_text(program)
    # Python finds what is installed in the folder where the command is run.
    (root / "spy.py").write_text("open('loaded', 'w')\n")
    (root / "spy-1.dist-info").mkdir()
    (root / "spy-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: spy\nVersion: 1\n")
    (root / "spy-1.dist-info" / "entry_points.txt").write_text("[pydantic]\nspy = spy\n")
    assert run_cli(["status", "-e", "staging"], root, own_interpreter=True).returncode == 21
    assert (root / "inherited").read_text() == "nothing"
    assert not (root / "loaded").exists()
