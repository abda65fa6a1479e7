"""Rule not-appended: a new migration runs after all that are sealed or merged."""

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from dbmate_wrap.domain.command_hint import renumber_command
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.migration import MigrationFile, version_of

if TYPE_CHECKING:
    from dbmate_wrap.git.merge_base import MergeBase


def before_sealed(file: MigrationFile, path: str, last: str) -> Finding:
    """The finding for a new file that would run before the sealed `last`."""
    message = f"{file.name} is new but would run before {last}, which is sealed"
    hint = f"give it a number after {last}: {renumber_command(file.name)}"
    return Finding("not-appended", "error", path, 1, 1, message, hint)


def before_base(
    files: Sequence[MigrationFile], base: "MergeBase", folder: str, renamed: Collection[str]
) -> Iterator[Finding]:
    """One finding for each new file that would not run after everything that the base's branch has.

    `renamed` are names of files that are no new ones.
    """
    there = {*base.files, *base.tip_names}
    new = [file for file in files if file.name not in there and file.name not in renamed]
    # Where two versions differ, the text of the names is in the order of their bytes.
    last = max(there, default="")
    versions = {version_of(name): name for name in there}
    first = None
    for file in new:
        before = versions.get(file.version)
        if before is None and file.name < last:
            before = last
        if before is not None:
            first = first or file.name
            yield _finding(file, before, base, folder, first)


def _finding(file: MigrationFile, before: str, base: "MergeBase", folder: str, first: str) -> Finding:
    """The finding; the `first` of all such files is renumbered, and those after it with it."""
    is_same = version_of(before) == file.version
    what = f"has the number of {before}" if is_same else f"would run before {before}"
    if before in base.files:
        message = f"{file.name} is new but {what}, which is in {base.ref}"
    else:
        message = f"{base.ref} has gone on: {before} is there, and {file.name} {what}"
    merge = "" if before in base.files else f"git merge {base.ref}, then "
    hint = f"{merge}{renumber_command(first, base.option)}"
    return Finding("not-appended", "error", f"{folder}/{file.name}", 1, 1, message, hint)
