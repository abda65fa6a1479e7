"""A fleet of small databases, and what must be true of it after any engine has run its shards."""

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.cli import applied
from tests.support.projects import ProjectFolder
from tests.support.scenarios import ledger
from tests.support.servers import Database

# The name that the files of docs/fleet use.
FLEET = "tenants"
VERSIONS = ["001", "002"]


@dataclass(frozen=True)
class Fleet:
    """A project with the fleet `tenants`, its databases, and the environment in which a person would type.

    The first database is a canary.
    """

    project: ProjectFolder
    databases: Sequence[Database]
    url: str
    environment: Mapping[str, str]

    @property
    def folder(self) -> Path:
        return self.project.root

    def run(
        self, *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """What a program says that runs in the project's folder."""
        return subprocess.run(
            [str(each) for each in command],
            cwd=cwd or self.folder,
            env={**self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def state(self) -> list[list[str]]:
        """The versions that each database has."""
        return [applied(each) for each in self.databases]

    def assert_migrated(self) -> None:
        """Each database has each migration, and each was applied once."""
        assert self.state() == [VERSIONS] * len(self.databases)
        for database in self.databases:
            written = Counter((version, how) for version, how, _ in ledger(database))
            assert written == Counter((version, "applied") for version in VERSIONS), database


def with_programs(folder: Path, programs: Mapping[str, str], path: str) -> str:
    """A PATH on which these shell scripts come first."""
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return os.pathsep.join([str(folder), path])
