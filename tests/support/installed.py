"""The command as users have it: the wheel, installed by their installer into an environment of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from tests.support.repository import REPOSITORY

BIN = Path(sys.executable).parent
PYTHONS = ("3.11", "3.12", "3.13")


@dataclass(frozen=True)
class Installed:
    """An environment with the command; `python` is its interpreter."""

    command: Path
    python: Path

    def run(
        self, args: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.command, *args], cwd=cwd, env=env, capture_output=True, text=True, check=False
        )


def find_python(version: str) -> str:
    """A Python of that version, or else the one that runs the tests."""
    own = os.path.realpath(sys.executable)
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}.*"))
    named = [which(f"python{version}"), *(str(path / "bin" / "python") for path in pyenv)]
    # It is run: a shim of a version manager exists for versions that it does not have.
    ask = ["-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    for found in filter(None, named):
        done = subprocess.run([found, *ask], capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:
            return found
    return own


def by_pip(wheel: Path, python: str, folder: Path) -> Installed:
    run([BIN / "uv", "venv", "--quiet", "--python", python, folder], folder)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
    # Compiling takes longer than all the rest, and changes nothing here.
    run([*pip, "install", "--quiet", "--no-compile", f"{wheel}[embedded]"], folder)
    return Installed(folder / "bin" / "dbmate-wrap", folder / "bin" / "python")


def by_uv(wheel: Path, python: str, folder: Path) -> Installed:
    run([BIN / "uv", "venv", "--quiet", "--python", python, folder], folder)
    interpreter = folder / "bin" / "python"
    run([BIN / "uv", "pip", "install", "--quiet", "--python", interpreter, f"{wheel}[embedded]"], folder)
    return Installed(folder / "bin" / "dbmate-wrap", interpreter)


def by_pipx(wheel: Path, python: str, folder: Path) -> Installed:
    run([BIN / "pipx", "install", "--quiet", "--python", python, f"{wheel}[embedded]"], folder)
    interpreter = folder / "venvs" / "dbmate-wrap" / "bin" / "python"
    return Installed(folder / "bin" / "dbmate-wrap", interpreter)


# Each with the Python that it installs for.
INSTALLERS: Mapping[str, tuple[Callable[[Path, str, Path], Installed], str]] = {
    "pip": (by_pip, "3.11"),
    "uv": (by_uv, "3.12"),
    "pipx": (by_pipx, "3.13"),
}


def run(argv: Sequence[str | Path], folder: Path) -> None:
    """Run an installer with the locked versions: a new release of a library is no fault of ours."""
    folder.mkdir(exist_ok=True)
    constraints = folder.parent / f"{folder.name}.constraints.txt"
    constraints.write_text("\n".join(locked_versions()) + "\n")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {
        "PIP_CONSTRAINT": str(constraints),
        "UV_CONSTRAINT": str(constraints),
        "PIPX_HOME": str(folder),
        "PIPX_BIN_DIR": str(folder / "bin"),
        "PIPX_MAN_DIR": str(folder),
    }
    done = subprocess.run(argv, env=env, cwd=folder.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def locked_versions() -> Iterator[str]:
    """The lines `name==version` of requirements/runtime.txt, with their markers."""
    text = (REPOSITORY / "requirements" / "runtime.txt").read_text("utf-8")
    yield from (line[1].strip() for line in re.finditer(r"^([a-z][^\\\n]+)", text, re.MULTILINE))
