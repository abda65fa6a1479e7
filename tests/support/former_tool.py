"""The tool as it was last released, from the history of this repository."""

import io
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import CliResult, Document, assert_presentable
from tests.support.repository import REPOSITORY

# What stands for the last release until one is tagged: the last commit before a run could be over a fleet.
UNTIL_ONE_IS_TAGGED = "4b39bcd7e1515fba2844240b665331ef0683439d"


@dataclass(frozen=True)
class FormerTool:
    """The package of that commit in `folder`, run by the Python and with the libraries of the tests."""

    commit: str
    folder: Path

    def run(self, args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> CliResult:
        """The answer of the command."""
        done = self._python(["-m", "dbmate_wrap", *args], cwd, env)
        answer = CliResult(done.returncode, done.stdout, done.stderr)
        assert_presentable(answer)
        return answer

    def json(self, args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Document:
        """The document of the command, which tells its exit code."""
        done = self.run([*args, "--format", "json"], cwd, env)
        assert done.json()["exit"]["code"] == done.returncode  # type: ignore[index]
        return done.json()

    def origin(self, cwd: Path) -> Path:
        """Where Python takes the package from."""
        return Path(self._python(["-c", "import dbmate_wrap; print(dbmate_wrap.__file__)"], cwd, {}).stdout)

    def _python(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *words],
            cwd=cwd,
            env={**env, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )


def unpack_former_tool(folder: Path) -> FormerTool:
    """The newest release before this commit; skips the test where git does not have it."""
    if shutil.which("git") is None:
        pytest.skip("there is no git to take the last release from")
    tag = _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^").stdout.decode().strip()
    wanted = tag or UNTIL_ONE_IS_TAGGED
    archive = _git("archive", "--format=tar", wanted, "dbmate_wrap")
    if archive.returncode != 0:
        pytest.skip(
            f"{wanted} is not in this clone (a shallow one, or none): {archive.stderr.decode().strip()}"
        )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return FormerTool(wanted, folder)


def _git(*words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, check=False)
