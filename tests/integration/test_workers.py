"""Processes of a fork server: what they say arrives, their end is seen, and none outlives its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from dbmate_wrap.process.workers import Worker, Workers, wait_for
from tests.support.cli import PATIENCE
from tests.support.cli import wait_for as wait_until
from tests.support.repository import REPOSITORY
from tests.support.worker_jobs import end_with, hang, say, tell_group, wait_for_file

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no fork server"),
]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Starts processes; its fork server ends with these tests."""
    yield Workers(())
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


def next_words(worker: Worker) -> list[object]:
    """What it says next."""
    said: list[object] = []
    while not said:
        wait_for([worker], PATIENCE)
        said += worker.messages()
        assert said or worker.exit_code is None
    return said


def to_the_end(worker: Worker) -> tuple[list[object], int]:
    """All that it says, and its exit code."""
    deadline = time.monotonic() + PATIENCE
    said: list[object] = []
    while (code := worker.exit_code) is None:
        assert time.monotonic() < deadline
        wait_for([worker], 1.0)
        said += worker.messages()
    worker.close()
    return said, code


def test_what_a_process_says_arrives_whole_and_in_order(workers: Workers) -> None:
    # More than a pipe holds.
    words = ["a", {"b": 1}, "x" * 1_000_000, None]
    assert to_the_end(workers.start(say, words)) == (words, 0)


def test_several_are_waited_for_at_once(workers: Workers) -> None:
    running = [workers.start(hang, None), workers.start(say, ["a"])]
    wait_for(running, PATIENCE)
    assert to_the_end(running[1]) == (["a"], 0)
    assert running[0].exit_code is None
    running[0].kill()
    assert to_the_end(running[0])[1] == -signal.SIGKILL


@pytest.mark.parametrize("code", [0, 3])
def test_an_exit_code_is_seen(workers: Workers, code: int) -> None:
    assert to_the_end(workers.start(end_with, code)) == ([], code)


def test_a_process_has_a_group_of_its_own(workers: Workers) -> None:
    (told,), _ = to_the_end(workers.start(tell_group, None))
    assert isinstance(told, tuple)
    pid, group = told
    assert pid == group != os.getpgid(0)


def test_a_process_that_somebody_else_kills_is_seen(workers: Workers) -> None:
    worker = workers.start(hang, None)
    (pid,) = next_words(worker)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    assert to_the_end(worker) == ([], -signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the state of a process is read in /proc")
def test_a_process_that_is_stopped_is_ended_all_the_same(workers: Workers) -> None:
    worker = workers.start(hang, None)
    (pid,) = next_words(worker)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    state = Path(f"/proc/{pid}/stat")
    wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "the stop")
    worker.terminate()
    assert to_the_end(worker) == ([], -signal.SIGTERM)


def test_to_a_process_that_has_ended_nothing_is_sent(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one may have its number by then."""
    worker = workers.start(say, [])
    while worker.exit_code is None:
        wait_for([worker], PATIENCE)
        assert list(worker.messages()) == []
    monkeypatch.setattr(os, "kill", lambda pid, number: pytest.fail(f"{pid} {number}"))
    worker.terminate()
    worker.kill()
    worker.close()


def test_a_signal_that_comes_while_a_process_starts_is_handled_when_it_has_started(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[tuple[int, bool]] = []
    start, started = ForkServerProcess.start, False

    def interrupted_start(process: ForkServerProcess) -> None:
        nonlocal started
        signal.raise_signal(signal.SIGTERM)
        start(process)
        started = True

    monkeypatch.setattr(ForkServerProcess, "start", interrupted_start)
    before = signal.signal(signal.SIGTERM, lambda number, frame: handled.append((number, started)))
    try:
        assert to_the_end(workers.start(say, ["a"])) == (["a"], 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert handled == [(signal.SIGTERM, True)]


def test_a_process_outlives_the_fork_server_and_says_its_last_word(workers: Workers, tmp_path: Path) -> None:
    worker = workers.start(wait_for_file, tmp_path / "go")
    next_words(worker)
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
    assert to_the_end(workers.start(say, ["a"])) == (["a"], 0)
    assert worker.exit_code is None
    (tmp_path / "go").touch()
    # How it ended nobody knows.
    assert to_the_end(worker) == (["done"], 255)


@pytest.mark.parametrize("error", [EOFError(), ConnectionRefusedError(), BrokenPipeError()])
def test_a_start_is_tried_again_where_the_fork_server_was_killed_in_the_middle_of_it(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    start, errors = ForkServerProcess.start, [error]

    def failing_start(process: ForkServerProcess) -> None:
        if errors:
            raise errors.pop()
        start(process)

    monkeypatch.setattr(ForkServerProcess, "start", failing_start)
    assert to_the_end(workers.start(say, ["a"])) == (["a"], 0)


def test_signals_to_the_group_reach_no_process_and_the_death_of_the_parent_ends_all(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.worker_parent", str(tmp_path)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as parent:
        try:
            assert parent.stdout is not None
            told = json.loads(parent.stdout.readline())
        finally:
            parent.kill()
        wait_until(lambda: all((tmp_path / each).exists() for each in ("first", "second")), "their ends")
        assert [(tmp_path / each).read_text() for each in ("first", "second")] == ["terminated"] * 2
        # All of them had it until now.
        assert parent.stderr is not None
        assert parent.stderr.read() == b""
    signals = [signal.SIGHUP, signal.SIGINT, signal.SIGTERM]
    assert told == {
        "signals": sorted(signals * 2),
        "same server": True,
        "exit codes": [None, None, 128 + signal.SIGTERM],
    }


def test_a_long_folder_for_temporary_files_is_no_hindrance(tmp_path: Path) -> None:
    # The path of a socket has at most 107 bytes.
    folder = tmp_path / ("a" * 120)
    folder.mkdir()
    program = (
        "import tempfile; from tests.support.worker_jobs import say; from dbmate_wrap.process import workers;"
        "started = workers.Workers(()).start(say, ['a']); workers.wait_for([started], 60);"
        "print(list(started.messages()), tempfile.gettempdir())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"TMPDIR": str(folder), "PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"['a'] {folder}\n"), done.stderr
