"""Where commands are typed: projects, a database as staging, and a shell."""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.projects import MakeProject, ProjectFolder
from tests.support.repository_clones import cloned, git
from tests.support.servers import Database, Server
from tests.support.typed_shell import TypedShell, typed_command

# Who commits, and no editor that waits.
GIT: Mapping[str, str] = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_EDITOR": "true",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tests"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tests@example.org"),
}


@dataclass(frozen=True)
class Stage:
    """Projects, an empty database that is staging, and the folder of `dbmate-wrap`."""

    project: MakeProject
    database: Database
    server: Server
    folder: Path
    env: Mapping[str, str]

    def shell(self, root: Path, *, answer: str | None = None, **env: str) -> TypedShell:
        programs = [self.folder, self.server.bin_dir]
        if any(name.endswith("_DATABASE_URL") for name in env):  # No two environments have one database.
            env = {"STAGING_DATABASE_URL": "", **env}
        return TypedShell(root, {**self.env, **env}, programs, answer)

    @property
    def url(self) -> str:
        return shlex.quote(self.database.url)

    def type(self, shell: TypedShell, command: str, code: int = 0) -> str:
        """What a command shows that ends with `code`."""
        [said] = shell.type([command])
        assert said.code == code, said
        return said.output

    def repository(self, folder: ProjectFolder) -> ProjectFolder:
        """A clone of the project, which has its main branch as `origin/main`."""
        git(folder.root, "init", "--quiet", "--initial-branch", "main")
        (folder.root / ".gitignore").write_text(".dbmate-wrap/\n.venv/\n")
        git(folder.root, "add", "--all", ".")
        git(folder.root, "commit", "--quiet", "--message", "what is merged")
        return cloned(folder)


@contextmanager
def open_stage(
    project: MakeProject, database: Database, folder: Path, environment: Mapping[str, str]
) -> Iterator[Stage]:
    """Yield a stage whose replays use the server of the database."""
    env = {
        **environment,
        "STAGING_DATABASE_URL": database.url,
        "DBMATE_WRAP_SHADOW": "url",
        "DBMATE_WRAP_SHADOW_URL": database.server.url(),
    }
    with typed_command(folder):
        yield Stage(project, database, database.server, folder, env)
