"""Starts a program without a network, where the system lets an account do that."""

import shutil
import sys
from pathlib import Path

from dbmate_wrap.cluster.account import Account, choose_account, run_as

# A user namespace of its own gives the right to a network namespace of its own: all that is there is the
# loopback device, and that is down. Sockets in the file system go on working. util-linux 2.38 or newer.
_UNSHARE = ("unshare", "--user", "--map-current-user", "--net", "--")


def without_network(account: Account) -> tuple[str, ...]:
    """Return what to put before a command so that it has no network; empty where this system cannot."""
    return _UNSHARE if can_isolate(account) else ()


def can_isolate(account: Account | None = None) -> bool:
    """Return True where the account may make a network namespace (Linux; containers often forbid it).

    None is the account of a new server.
    """
    account = account or choose_account(Path("/nonexistent"))
    if sys.platform != "linux" or shutil.which(_UNSHARE[0]) is None:
        return False
    return run_as(account, [*_UNSHARE, "true"], timeout=10).returncode == 0
