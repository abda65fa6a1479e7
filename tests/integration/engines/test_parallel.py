"""docs/fleet/parallel/fleet-up, run by GNU parallel."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress

import pytest

from tests.support.cli import PATIENCE, wait_for
from tests.support.engines import Fleet
from tests.support.projects import migration
from tests.support.repository import REPOSITORY

SCRIPT = REPOSITORY / "docs" / "fleet" / "parallel" / "fleet-up"


def is_gnu_parallel(fleet: Fleet) -> bool:
    # The package moreutils has another program of this name.
    return (
        shutil.which("parallel") is not None and "GNU parallel" in fleet.run("parallel", "--version").stdout
    )


def test_shards_of_gnu_parallel_add_up(fleet: Fleet) -> None:
    if not is_gnu_parallel(fleet):
        pytest.skip("GNU parallel is not installed: package parallel")
    done = fleet.run(SCRIPT, "3", "3", env={"PRODUCTION_DATABASE_URL": fleet.url})
    assert done.returncode == 0, done
    fleet.assert_migrated()
    jobs = [line.split("\t") for line in (fleet.folder / "fleet.joblog").read_text().splitlines()[1:]]
    assert sorted((job[0], job[6]) for job in jobs) == [("1", "0"), ("2", "0"), ("3", "0")]
    # Shards that cannot reach its databases: parallel counts failed jobs, and the report has the code.
    again = fleet.run(SCRIPT, "2", env={"PRODUCTION_DATABASE_URL": "postgres://nobody@/x?host=/nowhere"})
    assert again.returncode == 34, again


def test_shards_that_are_stopped_end_their_sessions_and_report(fleet: Fleet) -> None:
    if not is_gnu_parallel(fleet):
        pytest.skip("GNU parallel is not installed: package parallel")
    fleet.project.add("003_slow.sql", migration("select pg_sleep(600);"))
    fleet.project.seal()
    server = fleet.databases[0].server
    asleep = "select pid from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()"
    environment = {**fleet.environment, "PRODUCTION_DATABASE_URL": fleet.url}
    with subprocess.Popen(
        [SCRIPT, "1"],
        cwd=fleet.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as script:
        try:
            wait_for(lambda: server.execute(asleep), "the slow migration")
            # A pipeline ends what it has started, and nothing below that.
            script.send_signal(signal.SIGTERM)
            said, _ = script.communicate(timeout=PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(script.pid, signal.SIGKILL)
    # That of the report: to be run again. parallel alone would have left the shard running, or killed it.
    assert script.returncode == 34, said
    assert server.execute(asleep) == []
    assert "terminated" in said


def test_a_shard_has_time_to_end() -> None:
    # By default parallel kills a job 350 milliseconds after SIGTERM.
    found = re.search(r"--term-seq TERM,(\d+),KILL", SCRIPT.read_text("utf-8"))
    assert found is not None
    assert int(found[1]) >= 60_000
