"""A tool that is measured beside ours, as one value: how its project is written, and what is typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Address:
    """A database over TCP. No argument list ever has the password: it goes by the environment."""

    port: int
    user: str
    password: str
    database: str

    @property
    def url(self) -> str:
        """With the password, and without TLS, which the server of a benchmark has not."""
        return f"postgres://{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}?sslmode=disable"

    def variables(self) -> Mapping[str, str]:
        """What libpq and the node driver read where they are told nothing else."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
            "PGSSLMODE": "disable",
        }


@dataclass(frozen=True)
class Peer:
    """One tool.

    `write` makes a project of so many small tables in an empty folder. `recorded` is a query for what the
    tool's own history has, a row for each migration. The last four are words of the page: `transactions` is
    what one holds, `locks` what happens to runs at the same time, `checks` what it looks at beyond that.
    """

    name: str
    version: str
    write: Callable[[Path, int], None]
    start: Sequence[str]
    status: Sequence[str]
    up: Sequence[str]
    recorded: str
    variables: Callable[[Address], Mapping[str, str]]
    how: str
    transactions: str
    locks: str
    checks: str


def url_variable(address: Address) -> Mapping[str, str]:
    """The variable that most tools, or the files of a project, read."""
    return {"DATABASE_URL": address.url}


def table_sql(number: int) -> str:
    """The migration of that number, in SQL."""
    return f"create table public.t{number} (\n    id bigint primary key,\n    name text not null\n);\n"
