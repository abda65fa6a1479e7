"""Sessions of ours: on a database of the tests, and without a server."""

from dataclasses import replace

from dbmate_wrap.domain.database_url import parse
from dbmate_wrap.postgres.session import Cell, Session, connect
from tests.support.servers import Database


def open_session(database: Database, role: str | None = None, name: str = "tests") -> Session:
    """A session as `role`, or else as the superuser."""
    url = replace(parse(database.server.url(), os_user=""), database=database.name)
    return connect(replace(url, user=role or url.user), application_name=name, timeout=10)


class EmptySession(Session):
    """Answers every query with nothing."""

    def __init__(self) -> None:
        self.closed = False

    def rows(self, query: str, parameters: object = None) -> list[tuple[Cell, ...]]:
        return []

    def close(self) -> None:
        self.closed = True
