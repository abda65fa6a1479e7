"""A server for tools that reach it over TCP: it flushes, as in production, and later if that is wanted."""

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dbmate_wrap.cluster import binaries, loopback, server
from dbmate_wrap.cluster.server import Endpoint
from scripts.bench.measure import psql
from scripts.bench.peers.peer import Address

_TRIES = 40


@dataclass(frozen=True)
class TcpServer:
    """It has the default settings of PostgreSQL for flushes; `endpoint` is its socket, which trusts us."""

    endpoint: Endpoint
    password: str

    def address(self, database: str, port: int | None = None) -> Address:
        """A database, at the server's own port or at that of a proxy."""
        return Address(port or self.endpoint.port, self.endpoint.user, self.password, database)

    def ask(self, statements: str, database: str = "postgres") -> str:
        """Run them over the socket."""
        return psql(self.endpoint, statements, database)

    def delay_flushes(self, milliseconds: int) -> None:
        """Let every flush of the log wait so long before it begins: a slower disk (0: none)."""
        # With commit_siblings = 0 the server waits also where nobody else has something to flush.
        self.ask(f"alter system set commit_delay = {milliseconds * 1000}")
        self.ask("select pg_reload_conf()")
        wanted = str(milliseconds * 1000)
        while self.ask("show commit_delay").strip() != wanted:
            time.sleep(0.01)

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The name of a new database, which is removed."""
        name = f"peer_{time.monotonic_ns()}"
        self.ask(f"create database {name}")
        try:
            yield name
        finally:
            self.ask(f"drop database {name} with (force)")

    def commit_ms(self) -> float:
        """How long a commit of one row takes over TCP, in milliseconds: the fastest of many."""
        with psycopg.connect(self.address("postgres").url, autocommit=True) as connection:
            connection.execute("create table if not exists flushed (id int)")
            return _fastest_ms(connection, "insert into flushed values (1)")

    def trip_ms(self, port: int | None = None) -> float:
        """How long `select 1` takes, in milliseconds: the fastest of many."""
        with psycopg.connect(self.address("postgres", port).url, autocommit=True) as connection:
            return _fastest_ms(connection, "select 1")


@contextmanager
def tcp_server() -> Iterator[TcpServer]:
    """Start it on a free port of 127.0.0.1 with a password of its own, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-bench-"))
    # The server's account has to enter it.
    folder.chmod(0o711)
    try:
        access = loopback.make_loopback(folder / "pg")
        settings = {**access.settings(), "commit_siblings": "0"}
        endpoint = server.start(folder / "pg", binaries.embedded(), durable=True, settings=settings)
        verifier = loopback.verifier(access.password, secrets.token_bytes(16))
        psql(endpoint, f"alter role {endpoint.user} password '{verifier}'")
        yield TcpServer(endpoint, access.password)
    finally:
        server.destroy(folder / "pg")
        shutil.rmtree(folder, ignore_errors=True)


def _fastest_ms(connection: "psycopg.Connection[tuple[object, ...]]", statement: str) -> float:
    took = []
    for _ in range(_TRIES):
        began = time.perf_counter()
        connection.execute(statement.encode())
        took.append((time.perf_counter() - began) * 1000)
    return round(min(took), 2)
