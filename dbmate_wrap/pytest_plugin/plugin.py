"""The fixtures and the option of the plugin. Nothing but pytest is imported before a fixture is used."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from dbmate_wrap.pytest_plugin.database import MigratedDatabase, MigratedDatabaseAt

if TYPE_CHECKING:
    from dbmate_wrap.pytest_plugin.client import Client

_OPTION = "dbmate_wrap_project"
_CLIENT = pytest.StashKey["Client"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of pytest's configuration file."""
    parser.addini(_OPTION, "The folder of the project that dbmate-wrap migrates, from rootdir.", default=".")


@pytest.fixture
def migrated_database(request: pytest.FixtureRequest) -> Iterator[MigratedDatabase]:
    """The URL of a new database with all migrations of the project, for this test alone."""
    client = _client(request.config)
    database = client.copy(None)
    yield database
    client.drop(database)


@pytest.fixture
def migrated_database_at(request: pytest.FixtureRequest) -> Iterator[MigratedDatabaseAt]:
    """Makes databases with the migrations up to a version: ``migrated_database_at("041")`` is a URL.

    ``.migrate("042")`` on it applies more.
    """
    client, made = _client(request.config), list[MigratedDatabase]()

    def make(version: str) -> MigratedDatabase:
        __tracebackhide__ = True
        made.append(client.copy(version))
        return made[-1]

    yield make
    for database in made:
        client.drop(database)


def _client(config: pytest.Config) -> "Client":
    """Return the connection of this process to the databases, which is closed when pytest ends."""
    if _CLIENT not in config.stash:
        from dbmate_wrap.pytest_plugin.client import Client

        # The workers of pytest-xdist have the id of their run in common, and nobody else has it.
        run = getattr(config, "workerinput", {}).get("testrunuid")
        project = config.rootpath / config.getini(_OPTION)
        config.stash[_CLIENT] = Client(project.resolve(), run)
        config.add_cleanup(config.stash[_CLIENT].close)
    return config.stash[_CLIENT]
