"""Knows which paths PostgreSQL's own programs can be given."""

import os
from pathlib import Path

# initdb and pg_ctl start the server through a shell, with each path between double quotes (PostgreSQL 18,
# src/bin/pg_ctl/pg_ctl.c): there these keep their meaning, and $(...) would be run.
_SPECIAL = frozenset('"$`\\!\n\r')
# They cut a path at 1,024 bytes (MAXPGPATH), that of a file deep in the folder as well.
_LONGEST = 800


def can_be_given(path: Path) -> bool:
    """Whether initdb and pg_ctl understand the path as it is."""
    return not _SPECIAL & set(str(path)) and len(os.fsencode(path)) <= _LONGEST
