"""Written durations (`5s`, `2m`, `500ms`) as types for the settings model, in seconds."""

import re
from typing import Annotated

from pydantic import BeforeValidator

FORMS = "a duration is a number with a unit: 500ms, 5s, 2m or 1h"
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) *(ms|s|m|min|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
# PostgreSQL keeps its timeouts as milliseconds in 32 bits, and reads less than one of them as "none".
_SHORTEST, _LONGEST = 0.001, 2_147_483.0


def parse_duration(written: object) -> float:
    """Parse a written duration into seconds. Raises ValueError that lists the valid forms."""
    text = str(written).strip().lower()
    if text == "0":
        return 0.0
    # A bare number is refused: PostgreSQL reads it as milliseconds, libpq as seconds.
    if not isinstance(written, str):
        raise ValueError(f"must be written as text with a unit; {FORMS}")
    match = _WRITTEN.fullmatch(text)
    if not match:
        raise ValueError(f"is not a duration; {FORMS}")
    result = float(match[1]) * _SECONDS[match[2]]
    if result > _LONGEST or 0 < result < _SHORTEST:
        raise ValueError("must be between 1ms and 24 days")
    return result


def _limit(written: object) -> float:
    if _is_none(written):
        raise ValueError(f"must not be none here; {FORMS}")
    if (limit := parse_duration(written)) == 0:
        raise ValueError(f"must be more than 0; {FORMS}")
    return limit


def _limit_or_word_none(written: object) -> float | None:
    return None if _is_none(written) else _limit(written)


def _limit_or_none(written: object) -> float | None:
    return None if _is_none(written) else parse_duration(written) or None


def _patience(written: object) -> float:
    if _is_none(written):
        raise ValueError(f"must not be none here; 0 means not to wait; {FORMS}")
    return parse_duration(written)


def _is_none(written: object) -> bool:
    return isinstance(written, str) and written.strip().lower() == "none"


def write_duration(value: float | None) -> str:
    """Return the shortest written form of a duration in seconds."""
    if value is None:
        return "none"
    if value < 1 and value:
        return f"{value * 1000:g}ms"
    for unit, size in (("h", 3600), ("m", 60)):
        if value and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value:g}s"


# A limit that must exist.
Duration = Annotated[float, BeforeValidator(_limit)]
# A limit that only the word `none` leaves out: who writes `0` may mean not to wait at all.
DurationOrWordNone = Annotated[float | None, BeforeValidator(_limit_or_word_none)]
# A limit that may be left out: `none` or `0`.
DurationOrNone = Annotated[float | None, BeforeValidator(_limit_or_none)]
# How long to wait: `0` is not at all.
Patience = Annotated[float, BeforeValidator(_patience)]
