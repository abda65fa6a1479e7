"""Looks at the history of a database with the least rights, each time in a session that ends at once.

What it needs is CONNECT, and SELECT on the history table. It reads no ledger and no stamp, and never becomes
the role of the settings.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.history_table import (
    HistoryTable,
    objection_to_rows,
    objection_to_table,
    unreadable_error,
)
from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.errors import FailedError, PreflightError, UnreachableError, WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.workspace.at_once import ask_at_once
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import (
    MAY_PASS,
    accept_url,
    find_embedded,
    start_embedded,
)

# A database that is not there may be created yet.
_MAY_PASS = MAY_PASS | {"database_missing"}
_NO_PRIVILEGE = "42501"
# Classes of errors that may pass: connection, conflict with a standby, resources, locks, cancelled, system.
_MAY_PASS_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
# The table was dropped between two queries.
_NO_TABLE = frozenset({"42P01", "3F000"})


@dataclass(frozen=True)
class HistoryLook:
    """One look: the versions that are applied, in text order, or in `error` why that is not known now.

    `absent` says that there is no history table yet. `target` is None without a connection.
    """

    target: Target | None
    applied: tuple[str, ...] = ()
    absent: str | None = None
    error: UnreachableError | PreflightError | None = None

    @property
    def is_before_first_run(self) -> bool:
        """True where `up` is still to make the history table, or the database."""
        error = self.error
        return self.absent is not None or (
            isinstance(error, UnreachableError) and error.kind == "database_missing"
        )


class HistoryWatch:
    """Looks at the history of the environment's database; its URL is found once.

    `known` are the project's versions, none where they are not known.
    """

    def __init__(self, context: Context, known: Collection[str]) -> None:
        self._context = context
        self._known = known
        self._url: DatabaseUrl | None = None

    def look(self) -> HistoryLook:
        """Return what is applied now.

        Raises what does not pass: ConfigError (10), HistoryError (13) for a table that is not this project's,
        UnreachableError (21) for a password, a role or TLS, PreflightError (22) where TLS is required.
        """
        try:
            self._url = self._url or self._find_url()
            return self._ask_renewing(self._url)
        except UnreachableError as error:
            if error.kind not in _MAY_PASS:
                raise
            return HistoryLook(None, error=error.but(hint=self._hint(error)))

    def _ask_renewing(self, url: DatabaseUrl) -> HistoryLook:
        try:
            return self._ask(url)
        except UnreachableError as error:
            # A password may live for minutes, and a wait be longer.
            renewed = self._find_url() if error.kind == "password" else url
            if renewed == url:
                raise
        self._url = renewed
        return self._ask(renewed)

    def _ask(self, url: DatabaseUrl) -> HistoryLook:
        # In a thread: while a name server does not answer, no signal is heard in this one.
        [answer] = ask_at_once({"": lambda: read_look(self._context, url, self._known)}).values()
        if isinstance(answer, WrapError):
            raise answer
        return answer

    def _find_url(self) -> DatabaseUrl:
        context = self._context
        if (resolved := context.environment.resolve_url()) is not None:
            return accept_url(context, resolved)
        from dbmate_wrap.cluster import server

        if server.state(context.embedded_home).data is None:
            find_embedded(context)
            raise UnreachableError("there is no embedded server yet", kind="database_missing")
        return start_embedded(context)

    def _hint(self, error: UnreachableError) -> str | None:
        if error.kind == "starting":
            return "look at its log, or wait longer: --timeout"
        if error.kind == "database_missing" and self._context.environment.values.create_database:
            return "`dbmate-wrap up` creates it"
        return error.hint


def read_look(context: Context, url: DatabaseUrl, known: Collection[str]) -> HistoryLook:
    """Connect, ask, and close. Raises as `HistoryWatch.look`, UnreachableError for what may pass too."""
    values, name = context.environment.values, context.invocation.application_name
    limit = values.connect_timeout
    with connect(url, application_name=name, timeout=limit, patience=limit) as session:
        try:
            server = catalog.read_server(session, values.migrations_table)
            look = HistoryLook(Target(url.host, url.port, url.database, server.version))
            return _read_rows(session, server, look, known)
        except FailedError as error:
            if (error.sqlstate or "")[:2] not in _MAY_PASS_CLASSES:
                raise
            # No migration has failed: the class of the error would say so.
            raise UnreachableError(error.message, kind="other", sqlstate=error.sqlstate) from None


def _read_rows(
    session: Session, server: catalog.Server, look: HistoryLook, known: Collection[str]
) -> HistoryLook:
    table = server.history
    if not table.exists:
        return replace(look, absent=_describe_absence(session, server))
    error = objection_to_table(table, reads_only=True)
    if isinstance(error, PreflightError):
        return replace(look, error=error)
    if error is not None:
        raise error
    try:
        applied = catalog.applied_versions(session, server)
    except FailedError as failed:
        if failed.sqlstate in _NO_TABLE:
            return replace(look, absent=_absent(table))
        if failed.sqlstate != _NO_PRIVILEGE:
            raise
        return replace(look, error=unreadable_error(table, reads_only=True))
    if error := objection_to_rows(table, applied, known):
        raise error
    return replace(look, applied=applied)


def _describe_absence(session: Session, server: catalog.Server) -> str:
    """Return that there is no table, and which others may be meant: this role's search_path is its own."""
    alike = [name for name in catalog.tables_like_history(session, server) if "." in name]
    absent = _absent(server.history)
    if not alike:
        return absent
    return f"{absent}, but {alike[0]} looks like it: if that one is meant, set migrations_table to it"


def _absent(table: HistoryTable) -> str:
    return f"there is no table {table.name} yet"
