"""An empty project folder, and a process environment in which nothing is set that settings read."""

import os
import sys
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.settings import Environment


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
    path = folder / "print_url.py"
    path.write_text(body, encoding="utf-8")
    return f"'{sys.executable}' '{path}'"


def staging(project: Path, **keys: str) -> Environment:
    lines = "".join(f'{key} = """{value}"""\n' for key, value in keys.items())
    write(project, {"dbmate-wrap.toml": f"[environments.staging]\n{lines}"})
    return settings.load(environment="staging").environment()


def refusal(environment: Environment) -> str:
    """What is said when the URL cannot be had; never a piece of the secret."""
    with pytest.raises(ConfigError) as caught:
        environment.resolve_url()
    error = caught.value
    said = f"{error.message} {error.hint} {error.faults}"
    assert "S3CR" not in said
    assert error.__cause__ is None
    return said
