"""The only place that starts a child process or reads what this process inherited for one."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Literal

from dbmate_wrap.redact import NOTHING, Capture, Redactor

# A child gets this long between SIGTERM and SIGKILL.
GRACE_SECONDS = 5.0
# A pipe that is silent for this long after its child has ended is held open by a process that outlives it.
_SILENCE_SECONDS = 1.0
_SAME_WISH_SECONDS = 1.0
_CHUNK = 65536
_TICK_SECONDS = 0.25
_PR_SET_PDEATHSIG = 1
_TERMINATIONS = (signal.SIGTERM,) if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP)
_SIGKILL = getattr(signal, "SIGKILL", signal.SIGTERM)


@dataclass(frozen=True)
class Completed:
    """A child that has ended; `returncode` is negative for a signal, as in `subprocess`.

    `truncated` tells that a pipe gave more than was kept of it, `stopped` that `tick` ended it.
    """

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    timed_out: bool
    truncated: bool = False
    stopped: bool = False

    @property
    def ending(self) -> str:
        """For people: ``exit code 2`` or ``signal 9 (SIGKILL)``."""
        if self.returncode >= 0:
            return f"exit code {self.returncode}"
        try:
            return f"signal {-self.returncode} ({signal.Signals(-self.returncode).name})"
        except ValueError:
            return f"signal {-self.returncode}"


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; like KeyboardInterrupt, it passes every `except Exception`."""


@contextlib.contextmanager
def terminations_as_exceptions() -> Iterator[None]:
    """While this lasts, SIGTERM and SIGHUP raise Terminated in the main thread, and children are ended."""
    last = -_SAME_WISH_SECONDS

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        # Supervisors send both at once: the second must not break the clearing up after the first.
        if last - before >= _SAME_WISH_SECONDS:
            raise Terminated

    # What is ignored stays so: `nohup dbmate-wrap up &` outlives its terminal.
    heard = [number for number in _TERMINATIONS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def inherited(names: Iterable[str]) -> dict[str, str]:
    """Those of the named variables that this process has: the start of an allow-listed child environment."""
    return {name: os.environ[name] for name in names if name in os.environ}


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    stdin: bytes = b"",
    timeout: float | None = None,
    uid_gid: tuple[int, int] | None = None,
    secrets: Redactor = NOTHING,
    on_line: Callable[[str], None] | None = None,
    limit: int = 1 << 20,
    tick: Callable[[], bool] | None = None,
    dies_with_us: bool = False,
    undecodable: Literal["replace", "surrogateescape"] = "replace",
) -> Completed:
    """Run a child to its end and keep at most `limit` characters of each pipe, its beginning and its end.

    `env` is the child's complete environment. `on_line` gets every line of stdout as it comes, masked, in
    another thread; what it raises is raised here. `tick` is called about four times a second while the child
    runs, and ends it by returning True. `dies_with_us`: where the system can (Linux), the child is killed
    when this process is, even by SIGKILL. `undecodable`: what becomes of stdout that is not UTF-8, as for
    `bytes.decode`. Raises OSError when the child cannot be started.
    """
    out, err = Capture(secrets, limit, on_line, undecodable), Capture(secrets, limit, None)
    child: subprocess.Popen[bytes] | None = None
    readers: list[_Reader] = []
    timed_out = stopped = False
    try:
        with _signals_wait():
            child = _start(argv, env, cwd, stdin=bool(stdin), uid_gid=uid_gid, dies_with_us=dies_with_us)
            readers += [_Reader(child.stdout, out), _Reader(child.stderr, err)]
        if child.stdin is not None:
            threading.Thread(target=_feed, args=(child.stdin, stdin), daemon=True).start()
        if tick is None:
            child.wait(timeout)
        else:
            stopped = _attended(child, readers[0], tick)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        # Also on KeyboardInterrupt and Terminated: what we started does not outlive this call.
        if child is not None and child.returncode is None:
            _end(child)
        ended = time.monotonic()
        for reader in readers:
            reader.finish(ended)
    assert child is not None
    if out.error is not None:
        raise out.error
    code = child.returncode if child.returncode is not None else -_SIGKILL
    truncated = out.truncated or err.truncated
    return Completed(tuple(argv), code, out.text(), err.text(), timed_out, truncated, stopped)


def run_interactive(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Run a child on our own terminal and return its exit code; Ctrl-C belongs to the child meanwhile."""
    # A handler that does nothing, not SIG_IGN: that would be inherited, and the child deaf to Ctrl-C.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.call(list(argv), env=dict(env))
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """While this lasts, SIGINT, SIGTERM and SIGHUP have no effect: for the last words of a stopped run."""
    with _collect_signals([]):
        yield


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Hold signals back, and handle them at the end: while a child is born nobody knows yet what to end."""
    arrived: list[int] = []
    with _collect_signals(arrived):
        yield
    for number in arrived:
        signal.raise_signal(number)


@contextlib.contextmanager
def _collect_signals(arrived: list[int]) -> Iterator[None]:
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *_TERMINATIONS):
            # Handlers only: what is ignored must reach the child so, and what is default ends us anyway.
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, frame: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path | None,
    *,
    stdin: bool,
    uid_gid: tuple[int, int] | None,
    dies_with_us: bool,
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            user=uid_gid[0] if uid_gid else None,
            group=uid_gid[1] if uid_gid else None,
            extra_groups=[] if uid_gid else None,
            # A group of its own: Ctrl-C reaches us alone, and we decide how the child ends.
            start_new_session=sys.platform != "win32",
            preexec_fn=_death_pact() if dies_with_us and sys.platform == "linux" else None,
        )
    except ValueError:
        # A NUL or a lone surrogate; Python's message may quote it, and it may be part of a secret.
        raise OSError(errno.EINVAL, "an argument or variable holds what no program can be given") from None


def _death_pact() -> Callable[[], None]:
    """What a newborn child calls so that the kernel kills it when we die (prctl(2), PR_SET_PDEATHSIG)."""
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


def _attended(child: "subprocess.Popen[bytes]", stdout: "_Reader", tick: Callable[[], bool]) -> bool:
    """Wait for the child's end; True when `tick` wanted it stopped (`run` ends it)."""
    while child.poll() is None:
        # `Popen.wait` with a timeout sleeps up to 50 ms too long; the end of stdout is noticed at once.
        if stdout.at_end(_TICK_SECONDS):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_TICK_SECONDS)
        if child.poll() is None and tick():
            return True
    return False


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # The child may choose not to read its input: its exit code tells the rest.
    with contextlib.suppress(OSError), pipe:
        pipe.write(data)


def _end(child: "subprocess.Popen[bytes]") -> None:
    try:
        _signal_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)
    finally:
        # Also after a second Ctrl-C; and what the child itself has started may still be there.
        _signal_group(child, _SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)


def _signal_group(child: "subprocess.Popen[bytes]", number: int) -> None:
    # Nobody may be left in the group; macOS says EPERM where only a zombie is.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            child.send_signal(number)
        else:
            os.killpg(child.pid, number)


class _Reader:
    """Reads one pipe to its end, in a thread of its own, so that no child ever waits for us."""

    def __init__(self, pipe: IO[bytes] | None, kept: Capture) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._kept = kept
        self._waiting_since: float | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe as pipe:
            while True:
                self._waiting_since = time.monotonic()
                chunk = os.read(pipe.fileno(), _CHUNK)
                self._waiting_since = None
                if not chunk:
                    break
                self._kept.add(chunk)
        self._kept.close()

    def at_end(self, patience: float) -> bool:
        """Whether the pipe has ended; waits for it that long."""
        self._thread.join(patience)
        return not self._thread.is_alive()

    def finish(self, ended: float) -> None:
        """Wait for the pipe's end, but not for what outlives the child (gone since `ended`) and holds it."""
        while self._thread.is_alive():
            since = self._waiting_since
            if since is not None and time.monotonic() - max(since, ended) >= _SILENCE_SECONDS:
                break
            self._thread.join(0.05)
        self._kept.close()
