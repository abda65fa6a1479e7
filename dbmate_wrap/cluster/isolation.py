"""Starts a program without a network, where the system lets an account do that."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.cluster.account import Account, choose_account, run_as

# A user namespace of its own gives the right to a network namespace of its own: all that is there is the
# loopback device, and that is down. Sockets in the file system go on working. util-linux 2.38 or newer.
_UNSHARE = ("unshare", "--user", "--map-current-user", "--net", "--")


def run_without_network(account: Account, command: Sequence[str], *, timeout: float) -> process.Completed:
    """Run the command as the account without a network, or with one where this system cannot do that.

    The `argv` of what is returned says which. To ask first whether it can would cost each start 10 ms.
    """
    if _is_supported():
        done = run_as(account, [*_UNSHARE, *command], timeout=timeout, connects=False)
        if done.returncode == 0 or can_isolate(account):
            return done
    return run_as(account, command, timeout=timeout, connects=False)


def can_isolate(account: Account | None = None) -> bool:
    """Return True where the account may make a network namespace (Linux; containers often forbid it).

    None is the account of a new server.
    """
    account = account or choose_account(Path("/nonexistent"))
    return _is_supported() and run_as(account, [*_UNSHARE, "true"], timeout=10).returncode == 0


def _is_supported() -> bool:
    return sys.platform == "linux" and shutil.which(_UNSHARE[0]) is not None
