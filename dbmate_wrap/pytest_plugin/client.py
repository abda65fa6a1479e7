"""The plugin's side: asks the process that has the databases, and starts it where it does not run yet."""

import os
import secrets
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from dbmate_wrap import process
from dbmate_wrap.cluster import temporary
from dbmate_wrap.cluster.file_lock import hold_file_lock
from dbmate_wrap.errors import ExitCode, WrapError
from dbmate_wrap.pytest_plugin.database import MigratedDatabase, MigrationFailed
from dbmate_wrap.pytest_plugin.messages import Answer, Failure, Request, decode_answer
from dbmate_wrap.workspace.local_folder import create_local_folder

SOCKET = "socket"
_SERVER = "dbmate_wrap.pytest_plugin.server"
_ENDED = "the process that has the databases of the tests has ended: was it killed?"


class Client:
    """One process of pytest. `run`: what all processes of its run know; None where it is the only one."""

    def __init__(self, project: Path, run: str | None) -> None:
        self._project = project
        self._key = f"{run or secrets.token_hex(16)} {project}"
        self._names: dict[str, str] = {}
        self._connection: socket.socket | None = None
        self._unread = b""

    def copy(self, version: str | None) -> MigratedDatabase:
        """Return a new database with all migrations up to `version`; fails the test where there is none."""
        __tracebackhide__ = True
        answer = self._ask(Request("copy", version=version))
        if answer.failure is not None:
            _fail(answer.failure)
        url = answer.url
        self._names[url] = answer.database
        return MigratedDatabase(url, lambda to: self._migrate(url, to))

    def drop(self, database: str) -> None:
        """Let a database be dropped; where that cannot be said, it is dropped already, or soon."""
        name = self._names.pop(database, None)
        if self._connection is not None and name is not None:
            with suppress(OSError):
                self._connection.sendall(Request("drop", name).encode())

    def close(self) -> None:
        """Wait until the databases of this process are dropped; after the last one the server has ended."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        # Not by closing it: a process that a test has forked may have it open too.
        with suppress(OSError), connection:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    def _migrate(self, database: str, to: str | None) -> None:
        __tracebackhide__ = True
        answer = self._ask(Request("migrate", self._names[database], to))
        if (failure := answer.failure) is None:
            return
        if failure.code in (ExitCode.FAILED, ExitCode.PARTIAL):
            raise MigrationFailed(_text(failure), failure.sqlstate)
        _fail(failure)

    def _ask(self, request: Request) -> Answer:
        __tracebackhide__ = True
        try:
            answer = self._exchange(request)
        except WrapError as error:
            answer = Answer(failure=Failure(error.message, error.hint))
        except OSError:
            answer = Answer(failure=Failure(_ENDED, "run the tests again"))
        for line in answer.said:
            sys.stderr.write(f"dbmate-wrap: {line}\n")
        return answer

    def _exchange(self, request: Request) -> Answer:
        """Return the answer. Raises OSError where the process has ended, and what starting it raises."""
        __tracebackhide__ = True
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.sendall(request.encode())
            return decode_answer(self._read_line(self._connection))
        except BaseException:
            # Also what ends a test that takes too long: the next test must not get this answer.
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        """Give up the connection, and with it the databases; the next test connects again."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._unread = None, b""
        self._names.clear()

    def _read_line(self, connection: socket.socket) -> bytes:
        while b"\n" not in self._unread:
            got = connection.recv(1 << 16)
            if not got:
                raise ConnectionResetError
            self._unread += got
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _connect(self) -> socket.socket:
        """Connect; of all processes of the run that come here at once, one starts the process."""
        __tracebackhide__ = True
        if sys.platform == "win32":
            _fail(
                Failure(
                    "the fixtures of dbmate-wrap need Unix sockets, which Windows does not have", "use WSL"
                )
            )
        if not self._project.is_dir():
            _fail(Failure(f"there is no folder {self._project}, which dbmate_wrap_project names"))
        create_local_folder(self._project)
        with hold_file_lock(self._project / ".dbmate-wrap" / "pytest.start.lock"):
            connection = self._try_to_connect()
            if connection is None:
                self._start()
                connection = self._try_to_connect()
        if connection is None:
            raise ConnectionResetError
        return connection

    def _try_to_connect(self) -> socket.socket | None:
        folder = temporary.folder_of(self._key)
        with suppress(FileNotFoundError, ConnectionRefusedError):
            found = folder.lstat()
            # The folder of sockets is everybody's: what another account has made there is not ours.
            if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode):
                _fail(Failure(f"{folder} is not ours", f"ls -ld {folder}"))
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(str(folder / SOCKET))
            except OSError:
                connection.close()
                raise
            return connection
        return None

    def _start(self) -> None:
        """Start the process, which listens when this returns."""
        # -P: no module of the project's folder is taken for one of Python's own.
        argv = (sys.executable, "-P", "-m", _SERVER, str(self._project))
        environment = process.everything_inherited()
        # The key is for nobody else, and arguments can be read by everybody.
        done = process.run(process.Command(argv, environment, self._project, stdin=self._key.encode()))
        if done.returncode != 0:
            lines = "\n".join(done.stderr.strip().splitlines()[-8:])
            message = f"the databases of the tests cannot be made: {done.ending}\n{lines}"
            _fail(Failure(message, "dbmate-wrap doctor"))


def _fail(failure: Failure) -> NoReturn:
    __tracebackhide__ = True
    pytest.fail(_text(failure), pytrace=False)


def _text(failure: Failure) -> str:
    return f"{failure.message}\nhint: {failure.hint}" if failure.hint else failure.message
