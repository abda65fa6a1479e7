"""Migrations for tests of decisions, made from their texts by the real parser."""

from dbmate_wrap.domain.migration import MigrationFile, ParsedMigration, checksum
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.workspace.project_files import ProjectFiles

FOLDER = "db/migrations"


def file_of(name: str, text: str) -> MigrationFile:
    """A file of the migrations folder."""
    content = text.encode()
    return MigrationFile(name, name.partition("_")[0], checksum(content), content)


def parsed_migration(name: str, up: str, down: str = "", *, options: str = "") -> ParsedMigration:
    """A migration with one section; `options` as in ``transaction:false``."""
    text = f"-- migrate:up {options}".rstrip() + f"\n{up}\n-- migrate:down {options}".rstrip() + f"\n{down}\n"
    found = parse_migration(file_of(name, text), text)
    assert isinstance(found, ParsedMigration)
    return found


def project_files(*migrations: ParsedMigration) -> ProjectFiles:
    """Project files with these migrations, none of them sealed."""
    return ProjectFiles(FOLDER, tuple(each.file for each in migrations), (), migrations)
