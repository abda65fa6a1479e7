"""docs/fleet/slurm/fleet.sbatch, run by Slurm on one node."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.support import slurm
from tests.support.cli import RunCli
from tests.support.engines import Fleet
from tests.support.repository import REPOSITORY

SCRIPT = REPOSITORY / "docs" / "fleet" / "slurm" / "fleet.sbatch"


@contextmanager
def started() -> Iterator[slurm.Slurm]:
    """A cluster; the test is skipped where there is none."""
    if (reason := slurm.missing()) is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(slurm.run_slurm())
        except slurm.CannotRun as error:
            pytest.skip(str(error))
        yield cluster


@pytest.mark.slow
def test_the_tasks_of_a_slurm_array_add_up(fleet: Fleet, run_cli: RunCli) -> None:
    # A job gets the whole environment of whoever submits it; a file is better.
    secret = fleet.folder / "url"
    secret.touch(mode=0o600)
    secret.write_text(fleet.url)
    with (fleet.folder / "dbmate-wrap.toml").open("a") as settings:
        settings.write(f'[environments.production]\nurl_file = "{secret}"\n')
    with started() as cluster:
        done = cluster.run("sbatch", "--wait", str(SCRIPT), cwd=fleet.folder, env=fleet.environment)
        logs = "\n".join(path.read_text() for path in sorted(fleet.folder.glob("shard-*.log")))
    assert done.returncode == 0, (done, logs)
    fleet.assert_migrated()
    shards = sorted(path.name for path in fleet.folder.glob("shard-*.jsonl"))
    assert shards == [f"shard-{number}.jsonl" for number in range(4)]
    report = run_cli(["fleet", "report", *shards], fleet.folder)
    assert report.returncode == 0, report
