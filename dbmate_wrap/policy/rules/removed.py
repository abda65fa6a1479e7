"""Rule removed: a sealed or merged migration is never removed or renamed, nor is its line in the lockfile."""

import shlex
from typing import TYPE_CHECKING

from dbmate_wrap.domain.count import count
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.history import Sealed

if TYPE_CHECKING:
    from dbmate_wrap.git.merge_base import MergeBase


def removed_since_sealed(line: Sealed, new_name: str | None, twin: str | None, lockfile: str) -> Finding:
    """The finding for a sealed file that is gone, or was renamed to `new_name`.

    `twin` is another sealed file that has the version, as after a merge that kept the lines of both branches.
    """
    message = f"{line.name} is sealed and " + (f"was renamed to {new_name}" if new_name else "is gone")
    restore = f"rename {new_name} back to {line.name}" if new_name else "restore it from version control"
    if twin:
        restore = f"the version is that of {twin} too: {seal_again(lockfile)}"
    return Finding("removed", "error", lockfile, line.line, 1, message, restore)


def seal_again(lockfile: str) -> str:
    """The remedy for a line of the lockfile that nobody relies on."""
    return f"if it was applied nowhere, take its line out of {lockfile} and run `dbmate-wrap seal`"


def removed_since_base(name: str, folder: str, base: "MergeBase") -> Finding:
    """The finding for a file of the base that is gone."""
    path = f"{folder}/{name}"
    message = f"{name} is in {base.ref} and is gone"
    return Finding("removed", "error", path, None, None, message, base.restore_command(path))


def renamed_since_base(
    name: str, new_name: str, folder: str, base: "MergeBase", lockfile: str | None
) -> Finding:
    """The finding for a file of the base that was renamed; `lockfile` is the one that has lost its line."""
    path = f"{folder}/{new_name}"
    hint = f"mv {shlex.join([path, f'{folder}/{name}'])}"
    hint += f"; {base.restore_command(lockfile)}; then `dbmate-wrap seal`" if lockfile else ""
    message = f"{name} is in {base.ref} and was renamed to {new_name}"
    return Finding("removed", "error", path, 1, 1, message, hint)


def removed_line(name: str, lockfile: str, base: "MergeBase") -> Finding:
    """The finding for a line of the base's lockfile that is gone."""
    message = f"the line of {name} is in {base.ref} and is gone from {lockfile}"
    hint = f"it is append only: {base.restore_command(lockfile)}, then `dbmate-wrap seal`"
    return Finding("removed", "error", lockfile, 1, 1, message, hint)


def removed_lockfile(lines: int, lockfile: str, base: "MergeBase") -> Finding:
    """The finding for a lockfile without any of the base's `lines`."""
    message = f"{lockfile} is empty or gone: in {base.ref} it has {count(lines, 'line')}"
    hint = f"{base.restore_command(lockfile)}, then `dbmate-wrap seal`"
    return Finding("removed", "error", lockfile, None, None, message, hint)
