"""Rule version-width: versions sort as text in the order of their numbers, for dbmate sorts text."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile


def find(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    """One finding for each file that would run before one whose number is not greater."""
    for earlier, later in pairwise(files):
        same_number = earlier.version != later.version and int(earlier.version) == int(later.version)
        if int(later.version) < int(earlier.version) or same_number:
            digits = max(len(earlier.version), len(later.version))
            message = (
                f"dbmate orders by the text of the name, so {earlier.name} would run before {later.name}"
            )
            hint = f"write all versions with {digits} digits; what is applied anywhere keeps its name"
            yield Finding("version-width", "error", f"{folder}/{earlier.name}", 1, 1, message, hint)
