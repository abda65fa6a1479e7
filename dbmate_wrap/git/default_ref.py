"""Finds the main branch of the remote that a branch will be merged into."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import UnsafeRepositoryError, ask_git, failure, is_no_repository, run_git

_REMOTES = "refs/remotes/"
# In this order: what the remote calls its main branch, then the two usual names.
_NAMES = ("HEAD", "main", "master")


def default_ref(folder: Path) -> str | None:
    """Return the main branch of `origin` in its usual form: ``origin/main``.

    In a clone of a fork, whose own main may be old, that of `upstream` where HEAD left it later. Without
    `origin`: of the only remote, or of the one that the current branch follows. None: no git, no
    repository, no commit, no such branch known here. Raises ConfigError where there is a repository that git
    refuses to read (it belongs to another user, say): nothing would be compared, in silence.
    """
    try:
        head = run_git(folder, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
    except OSError:
        return None
    if is_no_repository(head) or (head.returncode == 1 and not head.timed_out):
        return None
    if head.returncode != 0 or head.timed_out:
        raise failure(folder, head)
    branches = _main_branches(folder)
    if "origin" in branches and "upstream" in branches:
        return _nearer(folder, branches["origin"], branches["upstream"])
    if "origin" in branches:
        return branches["origin"]
    if len(branches) == 1:
        return next(iter(branches.values()))
    return branches.get(_upstream_remote(folder)) if branches else None


def known_ref(folder: Path, refs: Sequence[str]) -> str | None:
    """Return the first of `refs` that is a commit here; None without one, or without git."""
    for ref in refs:
        try:
            if ask_git(folder, ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], nothing=1):
                return ref
        except UnsafeRepositoryError:
            raise
        except ConfigError:
            return None
    return None


def _nearer(folder: Path, origin: str, upstream: str) -> str:
    left = [
        ask_git(folder, ["merge-base", ref, "HEAD"], nothing=1).split("\n")[0] for ref in (origin, upstream)
    ]
    if not all(left) or left[0] == left[1]:
        return upstream if left[1] and not left[0] else origin
    oldest = ask_git(folder, ["merge-base", *left], nothing=1).split("\n")[0]
    return upstream if oldest == left[0] else origin


def has_remote(folder: Path) -> bool:
    """Return True where there is a repository with a remote."""
    try:
        return bool(ask_git(folder, ["remote"]).strip())
    except ConfigError:
        return False


def is_shallow(folder: Path) -> bool:
    """Return True where the repository has a part of its history only, as pipelines clone."""
    try:
        return ask_git(folder, ["rev-parse", "--is-shallow-repository"]).strip() == "true"
    except ConfigError:
        return False


def _main_branches(folder: Path) -> Mapping[str, str]:
    """Map names of remotes to their main branches, where known."""
    patterns = [f"{_REMOTES}*/{name}" for name in _NAMES]
    out = ask_git(folder, ["for-each-ref", "--format=%(refname) %(symref)", *patterns])
    refs = dict(line.split(" ", 1) for line in out.splitlines())
    remotes = {ref.removeprefix(_REMOTES).rpartition("/")[0] for ref in refs}
    found: dict[str, str] = {}
    for remote in remotes:
        ref = next(ref for name in _NAMES if (ref := f"{_REMOTES}{remote}/{name}") in refs)
        # A HEAD that is no symbolic reference has no better name than its own.
        found[remote] = (refs[ref] or ref).removeprefix(_REMOTES)
    return found


def _upstream_remote(folder: Path) -> str:
    """Return the remote of the current branch's upstream; empty without one."""
    out = ask_git(folder, ["rev-parse", "--symbolic-full-name", "@{upstream}"], nothing=128)
    return out.removeprefix(_REMOTES).split("/")[0]
