"""Reads the commit that is checked out in a folder, and compares files with it."""

import re
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.git.client import UnsafeRepositoryError, run_git

# A run does not wait longer for what is only recorded.
_TIMEOUT_SECONDS = 2.0
# One process gives the commit and the files that differ from it.
_STATUS = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind")
_STATUS_REST = ("--untracked-files=all", "--ignore-submodules=all", "--no-renames", "--")
_COMMIT = re.compile(r"^# branch\.oid ([0-9a-f]{40,64})$", re.MULTILINE)


def git_state(root: Path, files: Sequence[Path]) -> tuple[str | None, bool | None]:
    """Return the commit, and True where `files` differ from it; both None without git or a usable repository.

    In a repository without a commit yet the first is None, and everything in it is dirty.
    """
    args = [*_STATUS, *_STATUS_REST, *(str(file) for file in files)]
    try:
        done = run_git(root, args, timeout=_TIMEOUT_SECONDS)
    except (OSError, UnsafeRepositoryError):
        return None, None
    if done.returncode != 0 or done.timed_out:
        return None, None
    commit = _COMMIT.search(done.stdout)
    dirty = any(not line.startswith("#") for line in done.stdout.splitlines())
    return (commit[1] if commit else None), dirty
