"""The schema file: pg_dump's text of the database, and the versions that made it."""

from pathlib import Path

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.domain.schema_text import schema_text
from dbmate_wrap.errors import WrapError
from dbmate_wrap.postgres import catalog, schema
from dbmate_wrap.workspace.client_programs import pg_dump_candidates
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.database import Database


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
    path = context.environment.values.schema_file
    changed = write_if_changed(path, read_schema(context, db))
    if changed:
        context.console.say(f"wrote {context.environment.display_path(path)}")
    return changed


def write_if_changed(path: Path, text: str) -> bool:
    """Write `path` by rename; False when it already had these bytes. Raises ConfigError."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    write_by_rename(path, content)
    return True


def read_schema(context: Context, db: Database) -> str:
    """The text of the schema file for the database as it is now."""
    program = schema.find_pg_dump(pg_dump_candidates(context, db.url), db.server.major)
    redactor, role = context.secrets.redactor, context.environment.values.role
    _, dumped = db.with_current_password(lambda url: schema.dump_schema(program, url, redactor, role=role))
    server = db.look_again().server
    return schema_text(dumped, catalog.history_literal(catalog.applied_versions(db.session, server), server))
