"""Rule duplicate-version: every migration has a version of its own."""

from collections.abc import Iterator, Sequence

from dbmate_wrap.domain.command_hint import renumber_command
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile


def find(files: Sequence[MigrationFile], folder: str) -> Iterator[Finding]:
    """One finding for each file but the first of a version."""
    first: dict[str, str] = {}
    for file in files:
        if file.version in first:
            message = (
                f"{file.name} has the version of {first[file.version]}: dbmate would run only one of them"
            )
            hint = f"give the newer file the next free number: {renumber_command(first[file.version])}"
            hint += f", or {renumber_command(file.name)}"
            yield Finding("duplicate-version", "error", f"{folder}/{file.name}", 1, 1, message, hint)
        first.setdefault(file.version, file.name)
