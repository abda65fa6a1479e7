"""Change the decisions that matter most in small ways, and count the changes that no unit test notices.

    .venv/bin/python scripts/mutate.py [MODULE ...]     such as dbmate_wrap/domain/history.py; without: all

mutmut is fetched by pip into a temporary folder, with the version below: nothing here depends on it. The tree
is copied, so that nothing in it is changed. docs/testing.md has the score, and what was left on purpose.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = "mutmut==3.8.1"
# The modules, and the tests that are to notice: those of the unit alone, so that they take seconds.
MODULES = {
    "dbmate_wrap/domain/history.py": [
        "tests/unit/domain/test_history.py",
        "tests/unit/workspace/test_history.py",
    ],
    "dbmate_wrap/domain/masking.py": ["tests/unit/domain/test_masking.py"],
    "dbmate_wrap/domain/missing_rows.py": ["tests/unit/domain/test_missing_rows.py"],
    "dbmate_wrap/redact/capture.py": ["tests/unit/redact"],
    "dbmate_wrap/redact/redactor.py": ["tests/unit/redact"],
    "dbmate_wrap/redact/secret.py": ["tests/unit/redact"],
}
_RUN = "from mutmut.__main__ import cli; cli()"


def main() -> int:
    """Run mutmut on a copy, and print the score and each change that was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    modules = parser.parse_args().modules or list(MODULES)
    if unknown := [each for each in modules if each not in MODULES]:
        parser.error(f"not one of {', '.join(MODULES)}: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="dbmate-wrap-mutate-") as name:
        tools, copy = Path(name, "tools"), Path(name, "copy")
        install(tools)
        write_copy(copy, modules)
        environment = {**os.environ, "PYTHONPATH": str(tools), "PYTHONWARNINGS": "ignore"}

        def mutmut(*words: str, quiet: bool = True) -> str:
            command = [sys.executable, "-c", _RUN, *words]
            output = subprocess.PIPE if quiet else None
            return subprocess.run(command, cwd=copy, env=environment, stdout=output, text=True).stdout or ""

        mutmut("run", "--max-children", "2", quiet=False)
        for line in mutmut("results").splitlines():
            mutant, _, state = line.strip().rpartition(": ")
            if mutant:
                print(f"\n{mutant}: {state}", *changes(mutmut("show", mutant)), sep="\n")
    return 0


def install(folder: Path) -> None:
    """Install mutmut beside everything, without the pytest that it brings: the tests' own is used."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), MUTMUT]
    subprocess.run(pip, check=True)
    for found in [*folder.glob("pytest*"), *folder.glob("_pytest"), *folder.glob("pluggy*")]:
        shutil.rmtree(found)


def write_copy(folder: Path, modules: Sequence[str]) -> None:
    """Copy what the tests need, with the settings of mutmut and of pytest."""
    folder.mkdir()
    for name in ("dbmate_wrap", "tests", "scripts", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    tests = sorted({test for module in modules for test in MODULES[module]})
    settings = {
        "source_paths": ["dbmate_wrap"],
        "only_mutate": list(modules),
        "pytest_add_cli_args_test_selection": tests,
        "also_copy": ["tests", "scripts", "docs", "pyproject.toml"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    pytest = 'pythonpath = ["."]\naddopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]'
    text = "\n".join(["[tool.mutmut]", *lines, "", "[tool.pytest.ini_options]", pytest, ""])
    (folder / "pyproject.toml").write_text(text)


def changes(shown: str) -> list[str]:
    """The lines of a diff that were taken away and put in."""
    return [
        line for line in shown.splitlines() if line.startswith(("+", "-")) and line[:3] not in ("+++", "---")
    ]


if __name__ == "__main__":
    raise SystemExit(main())
