"""Loads the longer queries, each from a file of its own in `sql/`."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"


@cache
def load_query(name: str) -> str:
    """Return the text of `sql/NAME.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def load_all_queries() -> None:
    """Read every file now, for a process whose children need many."""
    for path in _FOLDER.glob("*.sql"):
        load_query(path.stem)
