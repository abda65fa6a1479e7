"""Repositories of projects, and clones of them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.projects import ProjectFolder


def git(folder: Path, *args: str) -> str:
    """Run git as somebody, apart from the configuration of whoever runs the tests."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tests"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tests@example.org"),
    }
    done = subprocess.run(["git", *args], cwd=folder, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def commit(folder: ProjectFolder, files: Mapping[str, str], *, seal: bool = True) -> None:
    """Commit all of the project, with these migrations."""
    for name, content in files.items():
        folder.add(name, content)
    if seal:
        folder.seal()
    git(folder.root, "add", "--all", ".")
    git(folder.root, "commit", "--quiet", "--message", "a change")


def cloned(main: ProjectFolder, *options: str, name: str = "mine") -> ProjectFolder:
    folder = ProjectFolder(main.root.parent / name)
    git(main.root.parent, "clone", "--quiet", *options, f"file://{main.root}", str(folder.root))
    return folder
