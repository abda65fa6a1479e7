"""Rule edited: a sealed or merged migration is never changed, nor is its line in the lockfile."""

from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.git.merge_base import MergeBase


def edited_since_sealed(file: MigrationFile, path: str) -> Finding:
    """The finding for a file whose checksum is not the sealed one."""
    message = f"{file.name} was changed after it was sealed"
    hint = f"restore it from version control (git checkout -- {path}) and write a new migration instead"
    return Finding("edited", "error", path, 1, 1, message, hint)


def edited_since_base(name: str, path: str, base: MergeBase) -> Finding:
    """The finding for a file whose checksum is not the base's."""
    message = f"{name} was changed, but it is in {base.ref} already and may be applied somewhere"
    restore = base.restore_command(path)
    hint = f"restore it: {restore}; and put the change into a new one: dbmate-wrap new NAME"
    return Finding("edited", "error", path, 1, 1, message, hint)


def edited_line(line: Sealed, lockfile: str, base: MergeBase) -> Finding:
    """The finding for a line of the lockfile with another checksum than the base's lockfile has."""
    message = f"the line of {line.name} is in {base.ref} and was changed in {lockfile}"
    hint = f"it is append only: {base.restore_command(lockfile)}, then `dbmate-wrap seal`"
    return Finding("edited", "error", lockfile, line.line, 1, message, hint)
