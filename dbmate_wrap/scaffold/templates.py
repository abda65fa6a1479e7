"""Reads the texts of a scaffold, which lie in files/, and fills in what differs from project to project."""

import shlex
from pathlib import Path

from dbmate_wrap.scaffold.layout import Scaffold

_FILES = Path(__file__).parent / "files"


def fill(name: str, scaffold: Scaffold, **values: str) -> str:
    """Return the text of a template; `@KEY@` stands in it for a value."""
    text = (_FILES / name).read_text(encoding="utf-8")
    layout = scaffold.layout
    # The command finds its project from the folder in which the pipeline begins.
    where = f" -C {shlex.quote(scaffold.where)}" if scaffold.where else ""
    known = {
        "MIGRATIONS": layout.migrations_dir,
        "LOCKFILE": layout.lockfile,
        "SCHEMA": layout.schema_file,
        "VERSION": scaffold.version,
        "WHERE": where,
    }
    for key, value in (known | values).items():
        text = text.replace(f"@{key}@", value)
    return text
