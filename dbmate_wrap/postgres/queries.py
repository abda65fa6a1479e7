"""Finds the longer queries, each in a file of its own in `sql/`."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


def query(name: str) -> str:
    """The text of `sql/NAME.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
