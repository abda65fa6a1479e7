"""Reads what a checkout and its base have of single files, to tell what a branch has written."""

from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import UnsafeRepositoryError, ask_git
from dbmate_wrap.git.default_ref import default_ref

_LINK = "120000"


def top_folder(folder: Path) -> Path | None:
    """Return the top of the checkout, resolved; None without git, or where it refuses to read it."""
    try:
        out = ask_git(folder, ["rev-parse", "--show-toplevel"])
    except UnsafeRepositoryError:
        raise
    except ConfigError:
        return None
    return Path(out.removesuffix("\n"))


def base_commit(top: Path, refs: Sequence[str]) -> str | None:
    """Return the merge base of HEAD and the first of `refs` that is known; without refs, of the main branch.

    None where that is not known here.
    """
    try:
        main = None if refs else default_ref(top)
        for ref in refs or ([f"refs/remotes/{main}"] if main else []):
            tip = ask_git(top, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], nothing=1)
            found = ask_git(top, ["merge-base", tip.strip(), "HEAD"], nothing=1) if tip else ""
            if found:
                return found.split("\n")[0]
    except UnsafeRepositoryError:
        raise
    except ConfigError:
        return None
    return None


def tracked(top: Path, path: str, *, fold: bool = False) -> dict[str, str]:
    """Map the tracked files at or below a path, relative to `top`, to mode and blob.

    `fold`: also those whose names differ in upper and lower case alone.
    """
    listing = ["ls-files", "--stage", "-z", "--"]
    if fold:
        out = ask_git(top, ["--no-literal-pathspecs", *listing, f":(icase,literal){path}"])
    else:
        out = ask_git(top, [*listing, path])
    entries = (entry.partition("\t") for entry in out.split("\0")[:-1])
    return {name: " ".join(facts.split(" ")[:2]) for facts, _, name in entries}


def entry_at(top: Path, commit: str, path: str) -> str | None:
    """Return mode and blob of a file in a commit; None where it has none."""
    out = ask_git(top, ["ls-tree", "-z", "--full-tree", commit, "--", path])
    mode, _, blob = out.partition("\t")[0].partition(" ")
    kind, _, digits = blob.partition(" ")
    return f"{mode} {digits}" if kind == "blob" else None


def text_at(top: Path, commit: str, path: str) -> str | None:
    """Return the text of a regular file in a commit, without any filter; None where it has none."""
    entry = entry_at(top, commit, path)
    if entry is None or entry.startswith(_LINK):
        return None
    return ask_git(top, ["cat-file", "blob", entry.partition(" ")[2]])
