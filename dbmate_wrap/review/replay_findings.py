"""What a replay finds: ways down that do not undo, and a schema file that is not what the migrations make."""

import re

from dbmate_wrap.workspace.schema_file import schema_text
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.schema_diff import compare, first_difference
from dbmate_wrap.errors import FailedError
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import DownFault
from dbmate_wrap.shadow.scratch import ReplayTools, compare_reloaded, reload
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.project_files import display_path

_VERSION = re.compile(r"'([^']*)'")
# What only psql understands, and what a server older than the pg_dump refuses.
_FOR_PSQL = re.compile(r"(?m)^(?:\\(?:un)?restrict .*|SET transaction_timeout = 0;)$")
_NO_ROLE = re.compile(r'role "[^"]+" does not exist')
_UNDO = "undo there all that the way up does; or leave only a comment there that says why nothing can"


def down_incomplete(context: Context, fault: DownFault) -> Finding:
    """The finding for a way down."""
    file = f"{display_path(context, context.environment.values.migrations_dir)}/{fault.file}"
    return Finding("down-incomplete", "warning", file, fault.line, fault.column or 1, fault.message, _UNDO)


def schema_file(context: Context) -> str | None:
    """The schema file's text, None where there is none."""
    path = context.environment.values.schema_file
    try:
        # A checkout may have changed the ends of its lines.
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return None


def stale_schema_file(context: Context, bench: ReplayTools, picture: SchemaDump) -> Finding | None:
    """The finding for a schema file that does not hold what the replay made; None without such a file."""
    expected, found = schema_text(picture.schema, picture.history), schema_file(context)
    if found is None or found == expected:
        return None
    message = _departure(bench, picture, found)
    if not message:
        return None
    file = display_path(context, context.environment.values.schema_file)
    hint = "write it anew and commit it: dbmate-wrap up && dbmate-wrap dump"
    return Finding("stale-schema-file", "warning", file, first_difference(found, expected), 1, message, hint)


def _departure(bench: ReplayTools, picture: SchemaDump, text: str) -> str:
    """How the schema file's text departs from what the migrations make; "" where only its wording does.

    Another pg_dump may have written it, or one of a server of another major: so it is loaded and dumped.
    """
    try:
        loaded = reload(bench, _FOR_PSQL.sub("", text))
    except FailedError as error:
        if _NO_ROLE.search(error.message):
            return ""  # Roles are in no dump, and those of migrations that are at fault are gone by now.
        return f"cannot be loaded into an empty database: {error.message.removeprefix('the database said: ')}"
    parts = []
    differs = compare(picture.schema, loaded.schema)
    if differs:
        again = compare_reloaded(bench, picture.schema, loaded.schema)
        differs = differs if again is None else again
    if differs:
        told = differs.told(extra="it has beyond that", missing="it lacks", changed="it has differently")
        parts.append(f"is not what the migrations make: {told}")
    ours, theirs = set(_VERSION.findall(picture.history)), set(_VERSION.findall(loaded.history))
    if ours - theirs:
        parts.append(f"does not record {_listed(ours - theirs)}")
    if theirs - ours:
        parts.append(f"records {_listed(theirs - ours)}, for which there is no migration")
    return "; ".join(parts)


def _listed(versions: set[str]) -> str:
    first = sorted(versions)[:5]
    return ", ".join(first) + (f" and {len(versions) - 5} more" if len(versions) > 5 else "")
