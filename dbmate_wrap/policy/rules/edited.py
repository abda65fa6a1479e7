"""Rule edited: a sealed or merged migration is never changed, nor is its line in the lockfile."""

from typing import TYPE_CHECKING

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed, amend_command
from dbmate_wrap.domain.migration import MigrationFile

if TYPE_CHECKING:
    from dbmate_wrap.git.merge_base import MergeBase


_SEALED_TOO_EARLY = (
    "where it was sealed too early, and is not merged: `dbmate-wrap redo` undoes what ran here, applies the"
    " new text and seals it again"
)


def edited_since_sealed(file: MigrationFile, path: str, *, disposable: bool) -> Finding:
    """The finding for a file whose checksum is not the sealed one; `disposable`: `redo` may undo what ran."""
    message = f"{file.name} was changed after it was sealed"
    early = f" {_SEALED_TOO_EARLY};" if disposable else ""
    hint = (
        f"restore it from version control (git checkout -- {path}) and write a new migration instead;"
        f"{early} {_mend(file.name)}"
    )
    return Finding("edited", "error", path, 1, 1, message, hint)


def _mend(name: str, lockfile: str | None = None, base: "MergeBase | None" = None) -> str:
    """Return the remedy for a migration that failed; the `lockfile` is restored before, where it is given."""
    first = f"{base.restore_command(lockfile)}, then " if lockfile and base else ""
    return (
        f"where it failed and no protected environment has applied it, mend it: {first}{amend_command(name)}"
    )


def mend_unmerged(name: str, base: "MergeBase", seal_again: str) -> str:
    """Return the remedy for a sealed migration that nobody else has yet."""
    return f"it is not in {base.ref} yet: {amend_command(name)}; or {seal_again}"


def edited_since_base(name: str, path: str, base: "MergeBase", lockfile: str | None = None) -> Finding:
    """The finding for a file whose checksum is not the base's, nor is its line in `lockfile`, where given."""
    message = f"{name} was changed, but it is in {base.ref} already and may be applied somewhere"
    restore = base.restore_command(path)
    hint = f"restore it: {restore}; and put the change into a new one: dbmate-wrap new NAME"
    hint += f"; {_mend(name, lockfile, base)}"
    return Finding("edited", "error", path, 1, 1, message, hint)


def edited_line(line: Sealed, lockfile: str, base: "MergeBase") -> Finding:
    """The finding for a line of the lockfile with another checksum than the base's lockfile has."""
    message = f"the line of {line.name} is in {base.ref} and was changed in {lockfile}"
    hint = f"it is append only: {base.restore_command(lockfile)}, then `dbmate-wrap seal`"
    return Finding("edited", "error", lockfile, line.line, 1, message, hint)
