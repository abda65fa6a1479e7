"""A way to a server of the tests that counts, exactly, how many connections are open at once."""

import selectors
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.servers import Server

_CHUNK = 65536
_SESSION = 196608  # The version of the protocol: what begins otherwise cancels a query, or asks for TLS.


@dataclass(eq=False)
class _Link:
    client: socket.socket
    server: socket.socket
    database: str | None = None


@dataclass
class CountingProxy:
    """Listens on 127.0.0.1; `most` connections were open at once, to `most_databases` databases.

    `most_of` tells it for each database. What was closed before another one began is not counted with it.
    """

    server: Server
    most: int = 0
    most_databases: int = 0
    most_of: Counter[str] = field(default_factory=Counter)
    _links: set[_Link] = field(default_factory=set)
    _selector: selectors.DefaultSelector = field(default_factory=selectors.DefaultSelector)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = int(self._listener.getsockname()[1])
        self._ours, self._theirs = socket.socketpair()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ours, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Count again; for moments at which nobody is connected."""
        self.most = self.most_databases = 0
        self.most_of.clear()

    def close(self) -> None:
        """Listen no more."""
        self._theirs.close()
        self._thread.join()
        for link in list(self._links):
            self._end(link)
        self._listener.close()
        self._ours.close()
        self._selector.close()

    def _serve(self) -> None:
        while True:
            ready = {key.fileobj for key, _ in self._selector.select()}
            if self._ours in ready:
                return
            # Whoever is at the door came after all that are gone by now.
            self._carry()
            if self._listener in ready:
                self._accept()

    def _carry(self) -> None:
        for key, _ in self._selector.select(0):
            if isinstance(key.data, _Link) and key.data in self._links:
                source = key.fileobj
                assert isinstance(source, socket.socket)
                self._forward(key.data, source)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(f"{self.server.socket_dir}/.s.PGSQL.{self.server.port}")
        link = _Link(client, upstream)
        self._links.add(link)
        for side in (client, upstream):
            self._selector.register(side, selectors.EVENT_READ, link)

    def _forward(self, link: _Link, source: socket.socket) -> None:
        to = link.server if source is link.client else link.client
        try:
            data = source.recv(_CHUNK)
            to.sendall(data)
        except OSError:
            data = b""
        if not data:
            self._end(link)
        elif source is link.client and link.database is None:
            link.database = _database_of(data)
            self._count()

    def _end(self, link: _Link) -> None:
        self._links.discard(link)
        for side in (link.client, link.server):
            with suppress(KeyError):
                self._selector.unregister(side)
            side.close()

    def _count(self) -> None:
        now = Counter(link.database for link in self._links if link.database)
        self.most = max(self.most, now.total())
        self.most_databases = max(self.most_databases, len(now))
        for database, number in now.items():
            self.most_of[database] = max(self.most_of[database], number)


def _database_of(startup: bytes) -> str:
    """The database of a session that begins; empty for what is no session."""
    if struct.unpack("!i", startup[4:8])[0] != _SESSION:
        return ""
    words = startup[8:].split(b"\0")
    return dict(zip(words[::2], words[1::2], strict=False))[b"database"].decode()


@contextmanager
def count_connections(server: Server) -> Iterator[CountingProxy]:
    """A proxy of its own, gone afterwards."""
    proxy = CountingProxy(server)
    try:
        yield proxy
    finally:
        proxy.close()
