"""Real PostgreSQL servers for the tests, and the small values by which tests reach them."""

import shlex
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.rows import TupleRow

from dbmate_wrap import process
from dbmate_wrap.cluster import binaries, paths, server
from dbmate_wrap.cluster.account import choose_account
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.temporary import temporary

SUPERUSER_PASSWORD = "superuser-Secret-4711"
# Everything in it means something in a URL, a shell, SQL, JSON or a .pgpass line.
APP_PASSWORD = "app p@ss/w:rd#%41?&=\\'\"é"


@dataclass(frozen=True)
class Server:
    """A running server on a Unix socket that trusts everybody who can enter `socket_dir`."""

    socket_dir: Path
    port: int
    superuser: str
    major: int
    bin_dir: Path

    def url(self, database: str = "postgres") -> str:
        """A URL in the spelling that dbmate and libpq understand."""
        return f"postgres://{self.superuser}@/{database}?host={self.socket_dir}&port={self.port}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[TupleRow]:
        """A connection in autocommit; to be used in a `with` block."""
        return psycopg.connect(self.url(database), autocommit=True)

    def execute(self, sql: str, database: str = "postgres") -> list[TupleRow]:
        """Run SQL in a connection of its own and return the rows of the last result, if it has any."""
        with self.connect(database) as connection:
            cursor = connection.execute(sql.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def new_database(self) -> Iterator["Database"]:
        """An empty database, dropped with its sessions at the end."""
        with self.copied_database(f"t_{uuid.uuid4().hex[:12]}", "template1") as made:
            yield made

    @contextmanager
    def copied_database(self, name: str, template: str) -> Iterator["Database"]:
        """A copy of the database `template`, dropped with its sessions at the end."""
        # The server flushes nothing: to copy the files takes a fraction of writing them to its log.
        how = " STRATEGY FILE_COPY" if self.major >= 15 else ""
        names = map(psycopg.sql.Identifier, (name, template))
        create = psycopg.sql.SQL("CREATE DATABASE {} TEMPLATE {}" + how).format(*names)
        drop = psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
        with self.connect() as connection:
            connection.execute(create)
        try:
            yield Database(self, name)
        finally:
            with self.connect() as connection:
                connection.execute(drop)


@dataclass(frozen=True)
class TcpServer(Server):
    """A server that also listens on 127.0.0.1 (and ::1) and asks for passwords there (scram-sha-256).

    The role `app` may log in and create databases. On the socket the superuser is still trusted.
    """

    password: str = field(default=SUPERUSER_PASSWORD, repr=False)
    role: str = "app"
    role_password: str = field(default=APP_PASSWORD, repr=False)
    host: str = "127.0.0.1"
    ipv6: bool = False  # It listens on ::1 too, on the same port.

    def tcp_url(
        self, database: str = "postgres", *, user: str | None = None, password: str | None = None
    ) -> str:
        """A URL over TCP, with the user's password unless told otherwise (`""`: without)."""
        known = {None: self.password, self.superuser: self.password, self.role: self.role_password}
        secret = known.get(user, "") if password is None else password
        login = quote(user or self.superuser, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgres://{login}@{self.host}:{self.port}/{database}?sslmode=disable"


@dataclass(frozen=True)
class Database:
    """One database of one test."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def connect(self) -> psycopg.Connection[TupleRow]:
        return self.server.connect(self.name)

    def execute(self, sql: str) -> list[TupleRow]:
        return self.server.execute(sql, self.name)


def other_major() -> Binaries | None:
    """The newest local installation whose major is not the wheel's: a second PostgreSQL to test against."""
    wheel = binaries.embedded().major
    return next((found for found in binaries.installations() if found.major != wheel), None)


@contextmanager
def run_server(programs: Binaries) -> Iterator[Server]:
    """A throw-away server of these programs."""
    with temporary(programs) as endpoint:
        yield Server(endpoint.socket_dir, endpoint.port, endpoint.user, programs.major, programs.bin_dir)


@contextmanager
def run_tcp_server(programs: Binaries) -> Iterator[TcpServer]:
    """A throw-away server with passwords on 127.0.0.1."""
    with run_server(programs) as plain:
        with plain.connect() as connection:
            _set_passwords(connection)
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        data = Path(row[0])
        hba = "local all all trust\nhost all all samehost scram-sha-256\n"
        (data / "pg_hba.conf").write_text(hba)
        assert server.stop(data.parent)
        port = free_port()
        ipv6 = _has_ipv6()
        _listen(programs, data, plain.socket_dir, port, "127.0.0.1,::1" if ipv6 else "127.0.0.1")
        yield TcpServer(plain.socket_dir, port, plain.superuser, programs.major, programs.bin_dir, ipv6=ipv6)


def _set_passwords(connection: psycopg.Connection[TupleRow]) -> None:
    for role, create, password in (("postgres", False, SUPERUSER_PASSWORD), ("app", True, APP_PASSWORD)):
        verb = psycopg.sql.SQL("CREATE ROLE {} LOGIN CREATEDB" if create else "ALTER ROLE {}")
        command = verb.format(psycopg.sql.Identifier(role)) + psycopg.sql.SQL(" PASSWORD {}").format(
            psycopg.sql.Literal(password)
        )
        connection.execute(command)


def _listen(programs: Binaries, data: Path, sockets: Path, port: int, hosts: str) -> None:
    settings = {
        "listen_addresses": hosts,
        "port": str(port),
        "unix_socket_directories": str(sockets),
        "shared_buffers": "32MB",
        "fsync": "off",
        "full_page_writes": "off",
    }
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    argv = [
        str(programs.bin_dir / "pg_ctl"),
        "start",
        "-w",
        "-D",
        str(data),
        "-l",
        str(paths.log_file(data)),
    ]
    command = process.Command(
        (*argv, "-o", options), {"LC_ALL": "C"}, Path("/"), choose_account(data).uid_gid
    )
    done = process.run(command, timeout=60)
    assert done.returncode == 0, done.stderr + paths.log_file(data).read_text()


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port
