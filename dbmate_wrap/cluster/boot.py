"""Tells one run of this machine from the next."""

import sys
from pathlib import Path

_LINUX = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Another text after every boot; always empty where the system does not tell."""
    if sys.platform == "linux":
        try:
            return _LINUX.read_text("ascii").strip()
        except OSError:
            return ""
    from dbmate_wrap import process

    command = process.Command(("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"), {"LC_ALL": "C"})
    try:
        said = process.run(command, timeout=10)
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""
