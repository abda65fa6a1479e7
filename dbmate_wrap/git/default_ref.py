"""Finds the main branch of the remote that a branch will be merged into."""

from collections.abc import Mapping
from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import ask_git, failure, is_no_repository, run_git

_REMOTES = "refs/remotes/"
# In this order: what the remote calls its main branch, then the two usual names.
_NAMES = ("HEAD", "main", "master")


def default_ref(folder: Path) -> str | None:
    """Return the main branch of `origin` in its usual form: ``origin/main``.

    Without `origin`: of the only remote, or of the one that the current branch follows. None: no git, no
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
    if "origin" in branches:
        return branches["origin"]
    if len(branches) == 1:
        return next(iter(branches.values()))
    return branches.get(_upstream_remote(folder)) if branches else None


def has_remote(folder: Path) -> bool:
    """Return True where there is a repository with a remote."""
    try:
        return bool(ask_git(folder, ["remote"]).strip())
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
