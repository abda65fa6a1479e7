"""Answers the requests of the processes of one run of pytest, one after the other."""

import selectors
import socket
import traceback
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import UsageError, WrapError
from dbmate_wrap.pytest_plugin.databases import Databases, RecordingConsole, RepeatedError
from dbmate_wrap.pytest_plugin.messages import Answer, Failure, Request, decode_request

_READ = 1 << 16
# Who has started this process connects at once, unless it was killed.
_FIRST_CLIENT_SECONDS = 60.0
_REPEATED = "no database: the migrations cannot be applied, as the first test that wanted one says"
_CHECK = "see it without the tests: dbmate-wrap check"


@dataclass(eq=False)
class _Client:
    """One process of pytest: what it has said of a line so far, and its databases by their names."""

    connection: socket.socket
    unread: bytes = b""
    databases: dict[str, ExitStack] = field(default_factory=dict)

    @property
    def is_gone(self) -> bool:
        """True where it has closed the connection and everything that it said is read."""
        try:
            return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Service:
    """The loop over the listening socket and all connections."""

    def __init__(self, project: Path, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._clients: list[_Client] = []
        self._console = RecordingConsole()
        self._databases = Databases(project, self._console, self._is_deserted)

    def run(self) -> None:
        """Serve until nobody is connected any more; then databases are dropped, and the server has ended."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        with ExitStack() as last, ExitStack() as stack:
            stack.callback(self._databases.close)
            while self._selector.select(None if self._clients else _FIRST_CLIENT_SECONDS):
                self._serve_ready()
                if self._clients and all(client.is_gone for client in self._clients):
                    break
            # Who comes now starts another process. Those that are here wait for this one.
            self._listener.close()
            for client in self._clients:
                last.callback(client.connection.close)
                self._drop_all(client)

    def _serve_ready(self) -> None:
        for key, _ in self._selector.select(0):
            if key.data is None:
                client = _Client(self._listener.accept()[0])
                self._clients.append(client)
                self._selector.register(client.connection, selectors.EVENT_READ, client)
            elif not self._hear(key.data) and len(self._clients) > 1:
                self._selector.unregister(key.data.connection)
                self._clients.remove(key.data)
                self._drop_all(key.data)
                key.data.connection.close()

    def _hear(self, client: _Client) -> bool:
        """Do what a client asks for; False where it is gone."""
        try:
            got = client.connection.recv(_READ)
        except OSError:
            got = b""
        *lines, client.unread = (client.unread + got).split(b"\n")
        for line in lines:
            answer = self._answer(client, decode_request(line))
            if answer is not None:
                with suppress(OSError):  # It is gone: that is heard next.
                    client.connection.sendall(answer.encode())
        return bool(got)

    def _answer(self, client: _Client, request: Request) -> Answer | None:
        if request.task == "drop":
            with suppress(WrapError):
                client.databases.pop(request.database).close()
            return None
        try:
            return self._do(client, request)
        except RepeatedError:
            failure = Failure(f"{_REPEATED}\n  {_CHECK}")
        except WrapError as error:
            # What fails on the rows of a test, or is no version, is nothing that `check` shows.
            is_of_test = request.task == "migrate" or isinstance(error, UsageError)
            failure = _failure(error, "" if is_of_test else f"\n  {_CHECK}")
        except Exception:  # noqa: BLE001 - told to the test, and this process goes on for the others
            failure = Failure(f"this is a bug of dbmate-wrap:\n{traceback.format_exc()}")
        mask = self._databases.secrets.mask
        failure = Failure(mask(failure.message), failure.hint, failure.sqlstate, failure.code)
        return Answer(failure=failure, said=self._said())

    def _do(self, client: _Client, request: Request) -> Answer:
        if request.task == "migrate":
            self._databases.migrate(request.database, request.version)
            return Answer(said=self._said())
        with ExitStack() as stack:
            url = self._databases.copy(request.version, stack)
            client.databases[url.database] = stack.pop_all()
        return Answer(url.database, url.for_applications(), self._said())

    def _said(self) -> tuple[str, ...]:
        return tuple(map(self._databases.secrets.mask, self._console.take()))

    def _drop_all(self, client: _Client) -> None:
        for database in client.databases.values():
            with suppress(WrapError):
                database.close()

    def _is_deserted(self) -> bool:
        """Return True where nobody waits for the answer any more; called from another thread."""
        return all(client.is_gone for client in list(self._clients))


def _failure(error: WrapError, end: str) -> Failure:
    """Return the failure, with what a command would print and `end`."""
    from datetime import UTC, datetime

    from dbmate_wrap.domain.outcome import Outcome
    from dbmate_wrap.render.stderr_text import error_lines

    outcome = Outcome("pytest", None, "", datetime.now(UTC), error=error.report(), exit=error.code)
    text = "\n".join(error_lines(outcome)[:-1]).removeprefix("error: ")
    return Failure(f"{text}{end}", None, error.sqlstate, int(error.code))
