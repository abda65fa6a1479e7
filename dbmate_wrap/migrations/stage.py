"""Makes the private copy that dbmate runs, of exactly the bytes that were checked."""

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import ConfigError

# Linux's file system in memory: a thousand files take 7 ms there and 220 ms on the disk of the machine where
# this was measured, and the SQL never reaches a disk. It may be missing, small (64 MB in a container) or
# read-only.
_IN_MEMORY = "/dev/shm"  # noqa: S108 - a private folder is made in it
_PREFIX = "dbmate-wrap-"
# A folder this young may not be locked yet by the run that makes it.
_YOUNG_SECONDS = 60.0


@contextlib.contextmanager
def stage(files: Sequence[MigrationFile]) -> Iterator[Path]:
    """Provide a folder that only this account can read, with `files` and nothing else; removed at the end.

    Raises ConfigError when it can be written neither in memory nor in the temporary folder.
    """
    folder = _copy(files)
    handle = None
    try:
        # The lock ends with this process however it ends.
        handle = _locked(folder)
        yield Path(folder)
    finally:
        if handle is not None:
            os.close(handle)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def stage_unless_staged(
    files: Sequence[MigrationFile], staged: Mapping[tuple[str, ...], Path]
) -> Iterator[Path]:
    """Provide a folder as `stage` does; one of `staged`, by the names of its files, where these are staged.

    A run over many databases stages once what all of them need.
    """
    folder = staged.get(tuple(file.name for file in files))
    with stage(files) if folder is None else contextlib.nullcontext(folder) as found:
        yield found


def _locked(folder: str) -> int | None:
    """Open and lock the folder; None where another process has locked it, or without such locks."""
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove_abandoned() -> None:
    """Remove the folders that killed runs have left in memory, which nothing else removes."""
    for folder in Path(_IN_MEMORY).glob(f"{_PREFIX}*"):
        try:
            found = folder.lstat()
        except OSError:
            continue  # Its run has just ended.
        if found.st_uid != os.geteuid() or time.time() - found.st_mtime < _YOUNG_SECONDS:
            continue
        if (handle := _locked(str(folder))) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _copy(files: Sequence[MigrationFile]) -> str:
    """Write the files into a new folder, in memory if they fit there."""
    if os.access(_IN_MEMORY, os.W_OK | os.X_OK):
        _remove_abandoned()
        with contextlib.suppress(OSError):
            return _written(files, _IN_MEMORY)
    try:
        return _written(files, None)
    except OSError as error:
        raise ConfigError(
            f"cannot write the migrations to a temporary folder: {error.strerror or error}",
            hint="free some space, or point TMPDIR to a folder that can be written",
        ) from None


def _written(files: Sequence[MigrationFile], parent: str | None) -> str:
    folder = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
    try:
        for file in files:
            with open(os.path.join(folder, file.name), "wb", buffering=0) as copy:
                # On a disk that gets full, a raw write ends early and without an error.
                if copy.write(file.content) != len(file.content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder
