"""docs/fleet/github/fleet.yml, run on this machine by act.

Its schema and linter: tests/integration/test_ci_files.py.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.engines import Fleet, with_programs
from tests.support.repository import REPOSITORY

FILE = REPOSITORY / "docs" / "fleet" / "github" / "fleet.yml"
ACT = Path(sys.executable).parent / "act"

# Stand-ins, as nothing is fetched here: they take the inputs that the workflow gives. $STORE has the files.
_UPLOAD = """
name: upload
inputs: {name: {required: true}, path: {required: true}, overwrite: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: mkdir "$STORE/$NAME" && cp $FILES "$STORE/$NAME/"
      env: {NAME: "${{ inputs.name }}", FILES: "${{ inputs.path }}"}
"""
_DOWNLOAD = """
name: download
inputs: {pattern: {required: true}, merge-multiple: {required: true}}
runs:
  using: composite
  steps:
    - shell: bash
      run: cp "$STORE"/$PATTERN/* .
      env: {PATTERN: "${{ inputs.pattern }}"}
"""
_NOTHING = """
name: nothing
inputs: {python-version: {required: true}}
runs: {using: composite, steps: [{shell: bash, run: "true"}]}
"""
ACTIONS = {
    "actions/upload-artifact@v4": _UPLOAD,
    "actions/download-artifact@v4": _DOWNLOAD,
    "actions/setup-python@v5": _NOTHING,
}
# act copies the folder instead.
CHECKOUT = "actions/checkout@v4"
# act knows neither (its issue 5976), and gets what GitHub would say: the matrix of the file is its own index.
NOT_IN_ACT = {"${{ strategy.job-index }}": "${{ matrix.shard }}", "${{ strategy.job-total }}": "4"}


def document() -> Mapping[str, Mapping[str, Mapping[str, object]]]:
    found: object = YAML(typ="safe").load(FILE.read_text("utf-8"))
    assert isinstance(found, Mapping)
    return found


def test_what_act_gets_is_what_github_would_say() -> None:
    text, jobs = FILE.read_text("utf-8"), document()["jobs"]
    assert jobs["up"]["strategy"]["matrix"] == {"shard": [0, 1, 2, 3]}  # type: ignore[index] # a mapping
    assert set(re.findall(r"\$\{\{ strategy\..*? \}\}", text)) == set(NOT_IN_ACT)
    used = re.findall(r"uses: (\S+)", text)
    assert set(used) == {*ACTIONS, CHECKOUT}


def test_the_shards_do_not_stop_each_other() -> None:
    found = document()
    strategy = found["jobs"]["up"]["strategy"]
    assert isinstance(strategy, Mapping)
    assert strategy["fail-fast"] is False
    # A group on a job of the matrix lets one run, one wait, and cancels the others.
    assert all("concurrency" not in job for job in found["jobs"].values())
    assert found["concurrency"] == {"group": "production-fleet", "cancel-in-progress": False}


@pytest.mark.skipif(not ACT.exists(), reason="act is not installed: make setup")
def test_the_workflow_migrates_every_database(fleet: Fleet, tmp_path: Path) -> None:
    text = FILE.read_text("utf-8")
    for expression, value in NOT_IN_ACT.items():
        text = text.replace(expression, value)
    workflow = fleet.folder / ".github" / "workflows" / "fleet.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(text)
    store = tmp_path / "store"
    store.mkdir()
    actions = []
    for number, (name, definition) in enumerate(ACTIONS.items()):
        folder = tmp_path / f"action-{number}"
        folder.mkdir()
        (folder / "action.yml").write_text(definition)
        actions += ["--local-repository", f"{name}={folder}"]
    path = with_programs(tmp_path / "bin", {"pip": "exit 0"}, fleet.environment["PATH"])
    done = fleet.run(
        *(ACT, "workflow_dispatch", "-P", "ubuntu-latest=-self-hosted", "--no-cache-server"),
        *("--concurrent-jobs", "2", "--env", f"STORE={store}", *actions),
        *("--secret", "PRODUCTION_DATABASE_URL"),
        env={"PATH": path, "PRODUCTION_DATABASE_URL": fleet.url},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fleet.assert_migrated()
    assert sorted(os.listdir(store)) == [f"shard-{number}" for number in range(4)]
    # The summary of the report.
    assert "Fleet `tenants`: 6 databases" in done.stdout
    assert fleet.url not in done.stdout + done.stderr
