"""Every way of not connecting: 21, which way it was, what to do, and never for long."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster import server as cluster
from tests.support.cli import TWO, CliResult, RunCli, assert_refused, started
from tests.support.network import black_hole
from tests.support.projects import MakeProject
from tests.support.servers import APP_PASSWORD, TcpServer, free_port

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Tried:
    """Runs `up` of a project of two migrations on a URL, as `staging`."""

    project: MakeProject
    run_cli: RunCli

    def up(self, url: str, *options: str, toml: str | None = None) -> CliResult:
        folder = self.project(TWO, sealed=True, toml=toml)
        done = self.run_cli(["up", "-e", "staging", *options], folder.root, {"STAGING_DATABASE_URL": url})
        assert APP_PASSWORD not in done.stderr
        assert max(map(len, done.stderr.splitlines())) < 300, done.stderr
        return done


@pytest.fixture
def tried(project: MakeProject, run_cli: RunCli) -> Tried:
    return Tried(project, run_cli)


def test_nobody_listens(tried: Tried) -> None:
    port = free_port()
    done = tried.up(f"postgres://u@127.0.0.1:{port}/d")
    assert_refused(done, 21, f"nothing answers on 127.0.0.1:{port}: Connection refused$", "start the server")


def test_the_environment_and_the_source_of_its_url_are_told(project: MakeProject, run_cli: RunCli) -> None:
    url = f"postgres://u@127.0.0.1:{free_port()}/d"
    folder = project(TWO, sealed=True)
    place = url.removeprefix("postgres://u@").removesuffix("/d")
    done = run_cli(["status", "-e", "staging"], folder.root, {"STAGING_DATABASE_URL": url})
    source = "URL from STAGING_DATABASE_URL in the process environment"
    assert_refused(done, 21, f"^error: staging, {source}: nothing answers on {place}", "host and port")
    (folder.root / ".env.staging").write_text(f"DATABASE_URL={url}\n")
    done = run_cli(["up", "-e", "staging"], folder.root)
    assert_refused(done, 21, rf"^error: staging, URL from .*\.env\.staging.*: nothing .* {place}", "host and")
    matrix = run_cli(["status", "--all"], folder.root, {"STAGING_DATABASE_URL": url})
    assert matrix.returncode == 21
    assert f"  staging: {source}: nothing answers on {place}" in matrix.stdout


def test_the_matrix_does_not_fail_for_what_is_not_configured(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    folder = project(TWO, sealed=True)
    with tcp_server.new_database() as database:
        env = {"PRODUCTION_DATABASE_URL": tcp_server.tcp_url(database.name, user="app")}
        done = run_cli(["status", "--all"], folder.root, env)
        default = {**env, "DATABASE_URL": "postgres://u@127.0.0.1:1/d", "DBMATE_WRAP_ENV": "production"}
        named = run_cli(["status", "--all"], folder.root, default)
    for each in (done, named):
        assert each.returncode == 0, each.stderr
        assert "1 of 4 environments read" in each.stdout
    assert "dev: the embedded server is not created yet: `dbmate-wrap up -e dev` does it" in done.stdout
    assert not (folder.root / ".dbmate-wrap").exists()


def test_the_matrix_marks_each_that_cannot_be_reached_and_reads_the_others(
    project: MakeProject, run_cli: RunCli, tcp_server: TcpServer
) -> None:
    names = ("asia", "europe", "staging")
    folder = project(
        TWO, toml='connect_timeout = "2s"\n' + "".join(f"[environments.{each}]\n" for each in names)
    )
    with tcp_server.new_database() as database, black_hole() as port:
        env = {
            "ASIA_DATABASE_URL": f"postgres://u@127.0.0.1:{port}/d",
            "EUROPE_DATABASE_URL": f"postgres://u@127.0.0.1:{port}/e",
            "STAGING_DATABASE_URL": tcp_server.tcp_url(database.name, user="app"),
        }
        done = run_cli(["status", "--all"], folder.root, env)
    assert done.returncode == 21
    assert re.search(r"^migration +staging$", done.stdout, re.MULTILINE)
    assert re.findall(r"^  (asia|europe): .* did not answer in time", done.stdout, re.MULTILINE) == [
        "asia",
        "europe",
    ]


def test_there_is_no_such_socket_folder(tried: Tried, tmp_path: Path) -> None:
    done = tried.up(f"postgres://u@/d?host={tmp_path}/none")
    assert_refused(done, 21, "nothing answers on the socket folder .*/none", "start the server")


@pytest.mark.parametrize("host", ["nosuch.invalid", "a" * 64 + ".invalid"], ids=["unknown", "impossible"])
def test_the_host_is_not_known(tried: Tried, host: str) -> None:
    done = tried.up(f"postgres://u@{host}/d")
    assert_refused(
        done, 21, rf'the host name "{host}" is not known \(port 5432\)', "check the host in the URL"
    )


def test_tls_is_required_and_the_server_has_none(tried: Tried, tcp_server: TcpServer) -> None:
    url = tcp_server.tcp_url(user="app").replace("disable", "require")
    done = tried.up(url)
    assert_refused(done, 21, "TLS to 127.0.0.1:.* failed: server does not support SSL", "check sslmode")


def test_the_password_is_wrong(tried: Tried, tcp_server: TcpServer) -> None:
    done = tried.up(tcp_server.tcp_url(user="app", password="quite-wrong"))
    assert_refused(done, 21, 'the password for user "app" on .* was not accepted', "percent-encoded")
    assert "quite-wrong" not in done.stderr


def test_there_is_no_password(tried: Tried, tcp_server: TcpServer) -> None:
    done = tried.up(tcp_server.tcp_url(user="app", password=""))
    assert_refused(done, 21, 'asks for the password of user "app", and there is none', r"~/\.pgpass")


def test_the_role_is_missing(tried: Tried, tcp_server: TcpServer) -> None:
    done = tried.up(f"postgres://nosuch@/postgres?host={tcp_server.socket_dir}&port={tcp_server.port}")
    assert_refused(
        done, 21, 'does not let user "nosuch" in: .*role "nosuch" does not exist', "ask for the role"
    )


def test_the_database_is_missing_and_not_made(tried: Tried, tcp_server: TcpServer) -> None:
    done = tried.up(tcp_server.tcp_url("nosuch", user="app"))
    assert_refused(
        done,
        21,
        'there is no database "nosuch" on 127.0.0.1',
        "createdb -h 127.* -U app nosuch",
    )
    assert tcp_server.execute("select 1 from pg_database where datname = 'nosuch'") == []


def test_the_role_may_not_connect(tried: Tried, tcp_server: TcpServer) -> None:
    with tcp_server.new_database() as database:
        tcp_server.execute(f"revoke connect on database {database.name} from public")
        done = tried.up(tcp_server.tcp_url(database.name, user="app"))
    assert_refused(
        done, 21, 'does not let user "app" in: .*permission denied for database', "ask for the role"
    )


@pytest.mark.parametrize("limited", ["role", "database"])
def test_there_are_too_many_connections(tried: Tried, tcp_server: TcpServer, limited: str) -> None:
    with tcp_server.new_database() as database:
        name = "app" if limited == "role" else database.name
        tcp_server.execute(f"alter {limited} {name} connection limit 0")
        try:
            done = tried.up(tcp_server.tcp_url(database.name, user="app"))
        finally:
            tcp_server.execute(f"alter {limited} {name} connection limit -1")
    assert_refused(done, 21, "has no connection slot left: FATAL: too many connections", "pg_stat_activity")


@contextlib.contextmanager
def listener(reply: bytes | None) -> Iterator[int]:
    """A port where something accepts and never answers, or answers every message with `reply`."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        accepted: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                accepted.append(connection)
                if reply is not None and connection.recv(4096):
                    connection.sendall(reply)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in accepted:
                connection.close()


@pytest.mark.parametrize("mode", ["disable", "require"])
def test_something_accepts_and_never_answers(tried: Tried, mode: str) -> None:
    with listener(None) as port:
        url = f"postgres://u:{'pass'}@127.0.0.1:{port}/d?sslmode={mode}"
        done = tried.up(url, toml='connect_timeout = "2s"\n')
    assert_refused(done, 21, "did not answer in time", "connect_timeout")


def test_something_else_than_postgresql_answers(tried: Tried) -> None:
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        done = tried.up(f"postgres://u@127.0.0.1:{port}/d?sslmode=disable")
    assert_refused(done, 21, f"127.0.0.1:{port}", ".")


def error_response(sqlstate: str, message: str) -> bytes:
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0M{message}\0\0".encode()
    return b"E" + struct.pack("!i", len(fields) + 4) + fields


STARTING = error_response("57P03", "the database system is starting up")


def test_a_starting_server_is_told_apart_and_waiting_ends(tried: Tried) -> None:
    with listener(STARTING) as port:
        url = f"postgres://u@127.0.0.1:{port}/d?sslmode=disable"
        done = tried.up(url, "--wait", "1s")
    assert_refused(done, 21, f"127.0.0.1:{port} is still starting", "up -e staging --wait 60s")
    assert "waiting for the server" in done.stderr


def test_a_server_that_starts_a_moment_later_is_waited_for(
    project: MakeProject, clean_environment: Mapping[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "server"
    endpoint = cluster.start(home, binaries.embedded(), durable=False)
    try:
        cluster.stop(home)
        url = f"postgres://{endpoint.user}@/postgres?host={endpoint.socket_dir}&port={endpoint.port}"
        env = {**clean_environment, "STAGING_DATABASE_URL": url}
        folder = project(TWO, sealed=True)
        with started(["up", "-e", "staging", "--wait", "50s"], folder.root, env) as running:
            assert running.process.stderr is not None
            assert "waiting for the server: nothing answers" in running.process.stderr.readline()
            cluster.start(home, binaries.embedded(), durable=False)
            done = running.finish()
    finally:
        cluster.destroy(home)
    assert done.returncode == 0, done.stderr
    assert "2 migrations applied" in done.stdout


def test_a_wrong_duration_is_a_usage_error(tried: Tried) -> None:
    done = tried.up("postgres://u@127.0.0.1:1/d", "--wait", "60")
    assert done.returncode == 2
    assert "500ms, 5s, 2m or 1h" in done.stderr.replace("\n", " ")


def test_tls_is_demanded_where_protected(project: MakeProject, run_cli: RunCli) -> None:
    env = {"PRODUCTION_DATABASE_URL": "postgres://u@db.invalid/d?sslmode=disable"}
    done = run_cli(["up", "-e", "production", "--yes"], project(TWO, sealed=True).root, env)
    assert_refused(done, 22, "production requires TLS .*sslmode=disable", "sslmode=require")
