"""Tells ext4 to lay each database of a server in another part of the disk."""

import contextlib
import os
import struct
import sys
from pathlib import Path

# linux/fs.h, for 64-bit processors: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_TOPDIR_FL (`chattr +T`).
_GET, _SET, _TOP_OF_HIERARCHIES = 0x80086601, 0x40086602, 0x00020000


def spread(folder: Path) -> None:
    """New folders in `folder` get block groups of their own, where the file system knows such a thing.

    For up to five minutes ext4 avoids the inodes of deleted files, and looks at them one by one for every new
    file of the same group: where a database of 1,000 tables was dropped, copying one takes 0.7 s instead of
    0.07 (Linux 6.18).
    """
    if sys.platform != "linux":
        return
    import fcntl

    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            (flags,) = struct.unpack("q", fcntl.ioctl(opened, _GET, bytes(8)))
            fcntl.ioctl(opened, _SET, struct.pack("q", flags | _TOP_OF_HIERARCHIES))
        finally:
            os.close(opened)
