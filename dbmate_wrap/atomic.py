"""Writes a file so that readers see the old content or the new, never half of it."""

import contextlib
import os
import tempfile
from pathlib import Path

from dbmate_wrap.errors import ConfigError


def write_by_rename(path: Path, content: bytes) -> None:
    """Write `content` to `path` through a temporary file beside it. Raises ConfigError when that fails.

    A pipe or a device such as `/dev/null` is written to directly and not replaced.
    """
    try:
        if path.is_fifo() or path.is_char_device():
            path.write_bytes(content)
        else:
            # Through a symbolic link, not in its place.
            _replace(Path(os.path.realpath(path)), content)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}",
            hint=f"look at the folder's permissions and free space: ls -ld {path.parent}; df {path.parent}",
        ) from None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes 0600; a file under version control keeps its mode, a new one gets the usual 0644.
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        # Also when interrupted: nothing is left beside the old file.
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
