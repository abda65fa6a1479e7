#!/usr/bin/env python3
"""Build a release again from its tag, and compare it with what was published.

`scripts/verify_release.py v0.1.0`: pip fetches the published wheel and sdist; it refuses an sdist of other
bytes before it looks into it. `--files FOLDER` compares those of a folder instead. The tag is taken from this
clone (`git fetch --tags` first); that it is the right one you have to know.

Exit code: 0 the same bytes, 1 not, 2 usage. The bytes depend on zlib, which is not the same in every Python:
where only the packing differs that is said, and a Python with the zlib of the release decides.
"""

import argparse
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.build_dist import Trouble, build_commit, sha256  # noqa: E402


def main(arguments: Sequence[str], repository: Path = ROOT) -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(
        prog="scripts/verify_release.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tag", help="such as v0.1.0")
    parser.add_argument("--files", type=Path, help="the folder of the wheel and the sdist to compare")
    asked = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            built = build_commit(repository, f"refs/tags/{asked.tag}", Path(folder) / "built")
            given = asked.files or fetched(asked.tag.removeprefix("v"), built, Path(folder) / "published")
            faults = compare(built, given)
    except Trouble as trouble:
        faults = [str(trouble)]
    for fault in faults:
        print(f"scripts/verify_release.py: {fault}", file=sys.stderr)
    if not faults:
        print(f"{asked.tag}: the wheel and the sdist are the bytes that its commit gives.")
    return 1 if faults else 0


def compare(built: Sequence[Path], folder: Path) -> list[str]:
    """A line for each file that is missing, too many, or other than what was built."""
    given = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    faults = [f"{name} is not built from the tag" for name in sorted(given.keys() - {p.name for p in built})]
    for path in built:
        other = given.get(path.name)
        if other is None:
            faults.append(f"{path.name} is missing in {folder}")
        elif sha256(path) != sha256(other):
            faults.append(f"{path.name} differs: {sha256(path)} was built, {sha256(other)} is there")
            faults += [f"  {line}" for line in differences(members(path), members(other))]
    return faults


def differences(built: Mapping[str, bytes], given: Mapping[str, bytes]) -> list[str]:
    """What differs between the members of two archives."""
    lines = [f"{name}: only in what is there" for name in sorted(given.keys() - built.keys())]
    lines += [f"{name}: only in what was built" for name in sorted(built.keys() - given.keys())]
    both = sorted(built.keys() & given.keys())
    lines += [f"{name}: other bytes" for name in both if built[name] != given[name]]
    return lines or [
        "all files in it are the same: it was packed otherwise, perhaps by another zlib "
        f"({zlib.ZLIB_RUNTIME_VERSION} here)"
    ]


def members(archive: Path) -> dict[str, bytes]:
    """The bytes of each file in a wheel or an sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as sdist:
        files = {entry.name: sdist.extractfile(entry) for entry in sdist.getmembers()}
        return {name: file.read() for name, file in files.items() if file is not None}


def fetched(version: str, built: Sequence[Path], folder: Path) -> Path:
    """The folder to which pip has fetched wheel and sdist. Raises Trouble."""
    _download(folder, f"dbmate-wrap=={version}", "--only-binary", ":all:")
    # pip asks an sdist for its metadata, which may run what is in it: so only one of the right bytes.
    [sdist] = [path for path in built if path.suffix != ".whl"]
    wanted = folder / "sdist.txt"
    wanted.write_text(f"dbmate-wrap=={version} --hash=sha256:{sha256(sdist)}\n", "utf-8")
    options = ("--no-binary", "dbmate-wrap", "--no-build-isolation", "--require-hashes", "--requirement")
    _download(folder, *options, str(wanted))
    wanted.unlink()
    return folder


def _download(folder: Path, *arguments: str) -> None:
    argv = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        *arguments,
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Trouble(f"pip download failed:\n{done.stderr}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
