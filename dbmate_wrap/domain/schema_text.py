"""The text of the schema file: pg_dump's, and the versions that made it."""

_HEADER = (
    "-- The schema after the migrations listed at the end. Written by `dbmate-wrap dump`: do not edit.\n\n"
)
_HISTORY = "\n--\n-- Dbmate schema migrations\n--\n\n"


def schema_text(dumped: str, history: str) -> str:
    """The schema file's text: pg_dump's, and the statement that records the versions ("" for none)."""
    return _HEADER + dumped + (_HISTORY + history if history else "")
