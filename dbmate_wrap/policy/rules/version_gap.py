"""Rule version-gap: numbers follow each other, so that a missing file is noticed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, is_time


def find(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    """One finding for each file that a number is missing before; the history may begin at any number.

    Times have no next number, so there is no gap before one.
    """
    numbers = sorted({int(file.version): file for file in files}.items())
    for (before, earlier), (after, later) in pairwise(numbers):
        if after != before + 1 and not is_time(later.version):
            missing = str(before + 1).zfill(len(later.version))
            message = f"version {missing} is missing between {earlier.name} and {later.name}"
            hint = (
                f"restore it from version control, or number {later.name} as {missing} before it is applied"
            )
            yield Finding("version-gap", "error", f"{folder}/{later.name}", 1, 1, message, hint)
