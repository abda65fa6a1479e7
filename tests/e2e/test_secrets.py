"""The password is nowhere: not in output, JSON, files or argument lists, in no spelling and in no part."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.cli import TWO, RunCli, applied, staging
from tests.support.leaks import SPELLINGS, assert_no_file_has_it, assert_silent, watching
from tests.support.projects import MakeProject, ProjectFolder, migration
from tests.support.servers import APP_PASSWORD, Database, TcpServer

pytestmark = pytest.mark.e2e


@pytest.fixture
def own(tcp_server: TcpServer) -> Iterator[Database]:
    """A database that belongs to the role with the nasty password."""
    with tcp_server.new_database() as database:
        tcp_server.execute(f"alter database {database.name} owner to {tcp_server.role}")
        yield database


@pytest.fixture
def own_url(tcp_server: TcpServer, own: Database) -> str:
    return tcp_server.tcp_url(own.name, user=tcp_server.role)


def by_variable(folder: ProjectFolder, url: str) -> tuple[dict[str, str], frozenset[Path]]:
    return {"STAGING_DATABASE_URL": url}, frozenset()


def by_own_dotenv(folder: ProjectFolder, url: str) -> tuple[dict[str, str], frozenset[Path]]:
    return {}, written(folder.root / ".env.staging", f"DATABASE_URL={url}\n")


def by_dotenv(folder: ProjectFolder, url: str) -> tuple[dict[str, str], frozenset[Path]]:
    return {}, written(folder.root / ".env", f"export STAGING_DATABASE_URL='{url}'\n")


def by_command(folder: ProjectFolder, url: str) -> tuple[dict[str, str], frozenset[Path]]:
    configure(folder, "url_command = \"sh -c 'cat vault; cat vault >&2'\"")
    return {}, written(folder.root / "vault", url + "\n")


def by_file(folder: ProjectFolder, url: str) -> tuple[dict[str, str], frozenset[Path]]:
    configure(folder, 'url_file = "mounted"')
    return {}, written(folder.root / "mounted", url + "\n")


def configure(folder: ProjectFolder, line: str) -> None:
    (folder.root / "dbmate-wrap.toml").write_text(f"[environments.staging]\n{line}\n")


def written(path: Path, text: str) -> frozenset[Path]:
    path.write_text(text)
    path.chmod(0o600)
    return frozenset({path})


SOURCES = [by_variable, by_own_dotenv, by_dotenv, by_command, by_file]


@pytest.mark.parametrize("source", range(len(SOURCES)), ids=[source.__name__ for source in SOURCES])
def test_a_nasty_password_works_from_every_source_and_is_shown_by_none(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: Mapping[str, str],
    tmp_path: Path,
    own: Database,
    own_url: str,
    source: int,
) -> None:
    folder = project(TWO, sealed=True)
    env, secret_files = SOURCES[source](folder, own_url)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env["TMPDIR"] = str(temporary)
    done = run_cli(["up", "-v", "-e", "staging"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert applied(own) == ["001", "002"]
    assert_silent(done)
    doctor = run_cli(["doctor", "-v", "-e", "staging", "--format", "json"], folder.root, env)
    assert doctor.returncode == 0, doctor.stdout
    assert_silent(doctor)
    assert_no_file_has_it(folder.root, Path(clean_environment["HOME"]), temporary, but=secret_files)
    assert list(temporary.iterdir()) == []


def test_no_argument_list_holds_it_while_anything_runs(
    project: MakeProject, run_cli: RunCli, own_url: str
) -> None:
    files = {**TWO, "003_c.sql": migration("select pg_sleep(0.5);", "select pg_sleep(0.3);")}
    folder = project(files, sealed=True)
    env = {"STAGING_DATABASE_URL": own_url}
    with watching() as watch:
        for args in (
            ["up", "-v", "-e", "staging"],
            ["exec", "-v", "-e", "staging", "--", "dump"],
            ["exec", "-v", "-e", "staging", "--", "status"],
            ["rollback", "-v", "-e", "staging"],
            ["dump", "-v", "-e", "staging"],
        ):
            done = run_cli(args, folder.root, env)
            assert done.returncode == 0, done.stderr
            assert_silent(done)
    assert {b"dbmate", b"pg_dump"} <= watch.programs, watch
    assert watch.leaks == []
    assert watch.rounds > 20


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_the_server_says_about_the_password_is_masked(
    project: MakeProject, run_cli: RunCli, tmp_path: Path, own_url: str, form: str
) -> None:
    tell = "do $body$ begin raise exception 'you are %, % and %', {}; end $body$;"
    spelt = ", ".join("$s$" + word + "$s$" for word in (SPELLINGS[0], SPELLINGS[1], f"u:{APP_PASSWORD}@h"))
    folder = project({"001_a.sql": migration(tell.format(spelt))}, sealed=True)
    args = ["up", "-v", "-e", "staging", "--format", form]
    done = run_cli(args, folder.root, {"STAGING_DATABASE_URL": own_url})
    assert done.returncode == 30
    assert_silent(done)
    assert "you are ***" in done.stderr
    again = run_cli(
        ["exec", "-v", "-e", "staging", "--format", form, "--", "up", "-v"],
        folder.root,
        {"STAGING_DATABASE_URL": own_url},
    )
    assert again.returncode == 30
    assert_silent(again)


MALFORMED = {
    "raw": f"postgres://app:{APP_PASSWORD}@127.0.0.1/d",
    "no-scheme": "app:{}@127.0.0.1/d",
    "one-slash": "postgres:/app:{}@127.0.0.1/d",
    "bad-port": "postgres://app@127.0.0.1:{}/d",
    "bad-parameter": "postgres://app@127.0.0.1/d?passwort={}",
    "keywords": "host=127.0.0.1 user=app password={}",
    "two-hosts": "postgres://app:{}@a,b/d",
    "assignment": "DATABASE_URL=postgres://app:{}@127.0.0.1/d",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_url_is_explained_without_being_quoted(
    project: MakeProject, run_cli: RunCli, name: str
) -> None:
    url = MALFORMED[name].format(quote(APP_PASSWORD, safe=""))
    folder = project(TWO, sealed=True)
    done = run_cli(["up", "-v", "-e", "staging"], folder.root, {"STAGING_DATABASE_URL": url})
    assert done.returncode == 10, done
    assert_silent(done)
    assert "STAGING_DATABASE_URL in the process environment" in done.stderr
    assert "hint: " in done.stderr


def test_an_environment_name_that_is_a_url_is_not_echoed(project: MakeProject, run_cli: RunCli) -> None:
    url = f"postgres://app:{quote(APP_PASSWORD, safe='')}@127.0.0.1/d"
    done = run_cli(["up", "-e", url, "--format", "json"], project(TWO, sealed=True).root)
    assert done.returncode == 10
    assert_silent(done)


def test_a_password_from_pgpass_works_for_us_dbmate_and_pg_dump(
    project: MakeProject,
    run_cli: RunCli,
    clean_environment: Mapping[str, str],
    tcp_server: TcpServer,
    own: Database,
) -> None:
    escaped = APP_PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    path = Path(clean_environment["HOME"], ".pgpass")
    written(path, f"{tcp_server.host}:{tcp_server.port}:{own.name}:{tcp_server.role}:{escaped}\n")
    folder = project(TWO, sealed=True, toml="dump_schema = true\n")
    env = {"STAGING_DATABASE_URL": tcp_server.tcp_url(own.name, user="app", password="")}
    done = run_cli(["up", "-v", "-e", "staging"], folder.root, env)
    assert done.returncode == 0, done.stderr
    assert_silent(done)
    assert applied(own) == ["001", "002"]
    assert_no_file_has_it(folder.root)


@pytest.mark.both_majors
def test_no_schema_file_holds_what_a_foreign_server_or_a_subscription_is_reached_with(
    project: MakeProject, run_cli: RunCli, database: Database
) -> None:
    folder = project(TWO, sealed=True)
    (folder.root / "dbmate-wrap.toml").write_text("dump_schema = true\n")
    database.execute("create foreign data wrapper w")
    database.execute("create server s foreign data wrapper w options (db_url 'postgres://u:F0reign@h/d')")
    database.execute("create user mapping for public server s options (password 'F0reign')")
    database.execute(
        "create subscription sub connection 'host=nowhere password=F0reign' publication p"
        " with (connect = false, slot_name = none)"
    )
    database.execute("create table public.schema_migrations (version varchar primary key)")
    for command in (["up"], ["rollback"], ["dump"]):
        done = run_cli([*command, "-e", "staging"], folder.root, staging(database))
        assert done.returncode == 0, done.stderr
        written = (folder.root / "db/schema.sql").read_text()
        assert "F0reign" not in written
        assert written.count("***") == 4, written  # The comment's, and one for each.
        (folder.root / "db/schema.sql").unlink()
    database.execute("drop subscription sub")  # With it the database cannot be dropped.


def test_a_schema_file_with_placeholders_is_up_to_date(project: MakeProject, run_cli: RunCli) -> None:
    server = "create foreign data wrapper w; create server s foreign data wrapper w;"
    mapping = "create user mapping for public server s options (password 'F0reign');"
    folder = project({"001_a.sql": migration(server + mapping)}, sealed=True)
    (folder.root / "dbmate-wrap.toml").write_text("shadow_superuser = true\n")
    assert run_cli(["up"], folder.root).returncode == 0
    assert "***" in (folder.root / "db/schema.sql").read_text()
    for _ in ("replayed", "from the cache"):
        done = run_cli(["check"], folder.root)
        assert (done.returncode, "stale-schema-file" in done.stderr) == (0, False), done.stderr
    assert run_cli(["db", "reset", "--yes"], folder.root).returncode == 0
