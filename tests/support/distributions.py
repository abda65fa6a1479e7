"""The wheel and the sdist of this repository as it lies here, committed or not."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.build_dist import build_tree
from tests.support.repository import REPOSITORY

# Some second of 2026: what is built in tests has no commit of its own.
EPOCH = 1_780_000_000


@dataclass(frozen=True)
class Distributions:
    """What one build gave."""

    wheel: Path
    sdist: Path


def our_files(below: str = ".") -> list[str]:
    """The files of this repository, new ones too, without what git ignores. Skips where there is no git."""
    if shutil.which("git") is None or not (REPOSITORY / ".git").exists():
        pytest.skip("only git tells which files are the repository's")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", below]
    done = subprocess.run(listed, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


def copy_repository(folder: Path) -> Path:
    """What a build needs of the repository, as files of this moment."""
    for name in [*our_files("dbmate_wrap"), "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, folder / name)
    return folder


def build_repository(folder: Path) -> Distributions:
    """Builds in a folder of its own."""
    wheel, sdist = build_tree(copy_repository(folder / "tree"), EPOCH, folder / "dist")
    return Distributions(wheel, sdist)
