"""The programs and connections of a replay, made from an environment's settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.dbmate.client import Dbmate
from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.postgres import schema
from dbmate_wrap.postgres.catalog import read_server
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.session import connect as open_connection
from dbmate_wrap.workspace import dbmate, schema_file, shadow_server
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.shadow_server import ShadowChoice


@dataclass(frozen=True)
class ReplaySetup:
    """The means of a replay; nothing is looked for or started before a callable is called.

    `choose_server` raises ConfigError. `start_dbmate` begins to verify the binary and returns what binds it
    to a database over a session there, which raises BinaryError. `find_pg_dump` takes the server's major, and
    its URL where that is known. `dump` returns pg_dump's text. `cache_dir` is the folder of cached dumps.
    """

    choose_server: Callable[[], ShadowChoice]
    start_dbmate: Callable[[], Callable[[DatabaseUrl, Session], Dbmate]]
    find_pg_dump: Callable[[int, DatabaseUrl | None], PgDump]
    connect: Callable[[DatabaseUrl], Session]
    dump: Callable[[PgDump, DatabaseUrl], str]
    cache_dir: Path


def replay_setup(context: Context) -> ReplaySetup:
    """Return the means of a replay for this environment."""
    timeout = context.environment.values.connect_timeout
    name = context.invocation.application_name

    def start_dbmate() -> Callable[[DatabaseUrl, Session], Dbmate]:
        binary = dbmate.start_verification(context)
        table = context.environment.values.migrations_table

        def bind(url: DatabaseUrl, session: Session) -> Dbmate:
            return dbmate.bind(context, binary(), url, session, read_server(session, table).history)

        return bind

    return ReplaySetup(
        choose_server=lambda: shadow_server.choose_server(context),
        start_dbmate=start_dbmate,
        find_pg_dump=lambda major, url: schema.find_pg_dump(
            schema_file.pg_dump_candidates(context, url), major
        ),
        connect=lambda url: open_connection(url, application_name=name, timeout=timeout),
        dump=lambda program, url: schema.dump(program, url, context.secrets.redactor),
        cache_dir=shadow_server.shadow_dir(context) / "dumps",
    )
