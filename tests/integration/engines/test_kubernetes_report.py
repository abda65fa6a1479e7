"""docs/fleet/kubernetes/report.sh with a `kubectl` that answers as that of a cluster; there is none here."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.engines import with_programs
from tests.support.repository import REPOSITORY

SCRIPT = REPOSITORY / "docs" / "fleet" / "kubernetes" / "report.sh"
# `get job` says one line of the file `conditions` at a time.
KUBECTL = """
case "$1 $2" in
"get job") head -n 1 "$HERE/conditions" | tr ' ' '\\n'; sed -i 1d "$HERE/conditions" ;;
"get pods") [ "$4" = batch.kubernetes.io/job-name=migrate ] && printf 'migrate-%s\\n' 0-a 0-b 1-c ;;
"logs migrate-0-a") echo 'error: the pod is gone' >&2; exit 1 ;;
logs*) echo "{\\"of\\": \\"$2\\"}" ;;
esac
"""
REPORT = """
echo "$1 $2"
shift 2
for file in "$@"; do echo "$(basename "$file") $(cat "$file")"; done
exit "$CODE"
"""


def run(folder: Path, conditions: str, code: int = 0) -> "subprocess.CompletedProcess[str]":
    (folder / "conditions").write_text(conditions)
    (folder / "tmp").mkdir()
    path = with_programs(folder / "bin", {"kubectl": KUBECTL, "dbmate-wrap": REPORT}, os.environ["PATH"])
    environment = {
        "PATH": path,
        "HERE": str(folder),
        "CODE": str(code),
        "TMPDIR": str(folder / "tmp"),
        "INTERVAL": "0.01",
    }
    done = subprocess.run(
        [SCRIPT, "migrate"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert list((folder / "tmp").iterdir()) == []
    return done


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_the_logs_of_all_pods_are_reported_when_the_job_has_ended(tmp_path: Path, end: str) -> None:
    done = run(tmp_path, f"\n\nFailureTarget SuccessCriteriaMet\nFailureTarget {end}\n", code=35)
    assert done.returncode == 35, done
    assert done.stdout.splitlines() == [
        "fleet report",
        # What cannot be read is told, and is empty.
        "migrate-0-a.jsonl ",
        'migrate-0-b.jsonl {"of": "migrate-0-b"}',
        'migrate-1-c.jsonl {"of": "migrate-1-c"}',
    ]
    assert "no log of migrate-0-a" in done.stderr
    assert (tmp_path / "conditions").read_text() == ""


def test_the_code_of_the_report_is_that_of_the_script(tmp_path: Path) -> None:
    assert run(tmp_path, "Complete\n").returncode == 0
