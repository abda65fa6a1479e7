"""Starts a child process, waits for it, ends it and captures its output."""

import contextlib
import errno
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from dbmate_wrap.process.no_connect import deny_connections
from dbmate_wrap.process.pipe_reader import PipeReader
from dbmate_wrap.process.signals import signals_delayed
from dbmate_wrap.redact import NOTHING, Capture, Redactor

# A child gets this long between SIGTERM and SIGKILL.
GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.25
_PR_SET_PDEATHSIG = 1
_SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass(frozen=True)
class Command:
    """A program with everything that it gets from us; `env` is its complete environment.

    `undecodable` is what happens to stdout that is not UTF-8, as for `bytes.decode`. `dies_with_us`: where
    the system can (Linux), the child is killed when this process is, even by SIGKILL. `connects`: where not,
    and the system can, neither the child nor what it starts connects to anybody.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path | None = None
    uid_gid: tuple[int, int] | None = None
    stdin: bytes = field(default=b"", repr=False)
    undecodable: Literal["replace", "surrogateescape"] = "replace"
    dies_with_us: bool = False
    connects: bool = True


@dataclass(frozen=True)
class Completed:
    """A child that has ended; `returncode` is negative for a signal, as in `subprocess`.

    `truncated`: a pipe gave more than was kept of it.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    timed_out: bool
    truncated: bool = False

    @property
    def ending(self) -> str:
        """The end in words: ``exit code 2`` or ``signal 9 (SIGKILL)``."""
        if self.returncode >= 0:
            return f"exit code {self.returncode}"
        try:
            return f"signal {-self.returncode} ({signal.Signals(-self.returncode).name})"
        except ValueError:
            return f"signal {-self.returncode}"


def inherited(names: Iterable[str]) -> dict[str, str]:
    """Return those of the named variables that are set: the base of a child's allow-listed environment."""
    return {name: os.environ[name] for name in names if name in os.environ}


def run(
    command: Command,
    *,
    timeout: float | None = None,
    secrets: Redactor = NOTHING,
    on_line: Callable[[str], None] | None = None,
    limit: int = 1 << 20,
    should_stop: Callable[[], bool] | None = None,
) -> Completed:
    """Run a child to its end; keep at most `limit` characters of each pipe, its beginning and its end.

    `on_line` gets every masked line of stdout in another thread; its exception is raised here. `should_stop`
    is called four times a second; True ends the child. Raises OSError when the child cannot be started.
    """
    out, err = Capture(secrets, limit, on_line, command.undecodable), Capture(secrets, limit, None)
    child: subprocess.Popen[bytes] | None = None
    readers: list[PipeReader] = []
    try:
        with signals_delayed():
            child = _start(command)
            readers = [PipeReader(child.stdout, out), PipeReader(child.stderr, err)]
        if child.stdin is not None:
            threading.Thread(target=_feed, args=(child.stdin, command.stdin), daemon=True).start()
        timed_out = _wait(child, readers[0], timeout, should_stop)
    finally:
        # Also on KeyboardInterrupt and Terminated: no child outlives this call.
        if child is not None and child.returncode is None:
            _end(child)
        ended = time.monotonic()
        for reader in readers:
            reader.finish(ended)
    if out.error is not None:
        raise out.error
    code = child.returncode if child.returncode is not None else -_SIGKILL
    return Completed(command.argv, code, out.text(), err.text(), timed_out, out.truncated or err.truncated)


def run_interactive(command: Command) -> int:
    """Run a child on our own terminal and return its exit code; Ctrl-C reaches only the child meanwhile."""
    # A handler that does nothing, not SIG_IGN: the child would inherit that and ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.call(list(command.argv), env=dict(command.env), cwd=command.cwd)
    finally:
        signal.signal(signal.SIGINT, before)


def _start(command: Command) -> "subprocess.Popen[bytes]":
    uid_gid = command.uid_gid
    try:
        return subprocess.Popen(
            list(command.argv),
            env=dict(command.env),
            cwd=command.cwd,
            stdin=subprocess.PIPE if command.stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            user=uid_gid[0] if uid_gid else None,
            group=uid_gid[1] if uid_gid else None,
            extra_groups=[] if uid_gid else None,
            # A group of its own: Ctrl-C reaches this process alone, which decides how the child ends.
            start_new_session=sys.platform != "win32",
            preexec_fn=_before_it_runs(command),
        )
    except ValueError:
        # A NUL or a lone surrogate. Python's message may quote it, and it may be part of a secret.
        raise OSError(errno.EINVAL, "an argument or variable holds what no program can be given") from None


def _before_it_runs(command: Command) -> Callable[[], None] | None:
    if not command.connects:
        return deny_connections()
    return _die_with_parent() if command.dies_with_us and sys.platform == "linux" else None


def _die_with_parent() -> Callable[[], None]:
    """The call by which a new child asks the kernel to kill it when we die (prctl(2), PR_SET_PDEATHSIG)."""
    # Python warns of `preexec_fn` beside threads, and it stays: without it a dbmate whose wrapper was killed
    # goes on alone and applies the next migrations, which no ledger records. Then tests/faults/test_kills.py
    # fails, each time in test_what_was_committed_without_a_record_is_named_with_both_ways_out and
    # test_a_run_right_after_a_kill_waits_for_what_the_dead_one_left_on_the_server, and in two more.
    import ctypes

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def agree() -> None:
        # Nothing here may allocate much or take a lock: another thread may hold it, and is not in the child.
        prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return agree


def _wait(
    child: "subprocess.Popen[bytes]",
    stdout: PipeReader,
    timeout: float | None,
    should_stop: Callable[[], bool] | None,
) -> bool:
    """Wait for the child's end; True when it took longer than `timeout`.

    The child still runs then, and when `should_stop` has returned True.
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    while child.poll() is None:
        # `Popen.wait` with a timeout sleeps up to 50 ms too long; the end of stdout is noticed at once.
        seconds = min(_POLL_SECONDS, max(deadline - time.monotonic(), 0))
        if stdout.wait(seconds):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
        if child.poll() is None and time.monotonic() >= deadline:
            return True
        if child.poll() is None and should_stop is not None and should_stop():
            break
    return False


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # A child may ignore its input; its exit code then decides.
    with contextlib.suppress(OSError), pipe:
        pipe.write(data)


def _end(child: "subprocess.Popen[bytes]") -> None:
    try:
        _signal_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    finally:
        # Also after a second Ctrl-C, and for processes that the child has started.
        _signal_group(child, _SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)


def _signal_group(child: "subprocess.Popen[bytes]", number: int) -> None:
    # The group may be empty; macOS reports EPERM when only a zombie is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            child.send_signal(number)
        else:
            os.killpg(child.pid, number)
