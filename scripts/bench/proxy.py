"""A TCP proxy that delays each direction, in a process of its own: `python -m scripts.bench.proxy PORT MS`.

What arrives is passed on so many milliseconds later, however much comes meanwhile: this is latency, and no
limit to how much passes. It prints its port, and ends when its stdin is closed.
"""

import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HOST = "127.0.0.1"
_CHUNK = 65536


@contextmanager
def delaying(port: int, milliseconds: float) -> Iterator[int]:
    """The port of a proxy to `port`, each direction of which takes so many milliseconds."""
    command = [sys.executable, "-m", __name__, str(port), str(milliseconds)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin
        assert child.stdout
        try:
            yield int(child.stdout.readline())
        finally:
            child.stdin.close()


def _serve(port: int, delay: float) -> None:
    listening = socket.create_server((_HOST, 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listening, port, delay), daemon=True).start()
    sys.stdin.read()


def _accept(listening: socket.socket, port: int, delay: float) -> None:
    while True:
        client, _ = listening.accept()
        threading.Thread(target=_join, args=(client, port, delay), daemon=True).start()


def _join(client: socket.socket, port: int, delay: float) -> None:
    # The kernel has answered at once, so the handshake's round trip is made up for here.
    time.sleep(2 * delay)
    server = socket.create_connection((_HOST, port))
    for each in (client, server):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for source, target in ((client, server), (server, client)):
        waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=_receive, args=(source, waiting, delay), daemon=True).start()
        threading.Thread(target=_send, args=(target, waiting), daemon=True).start()


def _receive(source: socket.socket, waiting: "queue.SimpleQueue[tuple[float, bytes]]", delay: float) -> None:
    data = b"-"
    while data:
        try:
            data = source.recv(_CHUNK)
        except OSError:
            data = b""
        waiting.put((time.monotonic() + delay, data))


def _send(target: socket.socket, waiting: "queue.SimpleQueue[tuple[float, bytes]]") -> None:
    while True:
        due, data = waiting.get()
        if (rest := due - time.monotonic()) > 0:
            time.sleep(rest)
        if not data:
            # The other direction ends by itself: its side has been told that nothing more comes.
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)
            return
        with suppress(OSError):
            target.sendall(data)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]) / 1000)
