"""A fleet of small databases on one server, for each engine its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.cli import TWO
from tests.support.engines import FLEET, Fleet
from tests.support.projects import MakeProject
from tests.support.repository_clones import git
from tests.support.servers import Server


@pytest.fixture
def fleet(embedded: Server, project: MakeProject, clean_environment: dict[str, str]) -> Iterator[Fleet]:
    """Six empty databases, listed in the file fleet.csv of a project that is a repository."""
    with ExitStack() as databases:
        made = [databases.enter_context(embedded.new_database()) for _ in range(6)]
        folder = project(TWO, sealed=True, toml=f'[fleets.{FLEET}]\ntargets = "fleet.csv"\n')
        lines = [
            f"tenant-{each.name},{each.name},{'' if number else 'canary'}" for number, each in enumerate(made)
        ]
        (folder.root / "fleet.csv").write_text("\n".join(["name,database,wave", *lines]) + "\n")
        git(folder.root, "init", "--quiet", "--initial-branch", "main")
        git(folder.root, "add", "--all", ".")
        git(folder.root, "commit", "--quiet", "--message", "a fleet")
        yield Fleet(folder, made, embedded.url(), clean_environment)
