"""A Python that has imported dbmate_wrap and forks for each call: `python -m tests.support.fork_server FD`.

A new interpreter that imports the command takes many times as long as the command itself. What comes out of
the fork is the command as `python -m dbmate_wrap` runs it: arguments, environment, folder, standard streams,
umask and signal handlers are the caller's, it has no thread and no other file of the server, and it ends as
an interpreter ends. Its callers use `forked.py`.
"""

import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TypedDict

from tests.support.data_directories import make_data_directories

# What the server writes about a child: first its process id, and once it has ended its wait status.
REPORT = struct.Struct("!q")
# The request, stdin, stdout, stderr, and where to report.
FILES = 5
# What the command imports late, when it is needed, and does not take from dbmate_wrap itself.
_LATE = ("ctypes", "difflib", "fcntl", "platform", "pwd", "resource", "shlex", "shutil", "unicodedata")
_RESET = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)


class Request(TypedDict):
    """One call of a program, which is the command but in the tests of this server."""

    module: str
    args: list[str]
    cwd: str
    env: dict[str, str]
    umask: int


def preload() -> None:
    """Import what the command imports, and nothing that looks at the environment while it is imported."""
    import dbmate_wrap

    for found in pkgutil.walk_packages(dbmate_wrap.__path__, "dbmate_wrap."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    for name in _LATE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Server:
    """Forks for every request that arrives at `control`, until nobody is at its other end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports: dict[int, int] = {}
        self._awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        # Ctrl-C reaches the whole group of the tests: they end us, after their own clearing up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def serve(self) -> Request | None:
        """The request, in the child that is to carry it out; None in the server, at the end."""
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._awake], [], [])
            if self._awake in ready:
                os.read(self._awake, 4096)
                self._report_ended()
            if self._control.fileno() in ready:
                message, files, _, _ = socket.recv_fds(self._control, 1, FILES)
                if not message:
                    return None
                if request := self._fork(files):
                    return request

    def _fork(self, files: list[int]) -> Request | None:
        request, stdin, stdout, stderr, report = files
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pid = os.fork()
        if pid == 0:
            self._forget()
            os.close(report)
            for standard, file in enumerate((stdin, stdout, stderr)):
                os.dup2(file, standard)
                os.close(file)
            with open(request, encoding="ascii") as text:
                return json.load(text)  # type: ignore[no-any-return]
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())
        for file in (request, stdin, stdout, stderr):
            os.close(file)
        self._reports[pid] = report
        self._tell(pid, pid)
        return None

    def _forget(self) -> None:
        """Let go, in a child, of what is the server's."""
        signal.set_wakeup_fd(-1)
        self._control.close()
        for file in (self._awake, self._wake, *self._reports.values()):
            os.close(file)
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())

    def _report_ended(self) -> None:
        for pid in list(self._reports):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._tell(pid, status)
                os.close(self._reports.pop(pid))

    def _tell(self, pid: int, number: int) -> None:
        # The caller may have gone away.
        with suppress(BrokenPipeError):
            os.write(self._reports[pid], REPORT.pack(number))


def take_environment(environment: Mapping[str, str]) -> None:
    """Have these variables and no others, also in the eyes of C."""
    os.environ.clear()
    os.environ.update(environment)


def carry_out(request: Request) -> None:
    """Be the command, to the end of this process."""
    os.umask(request["umask"])
    os.chdir(request["cwd"])
    take_environment(request["env"])
    sys.path[0] = request["cwd"]
    sys.argv = [request["module"], *request["args"]]
    sys.orig_argv = [sys.executable, "-m", *sys.argv]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


def main() -> None:
    """Serve; what a child does with its request is its own end of this function."""
    preload()
    made = make_data_directories()
    with made.copied():
        with socket.socket(fileno=int(sys.argv[1])) as control:
            request = Server(control).serve()
        if request is not None:
            carry_out(request)
            return
    shutil.rmtree(made.folder)


if __name__ == "__main__":
    main()
