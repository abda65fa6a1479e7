"""What postmaster.pid says, and when it is believed."""

import os
from pathlib import Path

import pytest

from dbmate_wrap.cluster import postmaster
from dbmate_wrap.cluster.postmaster import PidFile

LINES = "{pid}\n{data}\n1795350369\n5432\n{sockets}\n\n  2212404        25\n{status}\n"


def write(data: Path, *, status: str = "ready   ", said: Path | None = None, pid: int | None = None) -> None:
    """A pid file as PostgreSQL writes it, of a socket in the same folder."""
    text = LINES.format(pid=pid or os.getpid(), data=said or data, sockets=data, status=status)
    (data / "postmaster.pid").write_text(text)


def test_a_complete_file(tmp_path: Path) -> None:
    write(tmp_path)
    assert postmaster.read_pid_file(tmp_path) == PidFile(os.getpid(), tmp_path, 5432, tmp_path, "ready")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("garbage\n", None),
        ("42\n/d\n1\n5432\n", PidFile(42, Path("/d"), 5432, None, "")),
        ("-42\n/d\n1\n0\n", PidFile(42, Path("/d"), 0, None, "")),
    ],
    ids=["empty", "garbage", "still starting", "standalone"],
)
def test_an_incomplete_file(tmp_path: Path, text: str, expected: PidFile | None) -> None:
    (tmp_path / "postmaster.pid").write_text(text)
    assert postmaster.read_pid_file(tmp_path) == expected


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    assert postmaster.read_pid_file(tmp_path) is None
    assert postmaster.read_pid_file(tmp_path / "nowhere") is None


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data directory whose socket is taken to accept connections."""
    monkeypatch.setattr(postmaster, "accepts", lambda path: path == tmp_path / ".s.PGSQL.5432")
    return tmp_path


def test_a_ready_server_is_believed(listening: Path) -> None:
    write(listening)
    assert postmaster.find_ready(listening) is not None


@pytest.mark.parametrize("status", ["starting", "stopping", "standby ", ""])
def test_one_that_is_not_ready_is_not(listening: Path, status: str) -> None:
    write(listening, status=status)
    assert postmaster.find_ready(listening) is None


def test_the_pid_file_of_a_copied_project_is_not_believed(listening: Path) -> None:
    write(listening, said=Path("/original/data"))
    assert postmaster.find_ready(listening) is None


def test_a_dead_process_is_not_believed(listening: Path) -> None:
    write(listening, pid=2**22 + 1)  # Beyond Linux's largest.
    assert postmaster.find_ready(listening) is None


def test_this_process_is_no_postmaster(tmp_path: Path) -> None:
    assert postmaster.runs_in(os.getpid(), tmp_path) is False
