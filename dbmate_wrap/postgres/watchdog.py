"""Hangs up on a server that does not answer: TCP notices a dead peer, but not a silent proxy."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# How much later than its patience it may hang up.
_LATE_SECONDS = 1.0


class Watchdog:
    """Shuts a connection down where a query is not answered within `patience` seconds.

    It has one thread, which looks from time to time: a thread for each query costs more than the query.
    """

    def __init__(self, descriptor: int, patience: float) -> None:
        self._line = socket.socket(fileno=os.dup(descriptor))
        self._patience = patience
        self._deadline: float | None = None
        # Held while it hangs up and while it ends, so that it never shuts down what has its number next.
        self._lock = threading.Lock()
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hang up where what is done inside takes too long."""
        self._deadline = time.monotonic() + self._patience
        try:
            yield
        finally:
            self._deadline = None

    def close(self) -> None:
        """Watch no more; closing twice is fine."""
        with self._lock:
            self._closed.set()
            self._line.close()

    def _watch(self) -> None:
        while not self._closed.wait(min(self._patience, _LATE_SECONDS)):
            deadline = self._deadline
            if deadline is not None and time.monotonic() >= deadline:
                self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            if not self._closed.is_set():
                with suppress(OSError):  # The server may have hung up itself.
                    self._line.shutdown(socket.SHUT_RDWR)
