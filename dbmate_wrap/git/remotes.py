"""Reads where the remotes of a repository are."""

import re
from pathlib import Path

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.client import UnsafeRepositoryError, ask_git

# https://name:token@host/..., ssh://git@host:22/..., and git@host:owner/name; not a path.
_HOST = re.compile(
    r"[a-z+]+://(?:[^/\s]*@)?(?P<url>[a-z0-9][\w.-]*)|(?:[^/@:\s]+@)?(?P<short>[a-z0-9][\w.-]*):",
    re.IGNORECASE,
)


def remote_hosts(folder: Path) -> frozenset[str]:
    """Return the hosts of the repository's remotes, without accounts and tokens; none without git."""
    try:
        out = ask_git(folder, ["remote", "-v"])
    except UnsafeRepositoryError:
        raise
    except ConfigError:
        return frozenset()
    found = (_HOST.match(line.partition("\t")[2]) for line in out.splitlines())
    return frozenset((each["url"] or each["short"]).lower() for each in found if each is not None)
