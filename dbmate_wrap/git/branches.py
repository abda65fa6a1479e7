"""Finds the branches that have a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dbmate_wrap.git.client import UnsafeRepositoryError, run_git

# What is only said to help must not be waited for.
_TIMEOUT_SECONDS = 2.0
_MOST_BRANCHES = 100
_NAMED_AT_MOST = 3
_NEWEST_FIRST = ("--sort=-committerdate", f"--count={_MOST_BRANCHES}", "--format=%(refname:short)")


def branches_with(root: Path, paths: Sequence[Path]) -> Mapping[Path, tuple[str, ...]]:
    """Return up to three branches for each of `paths` that one of the 100 newest has, the newest first.

    Empty without git, without a repository, or where it takes too long.
    """
    inside = [path for path in paths if path.is_relative_to(root)]
    if not inside:
        return {}
    branches = _ask(root, ["for-each-ref", *_NEWEST_FIRST, "refs/heads", "refs/remotes"])
    asked = [(path, name) for path in inside for name in branches]
    lines = "".join(f"{name}:./{path.relative_to(root).as_posix()}\n" for path, name in asked)
    answers = _ask(root, ["cat-file", "--batch-check"], lines.encode("utf-8", "surrogateescape"))
    found: dict[Path, list[str]] = {}
    for (path, name), answer in zip(asked, answers, strict=False):
        if " blob " in answer:
            found.setdefault(path, []).append(name)
    return {path: tuple(names[:_NAMED_AT_MOST]) for path, names in found.items()}


def _ask(root: Path, args: Sequence[str], stdin: bytes = b"") -> list[str]:
    try:
        done = run_git(root, args, stdin=stdin, timeout=_TIMEOUT_SECONDS)
    except (OSError, UnsafeRepositoryError):
        return []
    return done.stdout.splitlines() if done.returncode == 0 and not done.timed_out else []
