"""The programs and connections of a replay, made from an environment's settings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.domain.database_url import DatabaseUrl
from dbmate_wrap.postgres import schema
from dbmate_wrap.postgres.schema import PgDump
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.postgres.session import connect as open_connection
from dbmate_wrap.workspace import shadow_server
from dbmate_wrap.workspace.client_programs import pg_dump_candidates
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.server_choice import Wanted
from dbmate_wrap.workspace.shadow_server import CHECK, Purpose, ShadowChoice

if TYPE_CHECKING:
    from dbmate_wrap.dbmate.client import Dbmate


@dataclass(frozen=True)
class ReplaySetup:
    """The means of a replay; nothing is looked for or started before a method is called.

    `superuser`: migrations are replayed by the superuser of a server of our own; `purpose`: what that is for.
    """

    _context: Context
    superuser: bool
    purpose: Purpose = CHECK

    @property
    def cache_dir(self) -> Path:
        """The folder of cached dumps."""
        return shadow_server.shadow_dir(self._context, self.purpose) / "dumps"

    def choose_server(self, wanted: Wanted = shadow_server.ANYTHING) -> ShadowChoice:
        """Return the server that the settings name, or one that has what is `wanted`.

        Raises ConfigError where there is none.
        """
        return shadow_server.choose_server(
            self._context, superuser=self.superuser, wanted=wanted, purpose=self.purpose
        )

    def start_dbmate(self) -> "Callable[[DatabaseUrl, Session], Dbmate]":
        """Begin to verify the binary; the result binds it to a database over a session there: BinaryError."""
        from dbmate_wrap.postgres.catalog import read_server
        from dbmate_wrap.workspace import dbmate

        binary = dbmate.start_verification(self._context)
        table = self._context.environment.values.migrations_table

        def bind(url: DatabaseUrl, session: Session) -> "Dbmate":
            return dbmate.bind(self._context, binary(), url, session, read_server(session, table).history)

        return bind

    def find_pg_dump(self, major: int, url: DatabaseUrl | None) -> PgDump:
        """Return the pg_dump for a server of this major; `url` is its URL where that is known."""
        return schema.find_pg_dump(pg_dump_candidates(self._context, url), major)

    def connect(self, url: DatabaseUrl) -> Session:
        """Open a session for the replay's own questions."""
        name, values = self._context.invocation.application_name, self._context.environment.values
        return open_connection(url, application_name=name, timeout=values.connect_timeout)

    def mask(self, text: str) -> str:
        """Return the text without secrets."""
        return self._context.secrets.mask(text)

    def dump(self, program: PgDump, url: DatabaseUrl, should_stop: Callable[[], bool]) -> str:
        """Return pg_dump's text. Raises FailedError where it fails, or is stopped before its end."""
        return schema.dump_schema(program, url, self._context.secrets.redactor, should_stop=should_stop)


def make_setup(context: Context, purpose: Purpose = CHECK) -> ReplaySetup:
    """Return the setup of a replay that no pull request asks for: `shadow_superuser` counts as it is."""
    environment = context.environment
    superuser = environment.values.shadow_superuser and environment.may_use("shadow_superuser")
    return ReplaySetup(context, superuser, purpose)
