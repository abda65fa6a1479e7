"""Sizes in bytes, read and written as PostgreSQL does: 500 kB, 1GB, in steps of 1024."""

import re

FORMS = "a size is a number with a unit: 500kB, 100MB, 1GB or 2TB"
_WRITTEN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) *(b|kb|mb|gb|tb)", re.IGNORECASE)
_UNITS = ("B", "kB", "MB", "GB", "TB")
_STEP = 1024
# From so many of one unit on a tenth tells nothing.
_WHOLE = 10


def parse_size(written: object) -> int:
    """Return the bytes of a written size. Raises ValueError that lists the valid forms."""
    if isinstance(written, bool) or not isinstance(written, str):
        raise ValueError(f"must be written as text with a unit; {FORMS}")
    text = written.strip()
    if text == "0":
        return 0
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f"is not a size; {FORMS}")
    exponent = [unit.lower() for unit in _UNITS].index(match[2].lower())
    return round(float(match[1]) * float(_STEP**exponent))


def write_size(size: int) -> str:
    """Return the size in its largest unit: ``4.1 GB``, ``512 MB``, ``0 B``."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    rounded = round(value, 1)
    shown = f"{value:.0f}" if rounded >= _WHOLE or rounded == int(rounded) else f"{rounded}"
    return f"{shown} {_UNITS[unit]}"
