"""The OS account that runs the server: our own, or for root, which PostgreSQL refuses, another one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.errors import ConfigError

# Tried in this order when root has to choose; none is ever created.
_CANDIDATES = ("postgres", "nobody")
# The same on every machine: nothing of the caller's locale and time zone gets into a new database.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The account of the server; `is_other`: it is not the account of this process."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()

    @property
    def uid_gid(self) -> tuple[int, int] | None:
        """The ids for `process.Command`; None for our own account."""
        return (self.uid, self.gid) if self.is_other else None


def choose_account(data: Path) -> Account:
    """Return the owner of an existing data directory, else our account, or as root `postgres` or `nobody`.

    Raises ConfigError where the data belongs to an account that we cannot become, or root finds no account.
    """
    try:
        owner = data.stat()
    except FileNotFoundError:
        return _unprivileged() if os.geteuid() == 0 else _named(os.geteuid(), os.getegid())
    except PermissionError as error:
        raise foreign_owner_error(data, "another account") from error
    account = _named(owner.st_uid, owner.st_gid)
    if account.uid == 0:
        raise ConfigError(
            f"the data directory {data} belongs to root, and PostgreSQL does not run as root",
            hint="dbmate-wrap db reset (it destroys the data), or give it back to its account with chown -R",
        )
    if account.is_other and os.geteuid() != 0:
        raise foreign_owner_error(data, f"the account {account.name}")
    return account


def hand_over(path: Path, account: Account) -> None:
    """Make `account` the owner of a file or folder that this process has just made."""
    if not account.is_other:
        return
    try:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        raise ConfigError(
            f"root may not give {path} to {account.name}, which has to run PostgreSQL: {error.strerror}",
            hint="run as an ordinary user, or set DEV_DATABASE_URL to a server of your own",
        ) from error


def can_enter(account: Account, folder: Path) -> bool:
    """Return True where the account can reach and write the folder; the system itself decides."""
    test = ["/bin/sh", "-c", 'test -x "$1" && test -w "$1"', "sh", str(folder)]
    return not account.is_other or run_as(account, test, timeout=10).returncode == 0


def can_run(account: Account, program: Path) -> bool:
    """Return True where the account can reach and run the program."""
    if not account.is_other:
        return True
    try:
        return run_as(account, [str(program), "--version"], timeout=30).returncode == 0
    except OSError:
        return False


def run_as(
    account: Account, argv: Sequence[str], *, timeout: float, connects: bool = True
) -> process.Completed:
    """Run a program as the account, from "/": the account may not be able to enter the current folder."""
    command = process.Command(tuple(argv), _ENVIRONMENT, Path("/"), account.uid_gid, connects=connects)
    return process.run(command, timeout=timeout)


def foreign_owner_error(data: Path, owner: str) -> ConfigError:
    return ConfigError(
        f"the embedded database in {data} belongs to {owner}, not to you (was it started as root?)",
        hint=f"start it as that account again, or remove it: sudo rm -rf {data.parent}",
    )


def _named(uid: int, gid: int) -> Account:
    import pwd  # Windows has none.

    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        return Account(str(uid), uid, gid)


def _unprivileged() -> Account:
    import pwd

    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise ConfigError(
        "PostgreSQL does not run as root, and this system has neither an account postgres nor nobody",
        hint="run as an ordinary user, or set DEV_DATABASE_URL to a server of your own",
    )
