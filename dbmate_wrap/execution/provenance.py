"""The provenance of a run: its account and host, and the git commit of its files."""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.domain.ledger import Provenance
from dbmate_wrap.git.state import git_state


def provenance(root: Path, files: Sequence[Path], commit: str | None = None) -> Provenance:
    """Return the provenance of a run in `root`; dirty when one of `files` differs from the commit.

    A file may be a folder. `commit` is what the pipeline says, for where git knows none. Starts git: some
    milliseconds, at most two seconds, best spent in a thread.
    """
    known, dirty = git_state(root, files)
    return Provenance(_clean(_os_user()), _clean(socket.gethostname()), known or _clean(commit), dirty)


def _os_user() -> str | None:
    # The account itself: anybody can set LOGNAME and USER.
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
    """Remove what no database text can hold (undecodable bytes, NUL); None for an empty name."""
    if name is None:
        return None
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "") or None
