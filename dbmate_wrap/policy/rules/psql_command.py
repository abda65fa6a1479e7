"""Rule psql-command: no line that only psql understands."""

from collections.abc import Iterator

from dbmate_wrap.policy.hit import Hit
from dbmate_wrap.sql.parse import Reading

_HINT = "dbmate sends the text to the server as it is: write plain SQL instead, or remove it"


def find(reading: Reading) -> Iterator[Hit]:
    """One hit per such line."""
    for place in reading.unreadable:
        if place.kind == "psql":
            yield Hit("psql-command", place.offset, place.message, _HINT)
