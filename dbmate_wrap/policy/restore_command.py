"""Writes the git command that restores a file as the base has it."""

import shlex

from dbmate_wrap.git.merge_base import MergeBase

# Enough of a commit's id for git and for people.
_ID_LENGTH = 12


def restore_command(base: MergeBase, path: str) -> str:
    """The command for the file at `path`."""
    return f"git checkout {base.commit[:_ID_LENGTH]} -- {shlex.quote(path)}"
