"""A network that can be broken: a TCP proxy to a server of the tests, and an address that answers nothing."""

import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.support.servers import TcpServer

# Closing sends a reset at once.
_LINGER = struct.pack("ii", 1, 0)
_CHUNK = 65536
_POLL_SECONDS = 0.02


@dataclass(eq=False)
class Link:
    """One client's connection, and the one to the server; stalled once its name ends with `stalls`."""

    client: socket.socket
    server: socket.socket
    stalls: str | None
    startup: bytes = b""
    stalled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def application(self) -> str:
        """What the client called itself in its startup message; empty when it has not."""
        _, found, rest = self.startup.partition(b"\0application_name\0")
        return rest.partition(b"\0")[0].decode() if found else ""

    def pump(self) -> None:
        """Forward in both directions until either side ends."""
        ways = {self.client: self.server, self.server: self.client}
        with suppress(OSError, ValueError):
            while not self.ended.is_set():
                for source in select.select(list(ways), [], [], _POLL_SECONDS)[0]:
                    if not self._forward(source, ways[source]):
                        return

    def _forward(self, source: socket.socket, to: socket.socket) -> bool:
        data = source.recv(_CHUNK)
        if source is self.client and not self.startup:
            self.startup = data
            if self.stalls is not None and self.application.endswith(self.stalls):
                self.stalled.set()
        if not self.stalled.is_set():
            to.sendall(data)
        return bool(data)

    def cut(self) -> None:
        """Reset both connections, as a firewall or a router that restarts does."""
        for side in (self.client, self.server):
            with suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self.hang_up()

    def hang_up(self) -> None:
        """End both connections in good order, as a proxy does that stops."""
        self.ended.set()

    def close(self) -> None:
        self.client.close()
        self.server.close()


class Proxy:
    """Listens on 127.0.0.1 and forwards to `server`; through what is stalled nothing comes any more."""

    def __init__(self, server: TcpServer) -> None:
        self.server = server
        # New connections whose application's name ends so are accepted, and get nothing.
        self.stalls_new: str | None = None
        self._links: list[Link] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, database: str, *, user: str = "app") -> str:
        """A URL that leads through the proxy."""
        direct = urlsplit(self.server.tcp_url(database, user=user))
        where = direct.netloc.rpartition(":")[0]
        return direct._replace(netloc=f"{where}:{self.port}").geturl()

    def names(self) -> list[str]:
        """How those who are connected call themselves."""
        return [link.application for link in self._links]

    def cut(self, ending: str = "") -> int:
        """Cut the connections whose application's name ends so (all of them); how many."""
        return self._each(ending, Link.cut)

    def hang_up(self, ending: str = "") -> int:
        """End them in good order."""
        return self._each(ending, Link.hang_up)

    def stall(self, ending: str = "") -> int:
        """From now on nothing gets through these connections, and nobody is told."""
        return self._each(ending, lambda link: link.stalled.set())

    def close(self) -> None:
        """Cut everything, and listen no more."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        self.cut()

    def _each(self, ending: str, action: Callable[[Link], None]) -> int:
        chosen = [link for link in list(self._links) if link.application.endswith(ending)]
        for link in chosen:
            action(link)
        return len(chosen)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((self.server.host, self.server.port))
        except OSError:
            client.close()
            return
        link = Link(client, server, self.stalls_new)
        self._links.append(link)
        link.pump()
        self._links.remove(link)
        link.close()


@contextmanager
def run_proxy(server: TcpServer) -> Iterator[Proxy]:
    """A proxy of its own, gone afterwards with all its connections."""
    proxy = Proxy(server)
    try:
        yield proxy
    finally:
        proxy.close()


@contextmanager
def black_hole() -> Iterator[int]:
    """A port of 127.0.0.1 whose packets are dropped: its queue is full, so Linux answers no SYN any more."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        try:
            for _ in range(8):
                knock = socket.socket()
                waiting.append(knock)
                knock.setblocking(False)
                knock.connect_ex(listener.getsockname())
            yield int(listener.getsockname()[1])
        finally:
            for knock in waiting:
                knock.close()
