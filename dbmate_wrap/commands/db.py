"""The embedded development database: start, stop, url, psql, reset."""

import secrets
from collections.abc import Sequence

from dbmate_wrap.cluster import loopback, server
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import UrlResult
from dbmate_wrap.errors import RefusedError, UsageError, WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.settings.environment import EMBEDDED
from dbmate_wrap.workspace import database, guard
from dbmate_wrap.workspace.client_programs import run_psql
from dbmate_wrap.workspace.context import Context


def start(context: Context, outcome: Outcome) -> None:
    """Start the server and create the environment's database."""
    url(context, outcome)
    outcome.summary = f"running: {outcome.summary}"


def stop(context: Context, outcome: Outcome) -> None:
    """Stop the server; stopping one that does not run is no error."""
    _require_embedded_name(context)
    stopped = server.stop(context.embedded_home)
    outcome.summary = "stopped" if stopped else "it was not running"


def url(context: Context, outcome: Outcome, *, tcp: bool = False) -> None:
    """Report the URL for psql and applications; starts the server for it.

    With `tcp` it is one for clients that know no sockets, on a loopback port and with a password, which
    stands in this result and nowhere else.
    """
    ready = _ready(context)
    shown = _tcp_url(context) if tcp else ready.public()
    outcome.result = UrlResult(shown)
    outcome.summary = shown


def psql(context: Context, outcome: Outcome, arguments: Sequence[str]) -> None:
    """Run psql on the environment's database and our terminal. Raises FailedError with psql's exit code."""
    ready = _ready(context)
    run_psql(context, ready, arguments, read_only=False)


def reset(context: Context, outcome: Outcome, *, yes: bool) -> None:
    """Drop the environment's embedded database; the next `up` builds it again. Asks, since data is lost."""
    _require_embedded(context)
    name = context.environment.name
    what = "destroy the embedded database and its data"
    if not guard.ask_person(context.environment, context.console, what) and not yes:
        question = f"This destroys the embedded database {name} and its data. Type its name: "
        answer = context.console.ask(question)
        if answer is None or answer.strip() != name:
            raise RefusedError(f"not confirmed: the database {name} is still there", hint="add --yes")
    if server.state(context.embedded_home).data is None:
        outcome.summary = "there is no embedded database"
        return
    try:
        target = database.start_embedded(context)
    except WrapError as error:
        # Data of another major version, or damaged: there is nothing that could be dropped singly.
        server.destroy(context.embedded_home)
        outcome.summary = f"removed all embedded databases, since the server did not start: {error.message}"
        return
    application, timeout = context.invocation.application_name, context.environment.values.connect_timeout
    opening = catalog.connect_for_maintenance(target, application_name=application, timeout=timeout)
    with opening as maintenance:
        catalog.drop_database(maintenance, target.database)
    outcome.summary = f"dropped {name}: `dbmate-wrap up -e {name}` builds it again"


def _ready(context: Context) -> DatabaseUrl:
    _require_embedded(context)
    ready = database.start_embedded(context)
    with database.open_session(context, ready, create=True):
        return ready


def _tcp_url(context: Context) -> str:
    """Let the server listen on the loopback address, which ends its sessions once, and return the URL."""
    home = context.embedded_home
    access = loopback.make_loopback(home)
    endpoint = database.start_embedded_server(context)
    if not endpoint.listens:
        context.console.say("restarting the embedded PostgreSQL: from now on it listens on 127.0.0.1 too")
        server.stop(home)
        endpoint = database.start_embedded_server(context)
    target, timeout = endpoint.url("postgres"), context.environment.values.connect_timeout
    name = context.invocation.application_name
    with catalog.connect_for_maintenance(target, application_name=name, timeout=timeout) as maintenance:
        verifier = loopback.verifier(access.password, secrets.token_bytes(16))
        catalog.set_password(maintenance, endpoint.user, verifier)
    return access.url(endpoint.user, endpoint.port, context.environment.name)


def _require_embedded(context: Context) -> None:
    _require_embedded_name(context)
    source = context.environment.url_source()
    if source is not None:
        message = f"{context.environment.name} is not embedded: its URL comes from {source}"
        hint = "these commands are for environments without a URL (dev and test)"
        raise UsageError(message, hint=hint)


def _require_embedded_name(context: Context) -> None:
    name = context.environment.name
    if name not in EMBEDDED:
        hint = "these commands are for dev and test: leave --env out, or write --env test"
        raise UsageError(f"{name} is never embedded: it is reached by its URL", hint=hint)
