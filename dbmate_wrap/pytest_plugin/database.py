"""The values of the fixtures."""

import re
from collections.abc import Callable
from typing import Protocol

_PASSWORD = re.compile(r"(?<=:)[^:@/]*(?=@)")


class MigrationFailed(Exception):
    """A migration fails on the rows of a test; `sqlstate` is the server's code for it, where it gave one."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class MigratedDatabase(str):
    """The URL of a database of this test alone, `postgresql://...`; its repr has no password.

    pytest shows the arguments of a test that fails, in that form.
    """

    _migrate: Callable[[str | None], None]

    def __new__(cls, url: str, migrate: Callable[[str | None], None]) -> "MigratedDatabase":
        made = super().__new__(cls, url)
        made._migrate = migrate
        return made

    def __repr__(self) -> str:
        """Return the URL as Python writes a text, with *** for a password."""
        return repr(_PASSWORD.sub("***", self, count=1))

    def migrate(self, to: str | None = None) -> None:
        """Apply what the database lacks of the migrations, up to the version `to`; None: all.

        Raises MigrationFailed.
        """
        __tracebackhide__ = True
        self._migrate(to)


class MigratedDatabaseAt(Protocol):
    """Makes databases, each with the migrations up to a version: ``migrated_database_at("041")``."""

    def __call__(self, version: str) -> MigratedDatabase:
        """Return a new database; it is dropped at the end of the test."""
