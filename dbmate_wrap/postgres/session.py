"""A connection to the server in autocommit, with every way to fail told apart."""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, TracebackType

import psycopg
from psycopg.conninfo import make_conninfo

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, UnreachableError, WrapError
from dbmate_wrap.postgres.connection_errors import unreachable

Cell = str | int | float | bool | bytes | None


# libpq takes what it is not told from PG* variables. dbmate gets none of them, so PGHOSTADDR would lead us to
# one server and dbmate to another: what could is told here. A password comes from the URL, PGPASSFILE or
# ~/.pgpass alone.
_NOT_FROM_VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "hostaddr": "",
        "password": "",
        "requirepeer": "",
        "channel_binding": "prefer",
        "gssencmode": "disable",
        "sslnegotiation": "postgres",
        "target_session_attrs": "any",
        "load_balance_hosts": "disable",
    }
)


class Session:
    """One autocommit connection; every error comes out as one of the tree, never as psycopg's."""

    def __init__(
        self, connection: "psycopg.Connection[tuple[Cell, ...]]", patience: float | None = None
    ) -> None:
        self._connection = connection
        self._patience = patience

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def backend_pid(self) -> int:
        """The process id of this session's server process."""
        return self._connection.info.backend_pid

    @property
    def server_version_num(self) -> int:
        """180006 for 18.6."""
        return self._connection.info.server_version

    @property
    def uses_tls(self) -> bool:
        """Whether what crosses the network is encrypted."""
        return bool(self._connection.pgconn.ssl_in_use)

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        self._connection.close()

    def rows(self, query: str, parameters: Mapping[str, Cell] | None = None) -> list[tuple[Cell, ...]]:
        """All rows of one query. Raises FailedError, or UnreachableError when the connection died."""
        try:
            with _given_up(self._connection, self._patience):
                cursor = self._connection.execute(query.encode(), parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _translated(error, self._connection) from None


def connect(
    url: DatabaseUrl,
    *,
    application_name: str,
    timeout: float | None,
    keepalives: bool = False,
    patience: float | None = None,
) -> Session:
    """Connect within `timeout` seconds (libpq counts whole seconds, at least 2) unless the URL sets its own.

    `keepalives` is for a session that stays idle for long: probes after 30 s, so that no firewall forgets it
    and a dead peer is noticed. A query that is not answered within `patience` seconds ends the connection.
    Raises UnreachableError.
    """
    probes = {
        "keepalives": "1",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    # Keepalives do nothing while something sent is not acknowledged.
    probes["tcp_user_timeout"] = "30000"
    url = url.with_connect_timeout(timeout)
    try:
        connection = psycopg.connect(
            make_conninfo(**{**_NOT_FROM_VARIABLES, **url.keywords(), **(probes if keepalives else {})}),
            autocommit=True,
            # Told for the same reason: PGAPPNAME, PGOPTIONS, PGCLIENTENCODING.
            application_name=application_name,
            # Empty is sent as nothing: a pooler may refuse any value.
            options="",
            client_encoding="utf8",
        )
    except (psycopg.Error, UnicodeError) as error:
        # UnicodeError is Python's for a host name with a part of more than 63 letters.
        raise unreachable(str(error), url) from None
    # A server-side prepared statement would not survive a pooler, and nothing here runs often enough to gain.
    connection.prepare_threshold = None
    return Session(connection, patience)


@contextmanager
def _given_up(connection: "psycopg.Connection[tuple[Cell, ...]]", patience: float | None) -> Iterator[None]:
    """Hang up when the time is over: TCP notices a dead peer, but not a proxy that swallows everything."""
    if patience is None or connection.closed:
        yield
        return
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        timer = threading.Timer(patience, line.shutdown, [socket.SHUT_RDWR])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _translated(error: psycopg.Error, connection: "psycopg.Connection[tuple[Cell, ...]]") -> WrapError:
    text = (error.diag.message_primary or str(error)).strip()
    if connection.closed or connection.broken:
        # libpq goes on with a guess, on lines of its own.
        return UnreachableError(
            f"the connection was lost: {text.splitlines()[0] if text else 'no reason was given'}",
            kind="other",
            sqlstate=error.sqlstate,
            hint="look at the server, then run `dbmate-wrap status`",
        )
    return FailedError(f"the database said: {text}", sqlstate=error.sqlstate)
