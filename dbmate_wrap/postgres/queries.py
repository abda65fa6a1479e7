"""Loads the longer queries, each from a file of its own in `sql/`."""

from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


def load_query(name: str) -> str:
    """Return the text of `sql/NAME.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
