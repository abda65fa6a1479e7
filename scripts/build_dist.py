#!/usr/bin/env python3
"""Build the wheel and the sdist of a commit: `scripts/build_dist.py v0.1.0 --output dist`.

Only what git has of that commit goes in, never what else lies in the work tree; its time is the time of every
file. So whoever builds a commit gets the same bytes, given the same zlib, whose version is printed. Needs git
and what requirements/build.txt names, and asks no registry.
"""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The backend of [build-system] in pyproject.toml, called as pip calls it: in the folder of the project.
_BACKEND = (
    "import sys; from flit_core import buildapi as b; b.build_wheel(sys.argv[1]); b.build_sdist(sys.argv[1])"
)
# The bytes of the commit, whatever the configuration of whoever builds says of line ends.
_ARCHIVE = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "archive")


class Trouble(Exception):
    """A reason why nothing was built."""


def main(arguments: Sequence[str]) -> int:
    """Build what the command line asks for; 0 done, 1 trouble, 2 usage."""
    parser = argparse.ArgumentParser(
        prog="scripts/build_dist.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("commit", nargs="?", default="HEAD", help="a tag, branch or commit; default: HEAD")
    parser.add_argument("--output", type=Path, default=Path("dist"), help="the folder to write to")
    asked = parser.parse_args(arguments)
    try:
        for path in build_commit(ROOT, asked.commit, asked.output):
            print(f"{sha256(path)}  {path.name}")
    except Trouble as trouble:
        print(f"scripts/build_dist.py: {trouble}", file=sys.stderr)
        return 1
    print(f"Python {sys.version.split()[0]}, zlib {zlib.ZLIB_RUNTIME_VERSION}", file=sys.stderr)
    return 0


def build_commit(repository: Path, commit: str, output: Path) -> list[Path]:
    """The paths of wheel and sdist of a commit, in that order. Raises Trouble."""
    # `--` ends the options, and the type is checked: a name that begins with a dash is no option of git's.
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    name = found.decode().strip()
    epoch = int(_git(repository, "show", "--no-patch", "--format=%ct", name))
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(_git(repository, *_ARCHIVE, name))) as archive:
            archive.extractall(folder, filter="data")
        return build_tree(Path(folder), epoch, output)


def build_tree(tree: Path, epoch: int, output: Path) -> list[Path]:
    """The paths of wheel and sdist of a folder, all files of the time `epoch` (seconds). Raises Trouble."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as fresh:
        done = subprocess.run(
            [sys.executable, "-c", _BACKEND, str(Path(fresh).resolve())],
            cwd=tree,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise Trouble(f"the build failed:\n{done.stderr}")
        made = sorted(Path(fresh).iterdir(), key=lambda path: path.suffix != ".whl")
        return [path.replace(output / path.name) for path in made]


def sha256(path: Path) -> str:
    """Of the bytes of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(repository: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, check=False)
    except OSError as error:
        raise Trouble(f"git is needed and cannot be run: {error.strerror}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise Trouble(f"git {arguments[0]}: {said or f'no such commit: {arguments[-1]}'}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
