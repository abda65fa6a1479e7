"""The server's OS account: root has to take another one, which may not reach the project or the programs."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbmate_wrap.cluster import account, binaries, paths
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.server import State, destroy, state, stop
from dbmate_wrap.errors import ConfigError
from tests.support.clusters import PROGRAMS, START, pid, python, server, start

pytestmark = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root")


@pytest.fixture
def closed_home(tmp_path: Path) -> Iterator[Path]:
    """A home in a project under a folder of mode 0700 that belongs to root, such as /root."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    yield closed / "project" / ".dbmate-wrap" / "postgres"
    destroy(closed / "project" / ".dbmate-wrap" / "postgres")


def modes(path: Path) -> list[tuple[int, int]]:
    """Mode and owner of every folder from `path` up to the root."""
    return [(found.st_mode, found.st_uid) for found in (folder.stat() for folder in (path, *path.parents))]


def test_root_runs_it_as_an_unprivileged_account(home: Path) -> None:
    start(home, PROGRAMS)
    assert pwd.getpwuid((home / "data").stat().st_uid).pw_name in ("postgres", "nobody")
    assert Path(f"/proc/{pid(home)}").stat().st_uid != 0


def test_data_that_the_account_could_not_reach_lies_in_var_tmp(closed_home: Path) -> None:
    project = closed_home.parents[1]
    project.mkdir()
    before = modes(project)
    endpoint = start(closed_home, PROGRAMS)
    data = paths.data_link(closed_home).readlink()
    assert data.parent.parent == Path("/var/tmp")
    assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
    server(endpoint).execute("CREATE TABLE kept ()")
    assert start(closed_home, PROGRAMS).started is False
    assert stop(closed_home)
    again = start(closed_home, PROGRAMS)
    assert server(again).execute("SELECT to_regclass('kept')::text") == [("kept",)]
    assert modes(project) == before
    destroy(closed_home)
    assert not data.parent.exists()
    assert state(closed_home) == State(None, None)


def test_data_in_var_tmp_that_nobody_points_to_is_made_anew(closed_home: Path) -> None:
    server(start(closed_home, PROGRAMS)).execute("CREATE TABLE gone ()")
    shutil.rmtree(closed_home.parent)  # git clean -fdx, while it runs.
    again = start(closed_home, PROGRAMS)
    assert server(again).execute("SELECT to_regclass('gone')") == [(None,)]


def test_data_cleaned_out_of_var_tmp_is_made_anew(closed_home: Path) -> None:
    start(closed_home, PROGRAMS)
    stop(closed_home)
    shutil.rmtree(paths.data_link(closed_home).readlink().parent)
    assert state(closed_home) == State(None, None)
    assert start(closed_home, PROGRAMS).started


def test_a_copied_project_has_data_of_its_own_in_var_tmp_too(closed_home: Path) -> None:
    original = start(closed_home, PROGRAMS)
    copy = closed_home.parents[2] / "copy" / ".dbmate-wrap" / "postgres"
    subprocess.run(["cp", "-a", str(closed_home.parents[1]), str(copy.parents[1])], check=True)
    try:
        assert state(copy) == State(None, None)
        assert start(copy, PROGRAMS).socket_dir != original.socket_dir
    finally:
        destroy(copy)
    assert server(original).execute("SELECT 1") == [(1,)]


def test_a_moved_project_keeps_its_data_in_var_tmp(closed_home: Path) -> None:
    server(start(closed_home, PROGRAMS)).execute("CREATE TABLE kept ()")
    stop(closed_home)
    moved = closed_home.parents[1].rename(closed_home.parents[2] / "moved") / ".dbmate-wrap" / "postgres"
    try:
        assert server(start(moved, PROGRAMS)).execute("SELECT to_regclass('kept')::text") == [("kept",)]
    finally:
        destroy(moved)


def test_programs_that_the_account_cannot_run_are_copied_once(closed_home: Path, tmp_path: Path) -> None:
    package = PROGRAMS.bin_dir.parents[1]
    site = tmp_path / "site-packages"
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), site / name, symlinks=True)
    (site / f"{package.name}-0.test.dist-info").mkdir()
    unreachable = Binaries(site / package.name / "pginstall" / "bin", PROGRAMS.major, "wheel")
    copy = Path("/var/tmp/dbmate-wrap-programs-0-0.test")
    try:
        assert server(start(closed_home, unreachable)).execute("SELECT 1") == [(1,)]
        made = copy.stat()
        assert (made.st_uid, stat.S_IMODE(made.st_mode)) == (0, 0o755)
        stop(closed_home)
        assert start(closed_home, unreachable).started
        assert copy.stat().st_ino == made.st_ino
    finally:
        destroy(closed_home)
        shutil.rmtree(copy, ignore_errors=True)
        copy.with_name(f"{copy.name}.lock").unlink(missing_ok=True)


def test_local_programs_that_the_account_cannot_run_are_explained(closed_home: Path, tmp_path: Path) -> None:
    shutil.copytree(PROGRAMS.bin_dir, tmp_path / "bin")
    with pytest.raises(ConfigError, match="cannot run"):
        start(closed_home, Binaries(tmp_path / "bin", PROGRAMS.major, "local"))


@pytest.mark.parametrize("planted", ["folder", "link", "file"])
def test_a_socket_folder_that_somebody_else_made_is_refused(home: Path, planted: str, tmp_path: Path) -> None:
    path = paths.socket_dir(home, account.choose_account(home / "data"))
    stranger = pwd.getpwnam("daemon").pw_uid
    match planted:
        case "folder":
            path.mkdir(mode=0o777)
        case "link":
            path.symlink_to(tmp_path)
        case _:
            path.touch()
    os.chown(path, stranger, -1, follow_symlinks=False)
    try:
        with pytest.raises(ConfigError, match="somebody else made it") as caught:
            start(home, PROGRAMS)
        assert f"ls -ld {path}" in (caught.value.hint or "")
    finally:
        path.rmdir() if planted == "folder" else path.unlink()
    assert start(home, PROGRAMS).started


@pytest.fixture
def interpreter() -> str:
    """A Python that an ordinary user can run: this one may lie under /root."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            child = python("import dbmate_wrap.cluster.server", user="nobody", interpreter=candidate)
        except OSError:
            continue
        child.communicate()
        if child.returncode == 0:
            return candidate
    pytest.skip("an ordinary user can run no Python here, or cannot reach this checkout")


def test_an_ordinary_user_needs_no_root(open_folder: Path, interpreter: str) -> None:
    project = open_folder / "project"
    project.mkdir()
    shutil.chown(project, "nobody")
    child = python(START, project / ".dbmate-wrap" / "postgres", user="nobody", interpreter=interpreter)
    assert child.communicate(timeout=60) == ("True\n", "")
    # Root takes the owner of what is there.
    home = project / ".dbmate-wrap" / "postgres"
    assert start(home, PROGRAMS).started is False
    stop(home)
    assert start(home, PROGRAMS).started
    assert (home / "data" / "postmaster.pid").stat().st_uid == project.stat().st_uid


@pytest.mark.parametrize("case", ["read-only project", "data of another account"])
def test_an_ordinary_user_is_told_what_is_in_the_way(home: Path, interpreter: str, case: str) -> None:
    if case == "data of another account":
        start(home, PROGRAMS)
        shutil.chown(home, "daemon")
    child = python(START, home, user="nobody", interpreter=interpreter)
    error = child.communicate(timeout=60)[1].strip().splitlines()[-1]
    if case == "data of another account":
        shutil.chown(home, account.choose_account(home / "data").uid)
        assert "belongs to another account, not to you (was it started as root?)" in error
    else:
        assert error.startswith("dbmate_wrap.errors.ConfigError: cannot write ")
        assert error.endswith("Permission denied")


def test_data_that_belongs_to_root_is_explained(home: Path) -> None:
    start(home, PROGRAMS)
    stop(home)
    os.chown(home / "data", 0, 0)
    with pytest.raises(ConfigError, match="belongs to root, and PostgreSQL does not run as root"):
        start(home, PROGRAMS)
    destroy(home)


def test_it_changes_no_mode_of_the_virtual_environment(home: Path) -> None:
    before = modes(PROGRAMS.bin_dir)
    start(home, binaries.embedded())
    assert modes(PROGRAMS.bin_dir) == before
    assert subprocess.run(["getent", "passwd", "embedded_postgres"], check=False).returncode != 0
