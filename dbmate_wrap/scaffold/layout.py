"""Where the files of a project lie, and what has to be known of it to write a scaffold."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Layout:
    """The paths of a project, from its folder, with slashes."""

    migrations_dir: str = "db/migrations"
    lockfile: str = "db/migrations.lock"
    schema_file: str = "db/schema.sql"

    @property
    def readme(self) -> str:
        """The page about the migrations: beside the lockfile, but never the README of the whole project."""
        folder = posixpath.dirname(self.lockfile) or self.migrations_dir
        return f"{folder}/README.md"

    @property
    def watched(self) -> tuple[str, ...]:
        """What a check depends on: folders, which end with a slash, and files that lie in none of them."""
        folder = posixpath.dirname(self.lockfile)
        inside = bool(folder) and self.migrations_dir.startswith(f"{folder}/")
        folders = [f"{folder if inside else self.migrations_dir}/"]
        files = [each for each in (self.lockfile, self.schema_file) if not each.startswith(folders[0])]
        return (*folders, *files)


@dataclass(frozen=True)
class Scaffold:
    """What is to be set up.

    `settings` are to be written into the TOML file; `is_configured`: one has our table already. `names` are
    in the migrations folder now. `where` is the project's folder in its repository, "" for the top. `hosts`
    are those of the repository's remotes, `version` is that of the tool.
    """

    layout: Layout
    settings: Mapping[str, str] = field(default_factory=dict)
    is_configured: bool = False
    names: tuple[str, ...] = ()
    where: str = ""
    hosts: frozenset[str] = frozenset()
    version: str = ""

    def is_named_in(self, text: str) -> bool:
        """Return True where a file of the repository runs the tool for this project."""
        return "dbmate-wrap" in text and self.where in text
