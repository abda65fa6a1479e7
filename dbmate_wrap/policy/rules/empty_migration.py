"""Rule empty-migration: there is a statement after every `-- migrate:up`."""

from collections.abc import Iterator

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import has_statement


def find(migration: ParsedMigration, path: str) -> Iterator[Finding]:
    """One finding for each section without one; `path` is the file's as it is shown to people."""
    for section in migration.sections:
        if not has_statement(section.up.sql):
            message = f"{migration.file.name} has no statement after `-- migrate:up`"
            hint = "write the statements, or remove the file before it is applied anywhere"
            yield Finding("empty-migration", "error", path, section.up.line, 1, message, hint)
