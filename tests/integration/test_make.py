"""`make` and scripts/bootstrap in a folder of their own, where pip is a script that installs nothing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import CliResult
from tests.support.repository import REPOSITORY

pytestmark = pytest.mark.integration

# `python -m pip` does nothing, all else is Python itself.
PYTHON = f"""#!/bin/sh
[ "${{2:-}}" != pip ] || exit 0
exec '{sys.executable}' "$@"
"""


@dataclass(frozen=True)
class Folder:
    """A clone with the package's one module, and a .venv that is complete."""

    root: Path

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> CliResult:
        """Run a command there, as a container does: Python compiles nothing by itself."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            words,
            cwd=self.root,
            env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return CliResult(done.returncode, done.stdout, done.stderr)

    def compiled(self) -> list[str]:
        """The modules that were compiled."""
        return sorted(path.name.split(".")[0] for path in self.root.glob("dbmate_wrap/**/*.pyc"))

    def add(self, path: str, text: str, *, program: bool = False) -> None:
        """Write one file."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if program else 0o644)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Younger than its requirements, so that make builds nothing again."""
    made = Folder((tmp_path / "clone").resolve())
    for name in ("runtime", "build", "dev"):
        made.add(f"requirements/{name}.txt", "")
    made.add("pyproject.toml", "")
    made.add("dbmate_wrap/__init__.py", "")
    made.add("dbmate_wrap/commands/up.py", "x = 1\n")
    made.add(".venv/bin/python", PYTHON, program=True)
    made.add(".venv/.home", f"{made.root}\n")
    (made.root / "scripts").mkdir()
    shutil.copy(REPOSITORY / "Makefile", made.root)
    shutil.copy(REPOSITORY / "scripts" / "bootstrap", made.root / "scripts")
    made.add(".venv/.stamp", "")
    return made


def test_what_builds_the_environment_compiles_the_package(folder: Folder) -> None:
    done = folder.run("sh", "scripts/bootstrap", "runtime")
    assert done.returncode == 0, done
    assert folder.compiled() == ["__init__", "up"]
    assert not (folder.root / ".venv" / ".incomplete").exists()


def test_make_setup_compiles_what_has_changed_since(folder: Folder) -> None:
    assert folder.run("make", "setup").returncode == 0
    assert folder.compiled() == ["__init__", "up"]
    folder.add("dbmate_wrap/commands/down.py", "x = 1\n")
    done = folder.run("make", "setup")
    assert (done.returncode, done.stderr) == (0, "")
    assert folder.compiled() == ["__init__", "down", "up"]


def test_a_package_that_does_not_compile_does_not_keep_setup_from_its_end(folder: Folder) -> None:
    folder.add("dbmate_wrap/broken.py", "def\n")
    done = folder.run("make", "setup")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ready: " in done.stdout


TARGETS = ["migrate", "status", "new", "check", "seal", "plan", "rollback"]


@pytest.mark.parametrize("target", TARGETS)
def test_make_says_which_exit_code_the_command_had(folder: Folder, target: str) -> None:
    folder.add(".venv/bin/dbmate-wrap", "#!/bin/sh\necho result\nexit 13\n", program=True)
    done = folder.run("make", target, "NAME=x")
    assert (done.returncode, done.stdout) == (2, "result\n")
    said = (
        "make: dbmate-wrap ended with 13 (docs/exit-codes.md);"
        " a script that needs the code runs .venv/bin/dbmate-wrap itself"
    )
    assert done.stderr.splitlines().count(said) == 1, done.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_make_says_nothing_where_all_went_well(folder: Folder, target: str) -> None:
    folder.add(".venv/bin/dbmate-wrap", '#!/bin/sh\necho "$@"\n', program=True)
    done = folder.run("make", target, "NAME=x", "ARGS=--to '0 4'")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("--to 0 4\n")


def test_every_target_that_runs_the_command_is_tested() -> None:
    recipes = [
        line for line in (REPOSITORY / "Makefile").read_text().splitlines() if line.startswith("\t@$(WRAP)")
    ]
    assert len(recipes) == len(TARGETS)
