"""Change small things in the code that decides, masks and records, and count what no unit test notices.

    .venv/bin/python scripts/mutate.py [--at-most N] [--with-servers N] [--seed N] [--jobs N] [TARGET ...]

A target is one of those below, such as dbmate_wrap/domain/history.py; without one all are tried. Of a target
that has more than `--at-most` changes that many are chosen; the same seed chooses the same ones. Of changes
in code that no unit test runs, `--with-servers` are tried by tests with servers, some minutes each.

mutmut is fetched by pip into a temporary folder, with the version below: nothing here depends on it. The tree
is copied, so that nothing in it is changed. docs/testing.md has the score, and what was left on purpose.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = "mutmut==3.8.1"
# Files and folders, and the tests that are to notice: those of the unit alone, so that they take seconds.
TARGETS = {
    "dbmate_wrap/domain/history.py": [
        "tests/unit/domain/test_history.py",
        "tests/unit/workspace/test_history.py",
    ],
    "dbmate_wrap/domain/masking.py": ["tests/unit/domain/test_masking.py"],
    "dbmate_wrap/domain/missing_rows.py": ["tests/unit/domain/test_missing_rows.py"],
    "dbmate_wrap/redact/capture.py": ["tests/unit/redact"],
    "dbmate_wrap/redact/redactor.py": ["tests/unit/redact"],
    "dbmate_wrap/redact/secret.py": ["tests/unit/redact"],
    "dbmate_wrap/execution": ["tests/unit/execution"],
    "dbmate_wrap/migrations": ["tests/unit/migrations", "tests/unit/policy/test_file_rules.py"],
    "dbmate_wrap/policy": ["tests/unit/policy", "tests/unit/review"],
}
# How a run of dbmate is attended is tested with servers, not by unit tests.
WITH_SERVERS = {
    "dbmate_wrap/execution": [
        "tests/e2e/test_up.py",
        "tests/e2e/test_ledger_commands.py",
        "tests/e2e/test_exec.py",
        "tests/e2e/test_redo.py",
        "tests/e2e/test_interrupts.py",
        "tests/faults/test_failure_reports.py",
        "tests/integration/test_concurrent.py",
        "tests/e2e/test_short_lived_passwords.py",
        "tests/faults/test_network.py",
        "tests/e2e/test_adoption.py",
    ]
}
_RUN = "from mutmut.__main__ import cli; cli()"
_SHOW = (
    "import sys; from mutmut.__main__ import cli; "
    "[cli(['show', each], standalone_mode=False) for each in sys.argv[1:]]"
)
# The states of mutmut. One that takes for ever, or ends Python, is noticed too.
NOTICED, UNNOTICED, NOT_REACHED = ("killed", "timeout", "segfault", "suspicious"), "survived", "no tests"


@dataclass(frozen=True)
class Mutmut:
    """mutmut in `tools`, to be run in the folder `copy`."""

    tools: Path
    copy: Path

    def call(self, *words: str, code: str = _RUN, shown: bool = False) -> str:
        """What it printed; nothing where that is `shown`."""
        environment = {**os.environ, "PYTHONPATH": str(self.tools), "PYTHONWARNINGS": "ignore"}
        output = None if shown else subprocess.PIPE
        command = [sys.executable, "-c", code, *words]
        ended = subprocess.run(
            command, cwd=self.copy, env=environment, stdout=output, stderr=output, text=True
        )
        return ended.stdout or ""

    def states(self) -> dict[str, str]:
        """The state of each change, by its name."""
        lines = [line.strip().rpartition(": ") for line in self.call("results", "--all", "true").splitlines()]
        return {name: state for name, _, state in lines if name}


def main() -> int:
    """Run mutmut on copies, and print the score of each target and each change that was not noticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--at-most", type=int, default=400, help="changes of one target that are tried")
    parser.add_argument("--with-servers", type=int, default=0, help="changes that are tried so")
    parser.add_argument("--seed", type=int, default=1, help="chooses them")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at once")
    asked = parser.parse_args()
    if unknown := [each for each in asked.targets if each not in TARGETS]:
        parser.error(f"not one of {', '.join(TARGETS)}: {', '.join(unknown)}")
    scores = []
    with tempfile.TemporaryDirectory(prefix="dbmate-wrap-mutate-") as name:
        install(Path(name, "tools"))
        for number, target in enumerate(asked.targets or TARGETS):
            mutmut = Mutmut(Path(name, "tools"), Path(name, f"copy{number}"))
            write_copy(mutmut.copy, target)
            names = choose(mutmut, asked.at_most, asked.seed)
            scores.append(score(mutmut, target, names, asked.jobs))
            if asked.with_servers and target in WITH_SERVERS:
                rest = [name for name, state in mutmut.states().items() if state == NOT_REACHED]
                names = sample(rest, asked.with_servers, asked.seed)
                scores.append(score_with_servers(mutmut, target, names))
    print(*scores, sep="\n")
    return 0


def choose(mutmut: Mutmut, at_most: int, seed: int) -> list[str]:
    """The names of the changes that are tried, after all of them were made."""
    # A name that none has: it makes them, finds the tests of each, and ends.
    mutmut.call("run", "--max-children", "1", "none.*")
    return sample(list(mutmut.states()), at_most, seed)


def sample(names: Sequence[str], at_most: int, seed: int) -> list[str]:
    """So many of the names at most, always the same ones of the same names."""
    ordered = sorted(names)
    return sorted(random.Random(seed).sample(ordered, at_most)) if len(ordered) > at_most else ordered


def score(mutmut: Mutmut, target: str, names: Sequence[str], jobs: int) -> str:
    """Try the changes; print those that were not noticed, and return the score in a line."""
    all_of_it = len(mutmut.states())
    mutmut.call("run", "--max-children", str(jobs), *names, shown=True)
    states = {name: state for name, state in mutmut.states().items() if name in set(names)}
    if "not checked" in states.values():
        raise SystemExit(f"{target}: the tests fail where nothing was changed")
    unnoticed = [name for name, state in states.items() if state == UNNOTICED]
    print(*lines_of(mutmut.call(*unnoticed, code=_SHOW)), sep="\n")
    counts = Counter(states.values())
    noticed = sum(counts[state] for state in NOTICED)
    return (
        f"{target}: {all_of_it} changes, {len(names)} tried: {noticed} noticed, {len(unnoticed)} not, "
        f"{counts[NOT_REACHED]} in code that no unit test runs"
    )


def score_with_servers(mutmut: Mutmut, target: str, names: Sequence[str]) -> str:
    """Make each change in the copy itself, run the tests with servers; as `score` does."""
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", *WITH_SERVERS[target]]

    def first_failure() -> str:
        ended = subprocess.run(pytest, cwd=mutmut.copy, stdout=subprocess.PIPE, text=True, check=False)
        lines = ended.stdout.splitlines() if ended.returncode else []
        return next((line for line in lines if line.startswith(("FAILED", "ERROR"))), "".join(lines[-1:]))

    if failure := first_failure():
        raise SystemExit(f"{target}: the tests fail where nothing was changed: {failure}")
    unnoticed = []
    for name in names:
        path = mutmut.copy / (name.partition(".x")[0].replace(".", "/") + ".py")
        before = path.read_bytes()
        mutmut.call("apply", name)
        assert path.read_bytes() != before, name
        failure = first_failure()
        path.write_bytes(before)
        print(f"{name}: {failure or 'survived'}", flush=True)
        unnoticed += [] if failure else [name]
    print(*lines_of(mutmut.call(*unnoticed, code=_SHOW)), sep="\n")
    return f"  with servers: {len(names)} of these tried: {len(names) - len(unnoticed)} noticed"


def install(folder: Path) -> None:
    """Install mutmut beside everything, without the pytest that it brings: the tests' own is used."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), MUTMUT]
    subprocess.run(pip, check=True)
    for found in [*folder.glob("pytest*"), *folder.glob("_pytest"), *folder.glob("pluggy*")]:
        shutil.rmtree(found)


def write_copy(folder: Path, target: str) -> None:
    """Copy what the tests need, with the settings of mutmut and of pytest."""
    folder.mkdir()
    for name in ("dbmate_wrap", "tests", "scripts", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "README.md", folder)
    settings = {
        "source_paths": ["dbmate_wrap"],
        "only_mutate": [target if target.endswith(".py") else f"{target}/*"],
        "pytest_add_cli_args_test_selection": TARGETS[target],
        "also_copy": ["tests", "scripts", "docs", "README.md", "pyproject.toml"],
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    pytest = 'pythonpath = ["."]\naddopts = ["--import-mode=importlib", "-p", "no:cacheprovider"]'
    text = "\n".join(["[tool.mutmut]", *lines, "", "[tool.pytest.ini_options]", pytest, ""])
    (folder / "pyproject.toml").write_text(text)


def lines_of(shown: str) -> list[str]:
    """The name of each change, and the lines that it takes away and puts in."""
    return [
        line
        for line in shown.splitlines()
        if line.startswith(("# ", "+", "-")) and line[:3] not in ("+++", "---")
    ]


if __name__ == "__main__":
    raise SystemExit(main())
