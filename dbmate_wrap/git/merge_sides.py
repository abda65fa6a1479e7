"""Reads which migrations the two sides of a merge have, where no remote tells what is merged."""

from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import UnsafeRepositoryError, ask_git
from dbmate_wrap.git.default_ref import known_ref


def names_at(folder: Path, ref: str) -> frozenset[str] | None:
    """Return the names of the files in the folder at the commit; None without git, or without that commit."""
    try:
        if known_ref(folder, [ref]) is None:
            return None
        out = ask_git(folder, ["ls-tree", "-z", "--name-only", ref, "--", "./"])
    except UnsafeRepositoryError:
        raise
    except ConfigError:
        return None
    return frozenset(out.split("\0")[:-1])
