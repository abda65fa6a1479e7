"""Turns the text of a failed connection, and psycopg's errors, into errors of the one tree."""

import re
import shlex
from typing import TYPE_CHECKING

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, UnreachableError, UnreachableKind, WrapError

if TYPE_CHECKING:
    import psycopg

# Our own message names the server already, and a question is no remedy.
_PREAMBLE = re.compile(
    r'\bconnection (?:failed|is bad): |\bconnection to server (?:at|on socket) "[^"]*"[^:]* failed: '
)
_QUESTION = re.compile(r" Is the server running [^?]*\?| This probably means the server terminated .*")

# libpq gives no SQLSTATE for a failed connection, only text: its own in English, the server's in the server's
# language. Text that matches nothing is kind `other`, with the server's own words.
# Each has its kind, a pattern without regard to case, the message and the hint.
_PATTERNS: tuple[tuple[UnreachableKind, str, str, str], ...] = (
    (
        "starting",
        r"the database system is (starting up|not (yet )?accepting)|in recovery mode|57P03",
        "{where} is still starting",
        "wait for it: dbmate-wrap up --wait 60s",
    ),
    (
        "starting",
        r"the database system is shutting down",
        "{where} is shutting down",
        "start it again, then run the command once more",
    ),
    (
        "database_missing",
        r'database ".*" does not exist',
        'there is no database "{database}" on {where}',
        "check the name in the URL; where it is right, create it: createdb {login} {database}",
    ),
    (
        "slots",
        r"too many clients|remaining connection slots|too many connections",
        "{where} has no connection slot left",
        "see who is connected in pg_stat_activity, or raise the limit (max_connections, or CONNECTION LIMIT)",
    ),
    (
        "password",
        r"no password supplied",
        '{where} asks for the password of user "{user}", and there is none',
        "put it into the URL, ~/.pgpass or the file that PGPASSFILE names (PGPASSWORD has no effect here)",
    ),
    (
        "other",
        r'definition of service|service file "',
        "PGSERVICE names a service that libpq does not find",
        "unset PGSERVICE: it has no effect here",
    ),
    (
        "password",
        r"password authentication failed|SASL|empty password|pgpass",
        'the password for user "{user}" on {where} was not accepted',
        "see where the URL comes from with `dbmate-wrap doctor`; special characters are percent-encoded;"
        " a password that has expired (VALID UNTIL) looks the same",
    ),
    (
        "role",
        r'role ".*" does not exist|is not permitted to log in|no pg_hba\.conf entry|authentication failed'
        r"|permission denied for database|ident authentication|peer authentication|password.*expired",
        '{where} does not let user "{user}" in',
        "ask for the role, CONNECT on the database and a pg_hba.conf entry",
    ),
    (
        "tls",
        r"SSL|certificate|TLS|root\.crt|encryption",
        "TLS to {where} failed",
        "check sslmode and sslrootcert in the URL",
    ),
    (
        "dns",
        r"could not translate host name|failed to resolve host|name or service not known|nodename nor serv"
        r"|getaddrinfo|idna|temporary failure in name resolution",
        'the host name "{host}" is not known (port {port})',
        "check the host in the URL, and that you are on the right network or VPN",
    ),
    (
        "timeout",
        r"timeout expired|timed out",
        "{where} did not answer in time",
        "check host, port and firewall; connect_timeout sets how long to wait",
    ),
    (
        "refused",
        r"connection refused|no such file or directory|could not connect to server|connection reset"
        r"|network is unreachable|no route to host|server closed the connection",
        "nothing answers on {where}",
        "start the server, or check host and port in the URL",
    ),
)


def connection_error(text: str, url: DatabaseUrl) -> UnreachableError:
    """Return the error for libpq's text about a failed connection."""
    place = f"the socket folder {url.host} (port {url.port})" if url.is_socket else f"{url.host}:{url.port}"
    words = {"where": place, "host": url.host, "port": url.port, "user": url.user, "database": url.database}
    words["login"] = shlex.join(["-h", url.host, "-p", str(url.port), "-U", url.user])
    text = _QUESTION.sub("", _PREAMBLE.sub("", " ".join(text.split()))).strip()
    for kind, pattern, message, hint in _PATTERNS:
        if re.search(pattern, text, re.IGNORECASE):
            return UnreachableError(
                f"{message.format(**words)}: {text}", kind=kind, hint=hint.format(**words)
            )
    return UnreachableError(
        f"cannot connect to {place}: {text}", kind="other", hint="run `dbmate-wrap doctor`"
    )


def refused_password(text: str, url: DatabaseUrl) -> UnreachableError | None:
    """Return the error where a program of libpq says that the password was not accepted; else None."""
    error = connection_error(text, url)
    # Names of objects in what else it says may look like such a refusal.
    return error if error.kind == "password" and "connection to server" in text else None


def query_error(error: "psycopg.Error", *, lost: bool) -> WrapError:
    """Return the error for a failed query; `lost`: the connection died with it."""
    text = (error.diag.message_primary or str(error)).strip()
    if lost:
        # libpq adds a guess, on lines of its own.
        return UnreachableError(
            f"the connection was lost: {text.splitlines()[0] if text else 'no reason was given'}",
            kind="other",
            sqlstate=error.sqlstate,
            hint="look at the server, then run `dbmate-wrap status`",
        )
    return FailedError(f"the database said: {text}", sqlstate=error.sqlstate)
