"""A connection to the server in autocommit; psycopg is loaded by the first one, which takes 50 ms."""

from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.postgres.connection_errors import connection_error, query_error
from dbmate_wrap.postgres.watchdog import Watchdog

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import RowFactory

    from dbmate_wrap.domain.server_failure import ServerFailure

Cell = str | int | float | bool | bytes | None
_T = TypeVar("_T")

# libpq takes parameters that are not given from PG* variables. dbmate gets none of these variables, so
# PGHOSTADDR would lead us to one server and dbmate to another: such parameters are given here. A password
# comes from the URL, PGPASSFILE or ~/.pgpass alone.
_NOT_FROM_VARIABLES = (
    "hostaddr='' password='' requirepeer='' channel_binding=prefer gssencmode=disable"
    " sslnegotiation=postgres target_session_attrs=any load_balance_hosts=disable"
)
# Keepalives do nothing while something sent is not acknowledged: hence the last one.
_PROBES: Mapping[str, str] = MappingProxyType(
    {
        "keepalives": "1",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
    }
)
# The timeouts that a role or a server may set for every session.
_TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_session_timeout")
_IDLE_SESSION_TIMEOUT = 140000
_NOTHING: Mapping[str, int] = MappingProxyType({})


class Session:
    """One autocommit connection; it raises errors of the one tree, never psycopg's."""

    def __init__(
        self, connection: "psycopg.Connection[tuple[Cell, ...]]", patience: float | None = None
    ) -> None:
        self._connection = connection
        self._watchdog = Watchdog(connection.fileno(), patience) if patience is not None else None

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
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
        """True where the connection is encrypted."""
        return bool(self._connection.pgconn.ssl_in_use)

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
        if self._watchdog is not None:
            self._watchdog.close()
        self._connection.close()

    def rows(self, query: str, parameters: Mapping[str, Cell] | None = None) -> list[tuple[Cell, ...]]:
        """Return all rows of one query. Raises FailedError, or UnreachableError when the connection died."""
        from psycopg.rows import tuple_row

        return self._fetch(tuple_row, query, parameters)

    def records(
        self, make: Callable[..., _T], query: str, parameters: Mapping[str, Cell] | None = None
    ) -> list[_T]:
        """Return what `make` makes of each row: it gets the columns by their names. Raises like `rows`."""
        from psycopg.rows import kwargs_row

        return self._fetch(kwargs_row(make), query, parameters)

    def on_message(self, heard: Callable[[str], object]) -> None:
        """From now on give each message of the server (NOTICE, DEBUG, ...) to `heard`; warnings as well."""

        def hear(said: "psycopg.errors.Diagnostic") -> None:
            heard(said.message_primary or "")

        self._connection.add_notice_handler(hear)

    def failure_of(self, text: str) -> "ServerFailure | None":
        """Run SQL, and return the server's error; None where there is none. Raises UnreachableError."""
        import psycopg

        try:
            self._connection.execute(text.encode())
        except psycopg.Error as error:
            if self._connection.closed or self._connection.broken:
                raise query_error(error, lost=True) from None
            from dbmate_wrap.domain.server_failure import ServerFailure

            said = error.diag
            table = f"{said.schema_name}.{said.table_name}" if said.schema_name and said.table_name else None
            words = said.message_detail, said.message_hint, said.constraint_name
            return ServerFailure(error.sqlstate, *words, table, said.column_name)
        return None

    def _fetch(
        self, make_row: "RowFactory[_T]", query: str, parameters: Mapping[str, Cell] | None
    ) -> list[_T]:
        import psycopg

        try:
            with self._watchdog.watching() if self._watchdog is not None else nullcontext():
                cursor = self._connection.cursor(row_factory=make_row).execute(query.encode(), parameters)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            lost = self._connection.closed or self._connection.broken
            raise query_error(error, lost=lost) from None


def load_driver() -> None:
    """Load psycopg beforehand: for a process of which others are forked."""
    import psycopg  # noqa: F401


def disable_timeouts(
    session: Session, names: Collection[str] = _TIMEOUTS, also: Mapping[str, int] = _NOTHING
) -> None:
    """Switch these timeouts off for the session, and set the parameters `also`, in one round trip."""
    if session.server_version_num < _IDLE_SESSION_TIMEOUT:
        names = [name for name in names if name != "idle_session_timeout"]
    values = {**dict.fromkeys(names, 0), **also}
    if values:
        session.rows("; ".join(f"set {name} = {value}" for name, value in values.items()))


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
    import psycopg
    from psycopg.conninfo import make_conninfo

    url = url.with_connect_timeout(timeout)
    try:
        connection = psycopg.connect(
            make_conninfo(_NOT_FROM_VARIABLES, **{**url.keywords(), **(_PROBES if keepalives else {})}),
            autocommit=True,
            # Given for the same reason: PGAPPNAME, PGOPTIONS, PGCLIENTENCODING.
            application_name=application_name,
            # Empty is sent as nothing: a pooler may refuse any value.
            options="",
            client_encoding="utf8",
        )
    except (psycopg.Error, UnicodeError) as error:
        # Python raises UnicodeError for a host name with a part of more than 63 letters.
        raise connection_error(str(error), url) from None
    # A server-side prepared statement would not survive a pooler, and nothing here runs often enough to gain.
    connection.prepare_threshold = None
    return Session(connection, patience)
