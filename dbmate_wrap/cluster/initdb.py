"""Makes a data directory that is the same on every machine, all or nothing."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from dbmate_wrap.cluster import placement, spread
from dbmate_wrap.cluster.account import Account, run_as
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import UnreachableError


def initialise(home: Path, programs: Binaries, account: Account) -> Path:
    """Make the data directory of `home` and return its real path; UnreachableError with what initdb said."""
    base = placement.settle(home, account)
    placement.sweep(base)
    # A name of its own: the initdb of a killed start may still run, and removes its folder when it fails.
    new = base / f"{placement.UNFINISHED}{secrets.token_hex(4)}"
    # initdb is told not to flush: should the machine lose power now, there is no data yet to be lost.
    options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *_locale(programs.major)]
    done = run_as(account, [str(programs.bin_dir / "initdb"), "-D", str(new), *options], timeout=120)
    if done.returncode != 0:
        placement.remove(new)
        lines = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise UnreachableError(
            f"initdb could not make the database in {base}:\n{lines}",
            kind="other",
            hint="mend what initdb names and run the command again: nothing was left behind",
        )
    spread.spread(new / "base")
    return placement.publish(new, home)


def _locale(major: int) -> Sequence[str]:
    # The builtin provider (17+) sorts by code point everywhere and still knows upper('é').
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C", *(builtin if major >= 17 else [])]
