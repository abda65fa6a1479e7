"""Projects on disk, and the text of their migrations."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path


def migration(up: str, down: str = "", *, options: str = "") -> str:
    """The text of a well-formed migration."""
    head = f"-- migrate:up {options}".rstrip()
    return f"{head}\n{up}\n\n-- migrate:down\n{down}\n"


TWO_TABLES = {
    "001_init.sql": migration("create table public.a (i int);", "drop table public.a;"),
    "002_b.sql": migration("create table public.b (i int);", "drop table public.b;"),
}


@dataclass(frozen=True)
class ProjectFolder:
    """A project on disk."""

    root: Path

    @property
    def migrations(self) -> Path:
        return self.root / "db" / "migrations"

    @property
    def lockfile(self) -> Path:
        return self.root / "db" / "migrations.lock"

    def add(self, name: str, content: str | bytes) -> Path:
        """Write one migration, byte for byte."""
        path = self.migrations / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def seal(self) -> None:
        """Write the lockfile for what lies in the folder now."""
        lines = ["# made by the tests"]
        for path in sorted(self.migrations.iterdir()):
            lines.append(f"{path.name} sha256:{sha256(path.read_bytes()).hexdigest()}")
        self.lockfile.write_text("\n".join(lines) + "\n")


# `project({"001_a.sql": migration("...")}, sealed=True, toml="...")`: the fixture of this name.
MakeProject = Callable[..., ProjectFolder]
