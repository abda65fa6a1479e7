"""Traces of single migrations on a database of the tests, without a shadow server."""

from types import SimpleNamespace
from typing import cast

from dbmate_wrap.dbmate.client import ServerOptions
from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.domain.migration import ParsedMigration
from dbmate_wrap.migrations.parse import parse_migration
from dbmate_wrap.postgres.session import Session, connect
from dbmate_wrap.shadow.scratch import ReplayTools, ScratchDatabase
from dbmate_wrap.shadow.statement_trace import MigrationTrace, trace_migration
from tests.support.cases import migration_file
from tests.support.projects import migration
from tests.support.servers import Database


def trace(database: Database, sql: str, *, transaction: bool = True) -> MigrationTrace:
    """Apply a migration with this migrate:up, and trace it."""
    url = parse(database.url, os_user="")

    def open_session() -> Session:
        return connect(url, application_name="tests", timeout=10)

    tools = SimpleNamespace(
        dbmate=lambda url: SimpleNamespace(options=ServerOptions("tests")),
        file_of=lambda migration: migration.file,
        pool=SimpleNamespace(statements={}),
        connect=lambda url: open_session(),
    )
    content = migration(sql, options="" if transaction else "transaction:false")
    parsed = parse_migration(migration_file("001_a.sql", content), content)
    assert isinstance(parsed, ParsedMigration)
    return trace_migration(ScratchDatabase(url, cast(ReplayTools, tools)), parsed)
