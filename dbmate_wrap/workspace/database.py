"""From an environment to its open database, the embedded server started where that is meant."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.identifier import quoted
from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.errors import FailedError, PreflightError, UnreachableError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.session import connect as open_connection
from dbmate_wrap.settings import Environment, ResolvedUrl
from dbmate_wrap.settings.names import url_variable
from dbmate_wrap.workspace import local_folder
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.tls import with_tls

if TYPE_CHECKING:
    from dbmate_wrap.cluster.binaries import Binaries
    from dbmate_wrap.cluster.server import Endpoint

# Failures that may pass while a server starts.
MAY_PASS = frozenset({"refused", "dns", "timeout", "starting", "slots", "other"})
_POLL_SECONDS = 0.25
_T = TypeVar("_T")
_NO_SUCH_ROLE = "22023"  # As SET ROLE says it.


@dataclass(frozen=True)
class Database:
    """An open database: its URL, our session on it, and the facts of its server, which are read once."""

    url: DatabaseUrl
    session: Session
    server: Server
    _open: Callable[[DatabaseUrl, float | None], Session] = field(repr=False)
    # The URL that the source gives now, by the one that was refused.
    _find_url: Callable[[DatabaseUrl], DatabaseUrl | None] = field(repr=False)

    @property
    def target(self) -> Target:
        """The database as the result names it."""
        return Target(self.url.host, self.url.port, self.url.database, self.server.version)

    def look_again(self) -> "Database":
        """The same, with the history table as it is now: dbmate creates it with its first run."""
        return replace(self, server=catalog.read_server(self.session, self.server.history.setting))

    @contextmanager
    def open_again(self, *, wait: float | None = None) -> "Iterator[Database]":
        """The database over another session, where ours may be amid an answer. Raises UnreachableError."""
        db, session = self.with_current_password(lambda url: self._open(url, wait))
        with session:
            yield replace(db, session=session).look_again()

    def with_current_password(self, connect: Callable[[DatabaseUrl], _T]) -> "tuple[Database, _T]":
        """Return what `connect` makes of the URL, asked for again where its password is refused.

        A password may live for minutes, and a run be longer. Raises UnreachableError.
        """
        try:
            return self, connect(self.url)
        except UnreachableError as error:
            renewed = self.renewed() if error.kind == "password" else None
            if renewed is None:
                raise
            return renewed, connect(renewed.url)

    def renewed(self) -> "Database | None":
        """The same with the URL that its source gives now; None where that is the same."""
        url = self._find_url(self.url)
        return replace(self, url=url) if url is not None and url != self.url else None


@contextmanager
def open_database(
    context: Context, *, wait: float | None = None, create: bool = False, url: DatabaseUrl | None = None
) -> Iterator[Database]:
    """The environment's database; a missing one is created where `create`, a server awaited `wait` seconds.

    `url` is given where it is known already. Raises ConfigError, UnreachableError.
    """
    url = url or resolve_url(context)
    with open_session(context, url, wait=wait, create=create) as session:
        yield read_database(context, url, session)


@contextmanager
def open_database_if_present(
    context: Context, *, wait: float | None = None, url: DatabaseUrl | None = None
) -> Iterator[Database | None]:
    """As `open_database`, but None, which is said, where `up` would create the database first."""
    url = url or resolve_url(context)
    try:
        session = open_session(context, url, wait=wait)
    except UnreachableError as error:
        if error.kind != "database_missing" or not context.environment.values.create_database:
            raise
        context.console.say(f"the database {url.database} does not exist yet: `dbmate-wrap up` creates it")
        yield None
        return
    with session:
        yield read_database(context, url, session)


def read_database(context: Context, url: DatabaseUrl, session: Session) -> Database:
    """The database behind an open session."""
    server = catalog.read_server(session, context.environment.values.migrations_table)

    def find_url(refused: DatabaseUrl) -> DatabaseUrl | None:
        resolved = context.environment.resolve_url(refused)
        return accept_url(context, resolved) if resolved is not None else None

    return Database(url, session, server, lambda url, wait: open_session(context, url, wait=wait), find_url)


def resolve_url(context: Context) -> DatabaseUrl:
    """The environment's URL; starts the embedded server where that is meant. Raises ConfigError."""
    resolved = context.environment.resolve_url()
    return accept_url(context, resolved) if resolved is not None else start_embedded(context)


def accept_url(context: Context, resolved: ResolvedUrl) -> DatabaseUrl:
    """The URL as this run uses it; from here on its password is masked everywhere.

    Raises PreflightError where TLS is required and the URL turns it off.
    """
    url, console = resolved.url, context.console
    context.secrets.learn(url.password, (url.user, url.host, url.database, context.environment.name))
    console.detail(f"URL from {resolved.source}: {url.public()}")
    for warning in resolved.warnings:
        console.say(f"warning: {warning.source}: {warning.message}")
    return with_tls(context.environment, url)


def start_embedded(context: Context) -> DatabaseUrl:
    """Start the embedded server, if it does not run yet, and return the URL of the environment's database."""
    target, endpoint = context.environment.target, start_embedded_server(context)
    return endpoint.url(target.database if target is not None else context.environment.name)


def start_embedded_server(context: Context) -> "Endpoint":
    """Start the embedded server, if it does not run yet; by TCP too, where `db url --tcp` was called once."""
    from dbmate_wrap.cluster import paths, server

    found = find_embedded(context)
    home, console = context.embedded_home, context.console
    if server.state(home).data is None:
        console.say(
            f"creating the embedded PostgreSQL {found.major} in {home.relative_to(context.project.root)}"
        )
    local_folder.create_local_folder(context.project.root)
    settings = None
    if paths.loopback_file(home).exists():
        from dbmate_wrap.cluster.loopback import make_loopback

        settings = make_loopback(home).settings()
    endpoint = server.start(home, found, settings=settings)
    if endpoint.started:
        console.say(f"started the embedded PostgreSQL {found.major} (dbmate-wrap db stop ends it)")
    return endpoint


def find_embedded(context: Context) -> "Binaries":
    """Return the programs of the embedded server. Raises ConfigError where they are not installed."""
    from dbmate_wrap.cluster import binaries

    return binaries.embedded(
        f"{context.environment.name} has no database URL",
        lambda: f"or set {url_variable(context.environment.name)}: see `dbmate-wrap explain settings`",
    )


def open_session(
    context: Context, url: DatabaseUrl, *, wait: float | None = None, create: bool = False
) -> Session:
    """A session on `url`, retried for `wait` seconds; a missing database is created where `create`.

    Raises UnreachableError.
    """
    timeout, name = context.environment.values.connect_timeout, context.invocation.application_name

    def attempt() -> Session:
        # It idles for as long as a migration runs.
        session = open_connection(url, application_name=name, timeout=timeout, keepalives=True)
        if (role := context.environment.values.role) is not None:
            _set_role(session, role, url.user)
        return session

    try:
        return _retry(attempt, context, wait)
    except UnreachableError as error:
        told = error.but(message=f"{describe_origin(context.environment)}: {error.message}")
        if not create or error.kind not in ("database_missing", "other"):
            raise told from None
        if not _create(context, url, missing=error.kind == "database_missing"):
            raise told from None
    return attempt()


def describe_origin(environment: Environment) -> str:
    """Return the environment and where its URL is from, for an error: a wrong one is found there."""
    source = environment.url_source()
    return f"{environment.name}, {f'URL from {source}' if source else 'embedded server'}"


def _set_role(session: Session, role: str, user: str) -> None:
    try:
        session.rows(f"set role {quoted(role)}")
    except FailedError as error:
        session.close()
        grant = f"grant {quoted(role)} to {quoted(user)}"
        run = f"create role {quoted(role)}; {grant}" if error.sqlstate == _NO_SUCH_ROLE else grant
        raise PreflightError(
            f"{user} cannot become the role {role}, which the settings want: {error.message}",
            hint=f"have a superuser run: {run}; or correct the setting role",
            sqlstate=error.sqlstate,
        ) from None


def _retry(attempt: Callable[[], Session], context: Context, wait: float | None) -> Session:
    deadline = time.monotonic() + (wait or 0.0)
    reported = False
    while True:
        try:
            return attempt()
        except UnreachableError as error:
            if error.kind not in MAY_PASS or time.monotonic() >= deadline:
                raise
            if not reported:
                context.console.say(f"waiting for the server: {error.message}")
                reported = True
        time.sleep(_POLL_SECONDS)


def _create(context: Context, url: DatabaseUrl, *, missing: bool) -> bool:
    timeout, name = context.environment.values.connect_timeout, context.invocation.application_name
    with catalog.connect_for_maintenance(url, application_name=name, timeout=timeout) as maintenance:
        if catalog.database_exists(maintenance, url.database):
            # Another run may have been faster; creating it cures no other failure.
            return missing
        if catalog.create_database(maintenance, url.database):
            context.console.say(f"created the database {url.database}")
    return True
