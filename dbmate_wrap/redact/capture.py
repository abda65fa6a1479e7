"""Keeps the masked text of one pipe in bounded memory, and passes on its lines as they come."""

import codecs
import threading
from collections import deque
from collections.abc import Callable

from dbmate_wrap.redact.redactor import Redactor


class Capture:
    """The first and the last `limit / 2` characters; `on_line` gets every line, `error` is what it raised."""

    def __init__(
        self,
        secrets: Redactor,
        limit: int,
        on_line: Callable[[str], None] | None,
        undecodable: str = "replace",
    ) -> None:
        self.error: Exception | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")(undecodable)
        self._masked = secrets.stream()
        self._limit = limit
        self._tail_limit = limit - limit // 2
        self._on_line = on_line
        self._line = ""
        self._head: list[str] = []
        self._room = limit // 2
        self._tail: deque[str] = deque()
        self._late = self._tail_size = 0
        self._lock = threading.Lock()
        self._closed = False

    @property
    def truncated(self) -> bool:
        """True where something was left out."""
        return self._late > self._tail_limit

    def add(self, chunk: bytes) -> None:
        """Add bytes from the pipe; ignored after `close`."""
        with self._lock:
            if not self._closed:
                self._take(self._masked.feed(self._decoder.decode(chunk)))

    def close(self) -> None:
        """Finish the last line; no more bytes come."""
        with self._lock:
            if not self._closed:
                self._closed = True
                rest = self._masked.feed(self._decoder.decode(b"", final=True))
                self._take(rest + self._masked.close())
                if self._line:
                    self._report(self._line)

    def text(self) -> str:
        """Return all of it, or beginning and end with the number of characters left out between them."""
        head, tail = "".join(self._head), "".join(self._tail)
        if not self.truncated:
            return head + tail
        left_out = self._late - self._tail_limit
        return f"{head}\n[... {left_out} characters left out ...]\n{tail[len(tail) - self._tail_limit :]}"

    def _take(self, text: str) -> None:
        if self._on_line is not None:
            *lines, rest = (self._line + text).split("\n")
            # No more of an endless line than is kept of all.
            self._line = rest[: self._limit]
            for line in lines:
                self._report(line)
        if self._room > 0:
            self._head.append(text[: self._room])
            text = text[self._room :]
            self._room -= len(self._head[-1])
        self._late += len(text)
        self._tail.append(text)
        self._tail_size += len(text)
        while self._tail and self._tail_size - len(self._tail[0]) >= self._tail_limit:
            self._tail_size -= len(self._tail.popleft())

    def _report(self, line: str) -> None:
        if self._on_line is None:
            return
        try:
            self._on_line(line.removesuffix("\r")[: self._limit])
        except Exception as error:  # noqa: BLE001 - of another thread: it is raised in the caller's
            self.error, self._on_line = error, None
