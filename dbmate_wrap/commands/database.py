"""The embedded development database: start, stop, url, psql, reset."""

from collections.abc import Sequence

from dbmate_wrap import process
from dbmate_wrap.cluster import binaries, server
from dbmate_wrap.commands import target
from dbmate_wrap.commands.call import Call
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import FailedError, RefusedError, UsageError, WrapError
from dbmate_wrap.postgres import catalog
from dbmate_wrap.settings.environment import EMBEDDED

_INHERITED = (
    "HOME",
    "PATH",
    "TERM",
    "LANG",
    "LC_ALL",
    "PAGER",
    "EDITOR",
    "PSQL_HISTORY",
    "PSQLRC",
    "COLUMNS",
    "LESS",
)


def start(call: Call) -> None:
    """Start the server and create the environment's database."""
    url = _ready(call)
    call.outcome.extra.url = url.public()
    call.outcome.summary = f"running: {url.public()}"


def stop(call: Call) -> None:
    """Stop the server; stopping one that does not run is no fault."""
    _demand_name(call)
    stopped = server.stop(call.embedded_home)
    call.outcome.summary = "stopped" if stopped else "it was not running"


def url(call: Call) -> None:
    """The URL for psql and applications; the server is started for it."""
    ready = _ready(call)
    call.outcome.extra.url = ready.public()
    call.outcome.summary = ready.public()


def psql(call: Call, arguments: Sequence[str]) -> None:
    """psql on the environment's database, on our terminal. Raises FailedError with psql's exit code."""
    ready = _ready(call)
    found = binaries.from_wheel()
    assert found is not None  # _ready has started the server with it
    env = process.inherited(_INHERITED) | ready.libpq_environment()
    code = process.attach([str(found.bin_dir / "psql"), *arguments], env=env)
    if code != 0:
        raise FailedError(f"psql ended with {code}")


def reset(call: Call, *, yes: bool) -> None:
    """Drop the environment's embedded database; the next `up` builds it anew. Asks, since data is lost."""
    _demand_embedded(call)
    name = call.environment.name
    if not yes:
        answer = call.ask(f"This destroys the embedded database {name} and its data. Type its name: ")
        if answer is None or answer.strip() != name:
            raise RefusedError(f"not confirmed: the database {name} is still there", hint="add --yes")
    if isinstance(server.state(call.embedded_home), server.Absent):
        call.outcome.summary = "there is no embedded database"
        return
    try:
        place = target.start_embedded(call)
    except WrapError as error:
        # Data of another major version, or damaged: there is nothing that could be dropped singly.
        server.destroy(call.embedded_home)
        call.outcome.summary = (
            f"removed all embedded databases, since the server did not start: {error.message}"
        )
        return
    timeout = call.environment.values.connect_timeout
    with catalog.connect_for_maintenance(
        place, application_name=call.application_name, timeout=timeout
    ) as maintenance:
        catalog.drop_database(maintenance, place.database)
    call.outcome.summary = f"dropped {name}: `dbmate-wrap up -e {name}` builds it anew"


def _ready(call: Call) -> DatabaseUrl:
    _demand_embedded(call)
    ready = target.start_embedded(call)
    with target.open_session(call, ready, create=True):
        return ready


def _demand_embedded(call: Call) -> None:
    _demand_name(call)
    source = call.environment.url_source()
    if source is not None:
        raise UsageError(
            f"{call.environment.name} is not embedded: its URL comes from {source}",
            hint="`dbmate-wrap db` is for environments without a URL (dev and test)",
        )


def _demand_name(call: Call) -> None:
    name = call.environment.name
    if name not in EMBEDDED:
        raise UsageError(
            f"{name} is never embedded: it is reached by its URL",
            hint="`dbmate-wrap db` is for dev and test: leave --env out, or write --env test",
        )
