"""Findings of a replay: a migrate:down that does not undo, and a schema file that is out of date."""

import re
from collections.abc import Collection
from pathlib import Path

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps, first_difference
from dbmate_wrap.errors import FailedError
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import DownFault
from dbmate_wrap.shadow.scratch import ReplayTools, compare_reloaded, reload_dump
from dbmate_wrap.workspace.schema_file import schema_text

_VERSION = re.compile(r"'([^']*)'")
# Lines that only psql understands, and one that a server older than the pg_dump refuses.
_FOR_PSQL = re.compile(r"(?m)^(?:\\(?:un)?restrict .*|SET transaction_timeout = 0;)$")
_NO_ROLE = re.compile(r'role "[^"]+" does not exist')
_UNDO = (
    "undo there all that migrate:up does; or leave only a comment there that says why nothing can be undone"
)
_WRITE_ANEW = "write it anew and commit it: dbmate-wrap up && dbmate-wrap dump"
_MOST_VERSIONS = 5


def down_incomplete(fault: DownFault, folder: str) -> Finding:
    """Return the finding for a fault of a migrate:down; `folder` is the migrations' as people see it."""
    file = f"{folder}/{fault.file}"
    return Finding("down-incomplete", "warning", file, fault.line, fault.column or 1, fault.message, _UNDO)


def read_schema_file(path: Path) -> str | None:
    """Return the schema file's text; None where there is none."""
    try:
        # A checkout may have changed the line endings.
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return None


def is_up_to_date(found: str | None, dump: SchemaDump) -> bool:
    """Return whether the schema file's text is that of the dump; a project without the file needs none."""
    return found is None or found == schema_text(dump.schema, dump.history)


def stale_schema_file(path: Path, name: str, dump: SchemaDump, tools: ReplayTools) -> Finding | None:
    """Return the finding for a schema file that differs from `dump`; None without such a file.

    Another pg_dump may have written it, or one of a server of another major: so it is loaded and dumped.
    """
    found = read_schema_file(path)
    if found is None or is_up_to_date(found, dump):
        return None
    try:
        loaded = reload_dump(tools, _FOR_PSQL.sub("", found))
    except FailedError as error:
        message = describe_load_failure(error.message)
    else:
        difference = compare_dumps(dump.schema, loaded.schema)
        if difference:
            reloaded = compare_reloaded(tools, dump.schema, loaded.schema)
            difference = difference if reloaded is None else reloaded
        message = describe_stale_schema(dump, loaded, difference)
    if not message:
        return None
    line = first_difference(found, schema_text(dump.schema, dump.history))
    return Finding("stale-schema-file", "warning", name, line, 1, message, _WRITE_ANEW)


def describe_load_failure(message: str) -> str:
    """Describe why schema.sql cannot be loaded; empty for a missing role.

    Roles are in no dump, and a replay with faults has dropped those of its migrations.
    """
    if _NO_ROLE.search(message):
        return ""
    return f"cannot be loaded into an empty database: {message.removeprefix('the database said: ')}"


def describe_stale_schema(expected: SchemaDump, found: SchemaDump, difference: Difference) -> str:
    """Describe how schema.sql differs in meaning; empty if only the formatting differs."""
    parts = []
    if difference:
        named = difference.describe(
            extra="it has beyond that", missing="it lacks", changed="it has differently"
        )
        parts.append(f"is not what the migrations make: {named}")
    made, recorded = set(_VERSION.findall(expected.history)), set(_VERSION.findall(found.history))
    if made - recorded:
        parts.append(f"does not record {_join_versions(made - recorded)}")
    if recorded - made:
        parts.append(f"records {_join_versions(recorded - made)}, for which there is no migration")
    return "; ".join(parts)


def _join_versions(versions: Collection[str]) -> str:
    rest = len(versions) - _MOST_VERSIONS
    return ", ".join(sorted(versions)[:_MOST_VERSIONS]) + (f" and {rest} more" if rest > 0 else "")
