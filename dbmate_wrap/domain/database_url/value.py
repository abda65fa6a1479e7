"""A PostgreSQL URL as a value, and its spellings for people, for dbmate and for libpq."""

import math
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from dbmate_wrap.domain.database_url.host import place

# libpq names the variable of a keyword after it (PostgreSQL 18, "Environment Variables"), but for these two.
_VARIABLES = {"dbname": "PGDATABASE", "connect_timeout": "PGCONNECT_TIMEOUT"}


@dataclass(frozen=True)
class DatabaseUrl:
    """One database; `host` is a name, an IP address without brackets, or an absolute socket folder.

    `parameters` holds accepted libpq parameters in the order given, `sslmode` always among them.
    """

    user: str
    password: str | None = field(repr=False)
    host: str
    port: int
    database: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def is_socket(self) -> bool:
        """True where the server is reached over a Unix socket (where TLS has no meaning)."""
        return self.host.startswith("/")

    @property
    def is_local(self) -> bool:
        """True where nothing crosses a network: for a socket or a loopback address."""
        return self.is_socket or place(self.host) == "localhost"

    @property
    def sslmode(self) -> str:
        """libpq's sslmode, resolved: one of disable, allow, prefer, require, verify-ca, verify-full."""
        return dict(self.parameters)["sslmode"]

    def with_connect_timeout(self, seconds: float | None) -> "DatabaseUrl":
        """Return this URL with a limit to connecting, unless it sets its own; whole seconds, at least 2."""
        if seconds is None or "connect_timeout" in dict(self.parameters):
            return self
        limit = ("connect_timeout", str(max(math.ceil(seconds), 2)))
        return replace(self, parameters=(*self.parameters, limit))

    def public(self) -> str:
        """The canonical URL without the password: fit for messages and for `parse`."""
        where, before = ("", self._place()) if self.is_socket else (f"{self._bracketed_host}:{self.port}", ())
        # A slash needs no encoding in a query and reads better without.
        query = "&".join(f"{name}={quote(value, safe='/:')}" for name, value in (*before, *self.parameters))
        return f"postgres://{_quoted(self.user)}@{where}/{_quoted(self.database)}?{query}"

    def for_applications(self) -> str:
        """The URL with its password, as psycopg, SQLAlchemy and asyncpg take it; for nobody's eyes.

        SQLAlchemy hands each parameter to the driver, and asyncpg takes no `sslmode` from it: so that is left
        out where it is what libpq does anyway.
        """
        password = "" if self.password is None else f":{_quoted(self.password)}"
        parameters = self.parameters
        if self.is_socket or self.sslmode == "prefer":
            parameters = tuple(item for item in parameters if item[0] != "sslmode")
        where, before = ("", self._place()) if self.is_socket else (f"{self._bracketed_host}:{self.port}", ())
        query = "&".join(f"{name}={quote(value, safe='/:')}" for name, value in (*before, *parameters))
        url = f"postgresql://{_quoted(self.user)}{password}@{where}/{_quoted(self.database)}"
        return f"{url}?{query}" if query else url

    def for_dbmate(self) -> str:
        """A URL without password for dbmate's --url; use it together with `libpq_environment()`.

        Host and port go into the query: dbmate 2.37.0 writes an IPv6 host back without its brackets, and
        Go refuses %2F in a host. It also writes a space in the query as `+`, which the pg_dump that it
        starts does not undo; so a parameter with a space is left to the environment, where both read it.
        A socket folder with a space has no such way out: everything works there but `dbmate dump`.
        """
        passed = (*self._place(), *(item for item in self.parameters if " " not in item[1]))
        query = "&".join(f"{name}={_quoted(value)}" for name, value in passed)
        return f"postgres://{_quoted(self.user)}@/{_quoted(self.database)}?{query}"

    def keywords(self) -> dict[str, str]:
        """libpq's connection keywords, the password among them where there is one."""
        words = {"host": self.host, "port": str(self.port), "user": self.user, "dbname": self.database}
        words.update(self.parameters)
        if self.password is not None:
            words["password"] = self.password
        return words

    def libpq_environment(self) -> dict[str, str]:
        """The same as PG* variables, for children that speak libpq, and for dbmate beside `for_dbmate()`."""
        return {_variable(word): value for word, value in self.keywords().items()}

    def same_database(self, other: "DatabaseUrl") -> bool:
        """True where both reach one database, as far as that is known without DNS and without a server."""
        return self.identity == other.identity

    @property
    def identity(self) -> tuple[str, int, str]:
        """A key that is equal for two URLs of one database, as `same_database` says it."""
        return place(self.host), self.port, self.database

    @property
    def _bracketed_host(self) -> str:
        return f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host

    def _place(self) -> tuple[tuple[str, str], ...]:
        return ("host", self.host), ("port", str(self.port))


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _variable(keyword: str) -> str:
    return _VARIABLES.get(keyword) or f"PG{keyword.upper().replace('_', '')}"
