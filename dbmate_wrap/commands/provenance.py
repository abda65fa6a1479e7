"""Finds out where a run comes from: the account and host it runs on, the git commit of the files it runs."""

import os
import re
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.domain.ledger import Provenance

_TIMEOUT_SECONDS = 2.0
# Not GIT_*: inside a hook they name another repository or index than the folder's own.
_INHERITED = ("HOME", "PATH", "XDG_CONFIG_HOME", "SYSTEMROOT", "USERPROFILE")
_FIXED = {"GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}
# One process tells the commit and what differs from it. A repository may name a program as its fsmonitor: not
# here.
_ARGV = ("git", "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch", "--no-ahead-behind")
_ARGV_REST = ("--untracked-files=all", "--ignore-submodules=all", "--no-renames", "--")
_COMMIT = re.compile(r"^# branch\.oid ([0-9a-f]{40,64})$", re.MULTILINE)


def provenance(root: Path, files: Sequence[Path]) -> Provenance:
    """Where a run of the project in `root` comes from; dirty when one of `files` differs from the commit.

    A file may be a folder. Starts git: some milliseconds, at most two seconds, best spent in a thread.
    """
    commit, dirty = git_state(root, files)
    return Provenance(_clean(_os_user()), _clean(socket.gethostname()), commit, dirty)


def git_state(root: Path, files: Sequence[Path]) -> tuple[str | None, bool | None]:
    """Commit and whether `files` differ from it. None for both: no git, no repository, not trusted, too slow.

    In a repository without a commit yet the first is None, and everything in it is dirty.
    """
    argv = [*_ARGV, *_ARGV_REST, *(str(file) for file in files)]
    env = process.inherited(_INHERITED) | _FIXED
    try:
        done = process.run(argv, env=env, cwd=root, timeout=_TIMEOUT_SECONDS)
    except OSError:
        return None, None
    if done.returncode != 0 or done.timed_out:
        return None, None
    commit = _COMMIT.search(done.stdout)
    dirty = any(not line.startswith("#") for line in done.stdout.splitlines())
    return (commit[1] if commit else None), dirty


def _os_user() -> str | None:
    # The account itself: what LOGNAME and USER say, anybody can set.
    if sys.platform == "win32":
        try:
            return os.getlogin()
        except OSError:
            return None
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        # A container that runs under a number without a name.
        return f"uid {os.geteuid()}"


def _clean(name: str | None) -> str | None:
    """Without what no database text can hold (undecodable bytes, NUL); None for nothing."""
    if name is None:
        return None
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "") or None
