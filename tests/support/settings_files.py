"""An empty project folder, and a process environment in which nothing is set that settings read."""

import os
from pathlib import Path

import pytest


def empty_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a new project folder; a .git keeps the search for a configuration inside it."""
    for name in list(os.environ):
        if name.startswith("DBMATE") or name.endswith("DATABASE_URL"):
            monkeypatch.delenv(name)
    project = folder / "project"
    (project / ".git").mkdir(parents=True)
    monkeypatch.chdir(project)
    return project


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files, folders included."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def script(folder: Path, body: str) -> str:
    """A command line that runs Python code in a file of its own; nothing in it needs quoting."""
    import sys

    path = folder / "print_url.py"
    path.write_text(body, encoding="utf-8")
    return f"'{sys.executable}' '{path}'"
