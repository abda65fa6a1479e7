"""docs/fleet/gitlab/fleet.gitlab-ci.yml, run on this machine by gitlab-ci-local.

Its schema: tests/integration/test_ci_files.py.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.engines import Fleet, with_programs
from tests.support.repository import REPOSITORY

FILE = REPOSITORY / "docs" / "fleet" / "gitlab" / "fleet.gitlab-ci.yml"
RUNNER = REPOSITORY / "tests" / "gitlab-ci-local" / "node_modules" / ".bin" / "gitlab-ci-local"


def document() -> Mapping[str, Mapping[str, object]]:
    found: object = YAML(typ="safe").load(FILE.read_text("utf-8"))
    assert isinstance(found, Mapping)
    return found


def missing() -> str | None:
    """Why the jobs cannot be run here; None where they can."""
    if not RUNNER.exists():
        return "gitlab-ci-local is not installed: npm ci --prefix tests/gitlab-ci-local --ignore-scripts"
    if shutil.which("rsync") is None:
        return "gitlab-ci-local wants rsync"
    asked = subprocess.run([RUNNER, "--version"], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else "gitlab-ci-local does not run on this Node.js"


def test_the_jobs_fall_into_no_trap() -> None:
    found = document()
    shared = found[".fleet"]
    # With `when` beside it, its reasons are tried again, too.
    assert shared["retry"] == {"max": 2, "exit_codes": [34, 143]}
    assert shared["interruptible"] is False
    assert all("resource_group" not in job for name, job in found.items() if name != "stages")
    assert found["up"]["artifacts"]["when"] == "always"  # type: ignore[index] # a mapping
    assert found["report"]["rules"][0]["when"] == "always"  # type: ignore[index] # a list of mappings


def test_the_pipeline_migrates_every_database(fleet: Fleet, tmp_path: Path) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    shutil.copy(FILE, fleet.folder / ".gitlab-ci.yml")
    path = with_programs(tmp_path / "bin", {"pip": "exit 0"}, fleet.environment["PATH"])
    done = fleet.run(
        *(RUNNER, "--force-shell-executor", "--concurrency", "2"),
        *("--variable", f"PRODUCTION_DATABASE_URL={fleet.url}"),
        env={"PATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fleet.assert_migrated()
    assert "fleet tenants: 6 databases" in done.stdout
    assert (fleet.folder / "fleet-junit.xml").exists()
