"""What a server of our own recovers from: kills, reboots, cleaners, projects moved and copied."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from dbmate_wrap.cluster import paths
from dbmate_wrap.cluster.server import start, state, stop
from dbmate_wrap.errors import ConfigError
from tests.support.clusters import PROGRAMS, START, pid, python, server, wait_until_gone


def test_a_killed_server_comes_back(home: Path) -> None:
    server(start(home, PROGRAMS)).execute("CREATE TABLE kept ()")
    number = pid(home)
    os.kill(number, 9)
    assert wait_until_gone(number)
    assert state(home).pid is None
    again = start(home, PROGRAMS)
    assert again.started
    assert server(again).execute("SELECT to_regclass('kept')::text") == [("kept",)]


def test_a_pid_file_that_names_somebody_elses_process_harms_neither(home: Path) -> None:
    endpoint = start(home, PROGRAMS)
    data = paths.find_data(home)
    assert data is not None
    lines = (data / "postmaster.pid").read_text()
    stop(home)
    # After a restart of the machine: the same number, the same account, another program.
    account = data.stat().st_uid if os.geteuid() == 0 else None
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=account, cwd="/")
    try:
        stale = f"{stranger.pid}\n" + lines.partition("\n")[2]
        for path in (data / "postmaster.pid", endpoint.socket_dir / ".s.PGSQL.5432.lock"):
            path.write_text(stale)
        assert stop(home) is False
        assert start(home, PROGRAMS).started
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_killed_starter_leaves_nothing_to_trip_over(home: Path) -> None:
    starter = python(START, home)
    deadline = time.monotonic() + 20
    while not list(home.glob("data.new-*")) and time.monotonic() < deadline:
        time.sleep(0.005)
    starter.kill()
    starter.communicate()
    assert start(home, PROGRAMS).started
    assert server(start(home, PROGRAMS)).execute("SELECT 1") == [(1,)]


def test_leftovers_of_killed_starters_are_removed(home: Path) -> None:
    left = home / "data.new-0123"
    (left / "base").mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    start(home, PROGRAMS)
    assert not left.exists()


def test_a_socket_folder_that_was_cleaned_away_heals(home: Path) -> None:
    first = start(home, PROGRAMS)
    server(first).execute("CREATE TABLE kept ()")
    shutil.rmtree(first.socket_dir)
    assert state(home).pid is None
    again = start(home, PROGRAMS)
    assert again == first
    assert server(again).execute("SELECT to_regclass('kept')::text") == [("kept",)]


def test_a_home_deleted_under_its_server_starts_afresh(home: Path) -> None:
    server(start(home, PROGRAMS)).execute("CREATE TABLE gone ()")
    orphan = pid(home)
    shutil.rmtree(home.parent)  # git clean -fdx
    again = start(home, PROGRAMS)
    assert server(again).execute("SELECT to_regclass('gone')") == [(None,)]
    assert wait_until_gone(orphan)


def test_a_project_moved_under_its_server_keeps_its_data(home: Path) -> None:
    server(start(home, PROGRAMS)).execute("CREATE TABLE kept ()")
    before = pid(home)
    moved = home.parents[1].rename(home.parents[2] / "moved") / ".dbmate-wrap" / "postgres"
    again = start(moved, PROGRAMS)
    assert again.started
    assert wait_until_gone(before)
    assert server(again).execute("SELECT to_regclass('kept')::text") == [("kept",)]


def test_a_copied_project_has_a_server_of_its_own(home: Path) -> None:
    original = start(home, PROGRAMS)
    server(original).execute("CREATE TABLE kept (); CHECKPOINT")
    copy = home.parents[2] / "copy"
    subprocess.run(["cp", "-a", str(home.parents[1]), str(copy)], check=True)
    other = start(copy / ".dbmate-wrap" / "postgres", PROGRAMS)
    assert other.started
    assert other.socket_dir != original.socket_dir
    server(other).execute("DROP TABLE kept")
    assert server(original).execute("SELECT to_regclass('kept')::text") == [("kept",)]


def test_a_file_in_the_place_of_the_home_is_explained(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    home.touch()
    with pytest.raises(ConfigError, match="is a file"):
        start(home, PROGRAMS)
    home.unlink()
