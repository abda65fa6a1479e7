"""Runs functions in processes of their own, each forked from a process that has imported what they need.

That is the fork server of `multiprocessing`: a start takes some milliseconds, and nothing of our threads and
connections is in the new process.
"""

import contextlib
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, TypeVar

from dbmate_wrap.errors import BinaryError
from dbmate_wrap.process.signals import TERMINATIONS, Terminated, signals_delayed

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, ForkServerProcess

_T = TypeVar("_T")
# What ends this process reaches the whole group of a terminal, and all processes of a service.
_OF_GROUPS = frozenset({signal.SIGINT, *TERMINATIONS})
# Of 103 bytes that macOS has for the path of a socket, and Linux 107.
_LONGEST_FOLDER = 60
_STOPPED = 128 + signal.SIGTERM


def _make_room_for_socket() -> None:
    """Let `multiprocessing` have its folder in /tmp where the path of a socket in it would be too long.

    It makes the folder once, by `tempfile`, and a file in it has some 40 characters more.
    """
    if len(os.fsencode(tempfile.gettempdir())) <= _LONGEST_FOLDER:
        return
    before, tempfile.tempdir = tempfile.tempdir, "/tmp"  # noqa: S108 - the folder in it is private
    try:
        multiprocessing.util.get_temp_dir()
    finally:
        tempfile.tempdir = before


class Workers:
    """Starts processes; `preload` are modules that the fork server imports before the first."""

    def __init__(self, preload: Sequence[str]) -> None:
        self._preload = list(preload)

    @cached_property
    def _context(self) -> "ForkServerContext":
        if sys.platform == "win32":
            raise BinaryError(
                "the databases of a fleet get a process each by a fork server, which Windows does not have",
                hint="use WSL, or one database at a time: dbmate-wrap up -e ENV --target NAME",
            )
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        return context

    def prepare(self) -> None:
        """Start the fork server, which imports while we do something else; calling it again does nothing.

        Raises BinaryError (11) on Windows.
        """
        assert self._context is not None, "made before the server, to which it tells what to import"
        from multiprocessing import forkserver, resource_tracker

        # It and all that it starts begin with these blocked: it has to outlive what it started.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_GROUPS)
        try:
            resource_tracker.ensure_running()
            # Older Pythons have unblocked two of them by this.
            signal.pthread_sigmask(signal.SIG_BLOCK, _OF_GROUPS)
            _make_room_for_socket()
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def start(self, work: Callable[[Connection, _T], None], argument: _T) -> "Worker":
        """Run ``work(messages, argument)`` in a process of its own; both are pickled.

        What `work` sends by `messages` is got by `Worker.messages`.
        """
        try:
            return self._start(work, argument)
        except (EOFError, ConnectionError):
            # The fork server was killed just now: there is another one by the next time.
            return self._start(work, argument)

    def _start(self, work: Callable[[Connection, _T], None], argument: _T) -> "Worker":
        self.prepare()
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_begin, args=(work, theirs, argument), daemon=True)
        with signals_delayed():
            process.start()
        theirs.close()
        return Worker(process, ours)


class Worker:
    """One process, and what it says."""

    def __init__(self, process: "ForkServerProcess", connection: Connection) -> None:
        self._process = process
        self._connection = connection
        self._says = True

    @property
    def waits_for(self) -> tuple[Connection | int, ...]:
        """What becomes ready when the process says something or ends."""
        return (self._connection,) if self._says else (self._process.sentinel,)

    def messages(self) -> Iterator[object]:
        """Yield what it has said since the last call; returns where there is nothing more now."""
        try:
            while self._says and self._connection.poll():
                yield self._connection.recv()
        except (EOFError, OSError):
            self._says = False

    @property
    def exit_code(self) -> int | None:
        """None while it runs or what it said is not taken yet; negative for the signal that ended it.

        255 where the fork server was killed meanwhile: nobody knows it then.
        """
        # Its own end of the pipe tells that it runs: the fork server may be gone before it.
        return None if self._says else self._process.exitcode

    def interrupt(self, number: int) -> None:
        """Send it a signal; to one that is stopped (SIGSTOP) it gets through too."""
        pid = self._process.pid
        if pid is None or self.exit_code is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            os.kill(pid, signal.SIGCONT)

    def terminate(self) -> None:
        """Ask it to end as on SIGTERM."""
        self.interrupt(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once: the system ends the dbmate that it has started as well."""
        self.interrupt(signal.SIGKILL)

    def close(self) -> None:
        """Wait for its end, and free what it took."""
        self._process.join()
        self._connection.close()
        self._process.close()


def wait_for(workers: Sequence[Worker], seconds: float) -> None:
    """Return when one of them says something or ends, or after so many seconds."""
    wait([each for worker in workers for each in worker.waits_for], seconds)


def is_interrupt(number: int) -> bool:
    """Return True for the signal of Ctrl-C."""
    return number == signal.SIGINT


def _begin(work: Callable[[Connection, _T], None], messages: Connection, argument: _T) -> None:
    # A group of its own, which no terminal reaches: who started us tells us, once.
    os.setpgid(0, 0)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _OF_GROUPS)
        parent = multiprocessing.parent_process()
        if parent is not None:
            threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
        with messages:
            work(messages, argument)
    except (KeyboardInterrupt, Terminated):
        # Before the work has begun or after its end: no reason for a traceback.
        raise SystemExit(_STOPPED) from None


def _end_with(sentinel: int) -> None:
    """End as on SIGTERM when the process that started us is gone, however it went."""
    wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
