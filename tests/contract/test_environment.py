"""What dbmate takes from files and variables behind one's back, and where a password shows (facts 7 to 9)."""

import re
import socket
import time
from pathlib import Path

import pytest

from tests.support.bare_dbmate import NO_DUMP, Bench
from tests.support.projects import migration
from tests.support.servers import Database, Server, TcpServer

pytestmark = pytest.mark.both_majors


GOOD = migration("CREATE TABLE a (id int);", "DROP TABLE a;")


@pytest.mark.parametrize(
    ("option", "read"),
    [([], ".env"), (["--env-file", "other.env"], "other.env"), (["--env-file=other.env"], ".env")],
    ids=["default", "two words", "one word"],
)
def test_env_files_are_read_behind_ones_back(
    bench: Bench, embedded_database: Database, option: list[str], read: str
) -> None:
    bench.write({"001_a.sql": GOOD})
    for file, table in ((".env", "from_dot_env"), ("other.env", "from_other")):
        (bench.root / file).write_text(f"DBMATE_MIGRATIONS_TABLE={table}\n")
    ran = bench.run(embedded_database.server, embedded_database.url, *option, NO_DUMP, "migrate")
    assert ran.returncode == 0
    table = "from_dot_env" if read == ".env" else "from_other"
    assert embedded_database.execute(
        "SELECT relname FROM pg_class WHERE relname LIKE 'from%' AND relkind = 'r'"
    ) == [(table,)]


def test_a_dbmate_variable_of_the_parent_takes_effect(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": GOOD})
    env = {"DBMATE_MIGRATIONS_TABLE": "leaked"}
    bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate", env=env)
    assert embedded_database.execute("SELECT to_regclass('leaked')::text") == [("leaked",)]


def test_the_environment_wins_over_an_env_file(bench: Bench, embedded_database: Database) -> None:
    bench.write({"001_a.sql": GOOD})
    (bench.root / ".env").write_text("DATABASE_URL=postgres://nobody@127.0.0.1:1/nowhere\n")
    assert bench.run(embedded_database.server, embedded_database.url, NO_DUMP, "migrate").returncode == 0


def _spying_pg_dump(folder: Path, server: Server) -> Path:
    """A pg_dump that notes its own and its parent's command line, then does its work."""
    folder.mkdir()
    spy = folder / "pg_dump"
    spy.write_text(
        "#!/bin/sh\n"
        f"tr '\\0' ' ' < /proc/$$/cmdline >> {folder}/own\n"
        f"tr '\\0' ' ' < /proc/$PPID/cmdline >> {folder}/parent\n"
        f'exec {server.bin_dir}/pg_dump "$@"\n'
    )
    spy.chmod(0o755)
    return folder


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads command lines in /proc")
@pytest.mark.parametrize("way", ["url", "PGPASSWORD", "PGPASSFILE"])
def test_only_a_url_with_the_password_shows_it_in_pg_dumps_command_line(
    bench: Bench, tcp_server: TcpServer, way: str
) -> None:
    spy = _spying_pg_dump(bench.root / "spy", tcp_server)
    env = {"PATH": f"{spy}:/usr/bin:/bin"}
    url = tcp_server.tcp_url(user=tcp_server.superuser, password="" if way != "url" else None)
    if way == "PGPASSWORD":
        env["PGPASSWORD"] = tcp_server.password
    if way == "PGPASSFILE":
        passfile = bench.root / "pgpass"
        passfile.write_text(f"*:*:*:*:{tcp_server.password}\n")
        passfile.chmod(0o600)
        env["PGPASSFILE"] = str(passfile)
    with tcp_server.new_database() as database:
        ran = bench.run(tcp_server, url.replace("/postgres?", f"/{database.name}?"), "dump", env=env)
    assert ran.returncode == 0, ran.stderr
    own, parent = (spy / "own").read_text(), (spy / "parent").read_text()
    assert re.search(r"pg_dump .*--schema-only", own)
    assert (tcp_server.password in own) is (way == "url")
    assert tcp_server.password not in parent


def test_a_hostile_password_works_through_pgpassword(bench: Bench, tcp_server: TcpServer) -> None:
    bench.write({"001_a.sql": GOOD})
    with tcp_server.new_database() as database:
        tcp_server.execute(f'ALTER DATABASE "{database.name}" OWNER TO app')
        url = tcp_server.tcp_url(database.name, user="app", password="")
        env = {"PGPASSWORD": tcp_server.role_password}
        for verb in ("migrate", "dump", "rollback"):
            ran = bench.run(tcp_server, url, verb, env=env)
            assert ran.returncode == 0, ran.stderr
        wrong = bench.run(tcp_server, url, "status", env={"PGPASSWORD": "wrong"})
        assert wrong.error == 'Error: pq: password authentication failed for user "app" (28P01)'


def test_a_lock_timeout_in_pgoptions_ends_in_55p03(bench: Bench, database: Database) -> None:
    database.execute("CREATE TABLE a ()")
    bench.write({"001_a.sql": migration("ALTER TABLE a ADD COLUMN b int;")})
    with database.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE a")
        env = {"PGOPTIONS": "-c lock_timeout=100ms"}
        ran = bench.run(database.server, database.url, NO_DUMP, "migrate", env=env)
    assert ran.returncode == 2
    assert ran.error.endswith("pq: canceling statement due to lock timeout (55P03)")


def test_a_lock_timeout_in_the_url_breaks_pg_dump(bench: Bench, embedded_database: Database) -> None:
    url = f"{embedded_database.url}&lock_timeout=1000"
    assert bench.run(embedded_database.server, url, "status").returncode == 0
    ran = bench.run(embedded_database.server, url, "dump")
    assert ran.returncode == 2
    assert "invalid URI query parameter" in ran.stderr


def test_pgappname_names_the_session(bench: Bench, database: Database) -> None:
    bench.write(
        {"001_a.sql": migration("CREATE TABLE seen AS SELECT current_setting('application_name') AS name;")}
    )
    bench.run(database.server, database.url, NO_DUMP, "migrate", env={"PGAPPNAME": "dbmate-wrap/run-1"})
    assert database.execute("SELECT name FROM seen") == [("dbmate-wrap/run-1",)]


@pytest.mark.parametrize("way", ["url", "PGCONNECT_TIMEOUT"])
def test_a_connect_timeout_bounds_a_server_that_never_answers(
    bench: Bench, embedded: Server, way: str
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(5)
        url = f"postgres://u@127.0.0.1:{silent.getsockname()[1]}/d?sslmode=disable"
        began = time.monotonic()
        if way == "url":
            ran = bench.run(embedded, f"{url}&connect_timeout=1", "status")
        else:
            ran = bench.run(embedded, url, "status", env={"PGCONNECT_TIMEOUT": "1"})
    assert ran.returncode == 2
    assert ran.stderr.strip().endswith("i/o timeout")
    assert time.monotonic() - began < 10
