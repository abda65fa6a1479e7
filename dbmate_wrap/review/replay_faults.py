"""Findings of a replay: what does not undo, changes nothing, or is not what the schema file says."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dbmate_wrap import sql
from dbmate_wrap.domain.count import join_names
from dbmate_wrap.domain.finding import Finding, Severity
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.domain.schema_diff import Difference, compare_dumps, first_difference
from dbmate_wrap.domain.schema_text import schema_text
from dbmate_wrap.errors import FailedError
from dbmate_wrap.review.schema_file import read_schema_file
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import ANOTHER_SCHEMA, DownFault
from dbmate_wrap.shadow.scratch import ReplayTools, compare_reloaded, reload_dump

_NO_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_VERSION = re.compile(r"'([^']*)'")
# Lines that only psql understands, and one that a server older than the pg_dump refuses.
_FOR_PSQL = re.compile(r"(?m)^(?:\\(?:un)?restrict .*|SET transaction_timeout = 0;)$")
_UNDO = (
    "undo there all that migrate:up does; or leave only a comment there that says why nothing can be undone"
)
_LOOK = (
    "what it makes is there already, perhaps with other columns or another body, which IF NOT EXISTS hides:"
    " change that instead, or remove the migration"
)
_WRITE_AGAIN = "write it again and commit it: dbmate-wrap up && dbmate-wrap dump"
_LIMIT_OF_PG_DUMP = (
    "it is a limit of pg_dump, which empties search_path: where nothing names the schema of an operator (IS"
    " DISTINCT FROM, IN, CASE), use another expression; or leave it: the file serves to be read and compared"
)
_NOT_MADE = "is not what the migrations make"
_OTHER_VERSIONS = re.compile("; (?:does not record|records) ")
_FIXED_NAMES = (
    "no schema file can be right for long then, so this changes nothing: let migrations make what has fixed"
    " names, and a job of the application (or pg_partman) the rest"
)
_MOST_CAUSES = 5


def down_incomplete(fault: DownFault, folder: str) -> Finding:
    """Return the finding for a fault of a migrate:down; `folder` is the migrations' as people see it."""
    file = f"{folder}/{fault.file}"
    severity: Severity = "notice" if fault.is_layout else "warning"
    return Finding("down-incomplete", severity, file, fault.line, fault.column or 1, fault.message, _UNDO)


def no_effect(migration: ParsedMigration, folder: str) -> Finding:
    """Return the finding for a migration that was to make something, and has changed nothing."""
    place = (f"{folder}/{migration.file.name}", migration.sections[0].up.line, 1)
    message = "changes nothing: after it the schema and its rights are what they were before"
    return Finding("no-effect", "warning", *place, message, _LOOK)


def explain_varying(
    findings: Sequence[Finding], migrations: Sequence[ParsedMigration]
) -> tuple[Finding, ...]:
    """Return the findings, with one notice for all that say only that two replays make two schemas.

    Such a migration depends on the clock, the database's name or random values: nothing can be written again.
    """
    suspects = [finding for finding in findings if _differs_each_time(finding)]
    if not suspects or not sql.is_available():
        return tuple(findings)
    from dbmate_wrap.sql.varying import find_varying

    causes = find_varying(migrations)
    explained = [
        finding
        for finding in suspects
        if causes and (finding.rule == "stale-schema-file" or Path(finding.file or "").name in causes)
    ]
    if not explained:
        return tuple(findings)
    words = "; ".join(f"{name} depends on {cause}" for name, cause in list(causes.items())[:_MOST_CAUSES])
    last = explained[-1]
    message = f"{last.message}. It is another schema each time: {words}"
    notice = replace(last, severity="notice", message=message, hint=_FIXED_NAMES)
    return (*(finding for finding in findings if finding not in explained), notice)


def _differs_each_time(finding: Finding) -> bool:
    if finding.rule == "stale-schema-file":
        return finding.message.startswith(_NOT_MADE) and not _OTHER_VERSIONS.search(finding.message)
    return finding.message.startswith(ANOTHER_SCHEMA)


def stale_schema_file(path: Path, name: str, dump: SchemaDump, tools: ReplayTools) -> Finding | None:
    """Return the finding for a schema file that differs from `dump`; None without such a file.

    Another pg_dump may have written it, or one of a server of another major: so it is loaded and dumped.
    """
    found, expected = read_schema_file(path), schema_text(dump.schema, dump.history)
    if found is None or found == expected:
        return None
    try:
        loaded = reload_dump(tools, _FOR_PSQL.sub("", found))
    except FailedError as error:
        if describe_load_failure(error.message) and not _can_be_loaded(tools, expected):
            return _unloadable(name, found, dump, error, first_difference(found, expected))
        message = describe_load_failure(error.message)
    else:
        difference = compare_dumps(dump.schema, loaded.schema)
        if difference:
            reloaded = compare_reloaded(tools, dump.schema, loaded.schema)
            difference = difference if reloaded is None else reloaded
        message = describe_stale_schema(dump, loaded, difference)
    if not message:
        return None
    line = first_difference(found, expected)
    return Finding("stale-schema-file", "warning", name, line, 1, message, _WRITE_AGAIN)


def _can_be_loaded(tools: ReplayTools, text: str) -> bool:
    try:
        reload_dump(tools, _FOR_PSQL.sub("", text))
    except FailedError:
        return False
    return True


def _unloadable(name: str, found: str, dump: SchemaDump, error: FailedError, line: int) -> Finding:
    """Return the finding for a schema file of which no dump can be loaded: objects are compared by name."""
    _, insert, records = found.rpartition("\nINSERT INTO ")
    loaded = SchemaDump(found, records if insert else "")
    # Another pg_dump may write what is there in other words.
    difference = replace(compare_dumps(dump.schema, found), changed=(), reordered=())
    message = f"{describe_load_failure(error.message)}; nor can what pg_dump writes of the migrations"
    if stale := describe_stale_schema(dump, loaded, difference):
        return Finding("stale-schema-file", "warning", name, line, 1, f"{message}; it {stale}", _WRITE_AGAIN)
    return Finding("stale-schema-file", "notice", name, line, 1, message, _LIMIT_OF_PG_DUMP)


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
        parts.append(f"{_NOT_MADE}: {named}")
    made, recorded = set(_VERSION.findall(expected.history)), set(_VERSION.findall(found.history))
    if made - recorded:
        parts.append(f"does not record {join_names(sorted(made - recorded))}")
    if recorded - made:
        parts.append(f"records {join_names(sorted(recorded - made))}, for which there is no migration")
    return "; ".join(parts)
