"""A file lock: one start, stop or removal of a server at a time, across processes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbmate_wrap.errors import ConfigError, LockedError

# Longer than a start may take (start.START_SECONDS): a waiting process sees the other's result.
WAIT_SECONDS = 90.0
_POLL = 0.02


@contextmanager
def hold_file_lock(path: Path, *, wait: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold an exclusive lock on the file, which is created if missing and never removed.

    Raises LockedError when another process holds it for longer than `wait` seconds.
    """
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + wait
        while not try_lock(descriptor):
            if time.monotonic() > deadline:
                raise LockedError(
                    f"another dbmate-wrap has been starting or stopping this server for {wait:.0f} s",
                    hint=f"see who it is: fuser -v {path}",
                )
            time.sleep(_POLL)
        yield
    finally:
        os.close(descriptor)  # Releases the lock too, as the end of the process would.


def try_lock(descriptor: int) -> bool:
    """Lock the open file unless another process has locked it; True when it was locked."""
    import fcntl  # Windows has none.

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}",
            hint=f"make {path.parent} writable, or set a database URL of your own (DEV_DATABASE_URL)",
        ) from error
