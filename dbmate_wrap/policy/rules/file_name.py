"""Rule file-name: a migration is named NNN_name.sql, in lower case."""

import re
from collections.abc import Iterator, Sequence

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile

_NAME = re.compile(r"\d+_[a-z0-9][a-z0-9_]*\.sql", re.ASCII)


def find(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    """One finding for each file with another kind of name."""
    for file in files:
        if not _NAME.fullmatch(file.name):
            form = "NNN_name.sql (lower case letters, digits and underscores)"
            hint = "rename it before it is applied anywhere; `dbmate-wrap new NAME` makes the right name"
            message = f"{file.name!r} is not of the form {form}"
            yield Finding("file-name", "error", f"{folder}/{file.name}", 1, 1, message, hint)
