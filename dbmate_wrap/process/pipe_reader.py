"""Reads one pipe of a child to its end in a thread, so that no child ever waits for us."""

import os
import threading
import time
from typing import IO

from dbmate_wrap.redact import Capture

# A pipe that is silent for this long after its child has ended is held open by a process that outlives it.
_SILENCE_SECONDS = 1.0
_CHUNK = 65536


class PipeReader:
    """A thread that feeds what it reads from `pipe` to `capture`."""

    def __init__(self, pipe: IO[bytes] | None, capture: Capture) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._capture = capture
        self._waiting_since: float | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe as pipe:
            while True:
                self._waiting_since = time.monotonic()
                chunk = os.read(pipe.fileno(), _CHUNK)
                self._waiting_since = None
                if not chunk:
                    break
                self._capture.add(chunk)
        self._capture.close()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for the end of the pipe; True when it was reached."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def finish(self, ended: float) -> None:
        """Wait for the end of the pipe.

        The child ended at `ended`; a process that outlives it and keeps the pipe open is not waited for.
        """
        while self._thread.is_alive():
            since = self._waiting_since
            if since is not None and time.monotonic() - max(since, ended) >= _SILENCE_SECONDS:
                break
            self._thread.join(0.05)
        self._capture.close()
