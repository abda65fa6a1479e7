"""Scratch pools for the tests: how a check uses one, and what is on its server."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.rows import TupleRow

from dbmate_wrap.cluster import binaries, server
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.postgres.shadow import REPLAY_ROLE
from dbmate_wrap.shadow import servers
from dbmate_wrap.shadow.own_server import Access
from dbmate_wrap.shadow.scratch_pool import ScratchPool
from tests.support.data_directories import copied_data_directories
from tests.support.servers import TcpServer

NAME = "dbmate-wrap/test"


@dataclass
class Project:
    """A project whose checks run on a server of these programs; `said` are their progress lines."""

    home: Path
    programs: Binaries
    said: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """The folder of its server."""
        origin = "embedded" if self.programs.origin == "wheel" else "local"
        return self.home / f"{origin}-{self.programs.major}"

    @property
    def uses_throw_away(self) -> bool:
        """True where a check said that it uses a throw-away server."""
        return any("throw-away" in line for line in self.said)

    @contextmanager
    def open_pool(self, wait: float = 0, *, superuser: bool = True) -> Iterator[ScratchPool]:
        """Open the pool of a check; a superuser's replay may soil the server most."""
        access = Access(wait, 10, self.said.append, NAME, superuser)
        with servers.open_own_server(self.home, self.programs, access) as pool:
            yield pool

    def check(self, statements: list[str], keys: list[str]) -> int:
        """Replay as a check does, keep the result, and return how many migrations were there already."""
        with self.open_pool() as pool:
            return replay(pool, statements, keys)


def replay(pool: ScratchPool, statements: list[str], keys: list[str]) -> int:
    """Run the statements after the longest template, keep the whole, and return that template's length."""
    length = pool.longest_cached_prefix(keys)
    with pool.scratch(keys[length - 1] if length else None) as scratch:
        for statement in statements[length:]:
            execute(scratch.url, statement)
        if length < len(keys):
            scratch.save_template(keys[-1])
    return length


def execute(url: DatabaseUrl, sql: str) -> list[TupleRow]:
    """Run SQL in a connection of its own and return the rows of the last result."""
    with psycopg.connect(**url.keywords(), autocommit=True) as connection:  # type: ignore[arg-type]
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def key(letter: str) -> str:
    """A key like those of `shadow.cache.history_keys`."""
    return letter.encode().hex() * 32


KEYS = [key(letter) for letter in "abcd"]
HISTORY = [f"create table public.t{number} (i int primary key)" for number in range(3)]
HISTORY.append("create role made; create table public.t3 (i int); grant select on public.t3 to made")


@contextmanager
def checking(where: str) -> Iterator[ScratchPool]:
    """A pool at a URL, or of the project with that home."""
    if "://" not in where:
        project = Project(Path(where), binaries.embedded())
        with project.open_pool(wait=60) as pool:
            assert not project.uses_throw_away, project.said
            yield pool
        return
    said: list[str] = []
    url = parse(where, os_user="")
    with servers.open_foreign_server(url, Access(60, 10, said.append, NAME)) as pool:
        yield pool


def databases(pool: ScratchPool) -> set[str]:
    """The databases beside the server's own."""
    rows = execute(pool.url, "select datname from pg_database where datname !~ '^(postgres|template[01])$'")
    return {str(name) for (name,) in rows}


def roles(pool: ScratchPool) -> set[str]:
    """The roles beside PostgreSQL's own and the replay's."""
    rows = execute(pool.url, "select rolname from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'")
    return {str(name) for (name,) in rows} - {REPLAY_ROLE}


def drop_shadow_databases(server: TcpServer) -> None:
    """Drop the scratch databases and templates that checks have left on a server of the tests."""
    names = server.execute("select datname from pg_database where datname like 'dbmate_wrap_shadow%'")
    for (name,) in names:
        server.execute(f'drop database "{name}" with (force)')


@contextmanager
def project(programs: Binaries) -> Iterator[Project]:
    """A project in a folder that every account can enter; its server is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dbmate-wrap-test-", dir="/tmp"))
    folder.chmod(0o755)
    made = Project(folder / "project" / ".dbmate-wrap" / "shadow", programs)
    try:
        with copied_data_directories():
            yield made
    finally:
        server.destroy(made.folder)
        shutil.rmtree(folder, ignore_errors=True)
