"""The one dbmate version that this release runs, and the SHA-256 of its binary for each platform."""

import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.errors import BinaryError

PINS_FILE = Path(__file__).with_name("pins.toml")

_SHA256 = re.compile("[0-9a-f]{64}")
_SYSTEMS = {"darwin": "macos", "win32": "windows"}
# Our keys spell the processor as the system does: arm64 on macOS, aarch64 on Linux.
_MACHINES = {"amd64": "x86_64", "x64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True)
class Pins:
    """The version without `v`, and platform key -> SHA-256 of the binary itself in lower-case hexadecimal."""

    version: str
    sha256: Mapping[str, str]


def load_pins(path: Path = PINS_FILE) -> Pins:
    """Read the pins that were installed with this release. Raises BinaryError where they cannot be read."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from None
    version, table = data.get("version"), data.get("sha256")
    if not isinstance(version, str) or not isinstance(table, dict):
        raise _damaged(path, "`version` or `[sha256]` is missing")
    if wrong := [key for key, value in table.items() if not _SHA256.fullmatch(str(value))]:
        raise _damaged(path, f"no SHA-256 for {', '.join(wrong)}")
    return Pins(version, table)


def platform_key() -> str:
    """Return the key of the platform that this Python runs on, such as `linux-x86_64` or `macos-arm64`."""
    if sys.platform == "win32":
        # os.uname does not exist there; the module is slow to import, so only there.
        import platform

        return key_of(sys.platform, platform.machine())
    return key_of(sys.platform, os.uname().machine)


def key_of(system: str, machine: str) -> str:
    """Return the key for a `sys.platform` and a machine name as the system spells it."""
    name = _SYSTEMS.get(system, system)
    processor = _MACHINES.get(machine.lower(), machine.lower())
    return f"{name}-arm64" if (name, processor) == ("macos", "aarch64") else f"{name}-{processor}"


def _damaged(path: Path, reason: str) -> BinaryError:
    return BinaryError(
        f"the pins of dbmate cannot be read from {path}: {reason}",
        hint="install dbmate-wrap again: pip install --force-reinstall --no-deps dbmate-wrap",
    )
