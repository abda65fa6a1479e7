"""A connection to the server in autocommit, with every way to fail told apart."""

import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType, TracebackType

import psycopg
from psycopg.conninfo import make_conninfo

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, UnreachableError, UnreachableKind, WrapError

Cell = str | int | float | bool | bytes | None


@dataclass(frozen=True)
class _Way:
    kind: UnreachableKind
    pattern: re.Pattern[str]
    message: str
    hint: str


def _way(kind: UnreachableKind, pattern: str, message: str, hint: str) -> _Way:
    return _Way(kind, re.compile(pattern, re.IGNORECASE), message, hint)


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
# The place is in our own words already, and a question is no remedy.
_PREAMBLE = re.compile(
    r'\bconnection (?:failed|is bad): |\bconnection to server (?:at|on socket) "[^"]*"[^:]* failed: '
)
_QUESTION = re.compile(r" Is the server running [^?]*\?| This probably means the server terminated .*")

# libpq gives no SQLSTATE for a failed connection, only text: its own in English, the server's in the server's
# language. What matches nothing is still 21, with the server's own words.
_WAYS = (
    _way(
        "starting",
        r"the database system is (starting up|not (yet )?accepting)|in recovery mode|57P03",
        "{where} is still starting",
        "wait for it: dbmate-wrap up --wait 60s",
    ),
    _way(
        "starting",
        r"the database system is shutting down",
        "{where} is shutting down",
        "start it again, then run the command once more",
    ),
    _way(
        "database_missing",
        r'database ".*" does not exist',
        'there is no database "{database}" on {where}',
        "check the name in the URL; where it is right, create it: createdb {database}",
    ),
    _way(
        "slots",
        r"too many clients|remaining connection slots|too many connections",
        "{where} has no connection slot left",
        "see who is connected in pg_stat_activity, or raise the limit (max_connections, or CONNECTION LIMIT)",
    ),
    _way(
        "password",
        r"no password supplied",
        '{where} asks for the password of user "{user}", and there is none',
        "put it into the URL, ~/.pgpass or the file that PGPASSFILE names (PGPASSWORD has no effect here)",
    ),
    _way(
        "other",
        r'definition of service|service file "',
        "PGSERVICE names a service that libpq does not find",
        "unset PGSERVICE: it has no effect here",
    ),
    _way(
        "password",
        r"password authentication failed|SASL|empty password|pgpass",
        'the password for user "{user}" on {where} was not accepted',
        "see where the URL comes from with `dbmate-wrap doctor`; special characters are percent-encoded;"
        " a password that has expired (VALID UNTIL) looks the same",
    ),
    _way(
        "role",
        r'role ".*" does not exist|is not permitted to log in|no pg_hba\.conf entry|authentication failed'
        r"|permission denied for database|ident authentication|peer authentication|password.*expired",
        '{where} does not let user "{user}" in',
        "ask for the role, CONNECT on the database and a pg_hba.conf entry",
    ),
    _way(
        "tls",
        r"SSL|certificate|TLS|root\.crt|encryption",
        "TLS to {where} failed",
        "check sslmode and sslrootcert in the URL",
    ),
    _way(
        "dns",
        r"could not translate host name|failed to resolve host|name or service not known|nodename nor serv"
        r"|getaddrinfo|idna|temporary failure in name resolution",
        'the host name "{host}" is not known',
        "check the host in the URL, and that you are on the right network or VPN",
    ),
    _way(
        "timeout",
        r"timeout expired|timed out",
        "{where} did not answer in time",
        "check host, port and firewall; connect_timeout sets how long to wait",
    ),
    _way(
        "refused",
        r"connection refused|no such file or directory|could not connect to server|connection reset"
        r"|network is unreachable|no route to host|server closed the connection",
        "nothing answers on {where}",
        "start the server, or check host and port in the URL",
    ),
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


def unreachable(said: str, url: DatabaseUrl) -> UnreachableError:
    """The error for what libpq said about a failed connection."""
    place = f"the socket folder {url.host} (port {url.port})" if url.is_socket else f"{url.host}:{url.port}"
    words = {"where": place, "host": url.host, "user": url.user, "database": url.database}
    said = " ".join(said.split())
    said = _QUESTION.sub("", _PREAMBLE.sub("", said)).strip()
    for way in _WAYS:
        if way.pattern.search(said):
            return UnreachableError(
                f"{way.message.format(**words)}: {said}", kind=way.kind, hint=way.hint.format(**words)
            )
    return UnreachableError(
        f"cannot connect to {place}: {said}", kind="other", hint="run `dbmate-wrap doctor`"
    )


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
