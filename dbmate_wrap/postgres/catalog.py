"""Queries about a server, its databases and sessions, and dbmate's history table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.history_table import HistoryColumn, HistoryTable
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.ownership import NotOwned
from dbmate_wrap.errors import FailedError
from dbmate_wrap.postgres import queries
from dbmate_wrap.postgres.session import Session, connect

if TYPE_CHECKING:
    from dbmate_wrap.domain.leftovers import DatabaseObject
    from dbmate_wrap.domain.server_facts import Transaction

_CONNECTION_CHECKS = 140000
_DUPLICATE_DATABASE = ("42P04", "23505")


@dataclass(frozen=True)
class Server:
    """The server of a session, and the table there in which dbmate keeps (or would create) its history."""

    version: str
    version_num: int
    history: HistoryTable

    @property
    def major(self) -> int:
        """18 for 18.6."""
        return self.version_num // 10000


def read_server(session: Session, migrations_table: str) -> Server:
    """Read the server of the session; `migrations_table` is ``table`` or ``schema.table``, unquoted."""
    schema, _, table = migrations_table.rpartition(".")
    where = {"schema": schema, "table": table}
    [row] = session.records(dict[str, Any], queries.load_query("server"), where)
    columns = tuple(HistoryColumn(*column) for column in row.pop("columns") or ())
    row["key"] = tuple(row["key"] or ())
    version, version_num = row.pop("version"), row.pop("version_num")
    if row["hides_rows"]:
        [(row["hides_rows"],)] = session.rows(queries.load_query("history_policies"), {"table": row["name"]})
    return Server(version, version_num, HistoryTable(**row, columns=columns))


def applied_versions(session: Session, server: Server) -> tuple[str, ...]:
    """Return the versions that dbmate recorded, sorted as text; none when there is no history table."""
    if not server.history.exists:
        return ()
    rows = session.rows(f"select version from {server.history.name}")  # noqa: S608 - quoted by the server
    return tuple(sorted(str(version) for (version,) in rows))


def record_versions(session: Session, server: Server, versions: Sequence[str]) -> None:
    """Record versions as dbmate does, in the table that it would make. Raises FailedError."""
    table = server.history
    if not table.exists:
        if not session.rows(
            "select 1 from pg_catalog.pg_namespace where nspname = %(name)s", {"name": table.schema}
        ):
            session.rows(f"create schema {quoted(table.schema)}")
        session.rows(f"create table if not exists {table.name} (version varchar primary key)")
    for version in versions:
        session.rows(f"insert into {table.name} (version) values (%(version)s)", {"version": version})  # noqa: S608


def tables_like_history(session: Session, server: Server) -> tuple[str, ...]:
    """Return the names, quoted for SQL, of the other tables that have the shape of dbmate's own."""
    where = {"schema": server.history.schema, "table": server.history.table}
    return tuple(str(name) for (name,) in session.rows(queries.load_query("tables_like_history"), where))


def foreign_objects(session: Session, server: Server) -> tuple[str, ...]:
    """Return up to five ``schema.name`` of objects: not PostgreSQL's, an extension's or our own."""
    where = {"schema": server.history.schema, "table": server.history.table}
    return tuple(str(name) for (name,) in session.rows(queries.load_query("foreign_objects"), where))


def database_exists(maintenance: Session, name: str) -> bool:
    """Return True where the server has a database of that name."""
    query = "select 1 from pg_catalog.pg_database where datname = %(name)s"
    return bool(maintenance.rows(query, {"name": name}))


def create_database(maintenance: Session, name: str) -> bool:
    """Create a database; False when another session created it first."""
    try:
        maintenance.rows(f"create database {quoted(name)}")
    except FailedError as error:
        if error.sqlstate in _DUPLICATE_DATABASE:
            return False
        raise
    return True


def drop_database(maintenance: Session, name: str) -> None:
    """Drop a database and end its sessions, if it exists."""
    maintenance.rows(f"drop database if exists {quoted(name)} with (force)")


def set_password(maintenance: Session, role: str, verifier: str) -> None:
    """Let a role log in with a password, of which only the SCRAM verifier is known here."""
    maintenance.rows(f"alter role {quoted(role)} password '{verifier}'")


def inventory(session: Session, server: Server) -> "tuple[DatabaseObject, ...]":
    """Return all objects that a migration may have made, without dbmate's history table."""
    from dbmate_wrap.domain.leftovers import DatabaseObject

    where = {"schema": server.history.schema, "table": server.history.table}
    rows = session.records(dict[str, Any], queries.load_query("inventory"), where)
    return tuple(
        DatabaseObject(**row | {"part_of": frozenset(map(int, (row["part_of"] or "").split()))})
        for row in rows
    )


def not_owned(session: Session, message: str) -> tuple[NotOwned, ...]:
    """Return what the error for a lack of privileges is about, where that belongs to somebody else.

    The server's messages end with the object's name, in every language.
    """
    name = message.split()[-1].strip('"') if message.split() else ""
    return tuple(session.records(NotOwned, queries.load_query("not_owned"), {"name": name}))


def can_check_connections(session: Session) -> bool:
    """Return True where the server notices during a statement that its client is gone.

    That is from 14 on, not on every system. Tried by setting it in this session, which is harmless: a server
    that cannot do it refuses the value.
    """
    if session.server_version_num < _CONNECTION_CHECKS:
        return False
    try:
        session.rows("set client_connection_check_interval = 1000")
    except FailedError:
        return False
    return True


def has_timeout(session: Session, name: str) -> bool:
    """Return True where a session like this one has that timeout (``lock_timeout``) by default."""
    return session.rows("select pg_catalog.current_setting(%(name)s)", {"name": name}) != [("0",)]


def why_read_only(session: Session) -> str | None:
    """Return the reason why a session here cannot write; None where it can."""
    setting = "pg_catalog.current_setting('default_transaction_read_only')"
    [(standby, read_only)] = session.rows(f"select pg_catalog.pg_is_in_recovery(), {setting}")
    if standby:
        return "the server is a standby"
    return "default_transaction_read_only is on" if read_only == "on" else None


def backend_pid(session: Session) -> int:
    """Return the process that serves the session now; `Session.backend_pid` is the one reported at login."""
    [(pid,)] = session.rows("select pg_catalog.pg_backend_pid()")
    return int(str(pid))


def is_connected(session: Session, pid: int, application_name: str) -> bool:
    """Return True while the server process `pid` serves a session of that name."""
    query = "select 1 from pg_catalog.pg_stat_activity where pid = %(pid)s and application_name = %(name)s"
    return bool(session.rows(query, {"pid": pid, "name": application_name}))


def open_transactions(session: Session) -> "tuple[Transaction, ...]":
    """Return up to 20 open transactions of others in this database, the oldest first."""
    from dbmate_wrap.domain.server_facts import Transaction  # Many classes, for few runs.

    return tuple(session.records(Transaction, queries.load_query("open_transactions")))


def end_sessions(session: Session, application_name: str) -> None:
    """End every other session of that name on the server, and wait up to five seconds for each.

    Only sessions of our own account: no account may end those of others.
    """
    session.rows(
        "select pg_catalog.pg_terminate_backend(pid, 5000) from pg_catalog.pg_stat_activity"
        " where application_name = %(name)s and usename = session_user"
        " and pid <> pg_catalog.pg_backend_pid()",
        {"name": application_name},
    )


def connect_for_maintenance(url: DatabaseUrl, *, application_name: str, timeout: float | None) -> Session:
    """Connect to the `postgres` database of the same server, from which others are created."""
    return connect(replace(url, database="postgres"), application_name=application_name, timeout=timeout)


def history_literal(versions: Sequence[str], server: Server) -> str:
    """Return dbmate's own last lines of a schema file: the INSERT that records `versions`."""
    if not versions:
        return ""
    values = ",\n    ".join(f"('{version}')" for version in versions)
    return f"INSERT INTO {server.history.name} (version) VALUES\n    {values};\n"
