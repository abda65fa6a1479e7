"""The command as a process: forked from a Python that has imported it already, or a Python of its own."""

import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.fork_server import FILES, REPORT, Request
from tests.support.repository import REPOSITORY

_EXECUTE = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
# What Python reads while it starts: a server that has started cannot obey.
_STARTUP = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_")
_ENCODING = "C.UTF-8"
_PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")


class _ForkServer:
    """The server of this process of pytest; it ends when its socket is closed, at the latest with us."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
                cwd=REPOSITORY,
                env={"PATH": os.environ["PATH"], "LANG": _ENCODING, "PYTHONPATH": str(REPOSITORY)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def send(self, request: Request, files: Sequence[int]) -> int:
        """Where the server reports about the child that it forks for this."""
        here, there = os.pipe()
        try:
            with tempfile.TemporaryFile() as text:
                text.write(json.dumps(request).encode("ascii"))
                text.seek(0)
                sent = [text.fileno(), *files, there]
                assert len(sent) == FILES
                socket.send_fds(self._control, [b"x"], sent)
        finally:
            os.close(there)
        return here

    def stop(self) -> None:
        """Wait for its end."""
        self._control.close()
        self._process.wait()


@cache
def _server() -> _ForkServer:
    return _ForkServer()


def stop_fork_server() -> None:
    """End the server, if there is one."""
    if _server.cache_info().currsize:
        _server().stop()
        _server.cache_clear()


class _ForkedCommand(subprocess.Popen[str]):
    """`Popen` of the command, whose child comes from the server, which also waits for it."""

    def _execute_child(self, *args: Any) -> None:  # noqa: ANN401 - the base class's, of which we need a few
        given = _EXECUTE.bind(self, *args).arguments
        mask = os.umask(0)
        os.umask(mask)
        module, *args_of_it = given["args"]
        request = Request(module=module, args=args_of_it, cwd=str(given["cwd"]), env=given["env"], umask=mask)
        assert Path(request["cwd"]).is_dir(), request["cwd"]
        try:
            self._report = _server().send(
                request, [given[name] for name in ("p2cread", "c2pwrite", "errwrite")]
            )
            self.pid = self._read_report()
        finally:
            self._close_pipe_fds(*(given[name] for name in _PIPES))  # type: ignore[attr-defined]
        self._child_created = True

    def _read_report(self) -> int:
        report = os.read(self._report, REPORT.size)
        assert len(report) == REPORT.size, "the fork server has ended"
        number = REPORT.unpack(report)[0]
        assert isinstance(number, int)
        return number

    def _internal_poll(self, *args: object, **options: object) -> int | None:
        return self._ended(0)

    def _wait(self, timeout: float | None) -> int:
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        """The exit code, once it is known."""
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(self._read_report())
            os.close(self._report)
        return self.returncode


def start_command(
    args: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    own_interpreter: bool = False,
    module: str = "dbmate_wrap",
) -> "subprocess.Popen[str]":
    """The command in the background, like `python -m dbmate_wrap`; what it writes goes to pipes.

    `own_interpreter`: for a test that is about the start itself. So does every environment that holds what
    Python reads while it starts.
    """
    forked = not (own_interpreter or any(_is_read_at_start(*item) for item in env.items()))
    command = [module, *args] if forked else [sys.executable, "-m", module, *args]
    return (_ForkedCommand if forked else subprocess.Popen)(
        command,
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # Where the tests themselves run in the background, SIGINT is ignored, which a child would inherit.
        preexec_fn=None if forked else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )


def run_on_files(args: Sequence[str], cwd: Path, env: Mapping[str, str], files: tuple[int, int, int]) -> int:
    """The exit code of the command, forked, whose standard streams are these files."""
    stdin, stdout, stderr = files
    with _ForkedCommand(
        ["dbmate_wrap", *args],
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    ) as process:
        return process.wait()


def _is_read_at_start(name: str, value: str) -> bool:
    return name.startswith(_STARTUP) and (name, value) not in (
        ("LANG", _ENCODING),
        ("PYTHONPATH", str(REPOSITORY)),
    )
