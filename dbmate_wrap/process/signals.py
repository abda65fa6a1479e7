"""Signals to this process: raised as exceptions, delayed while a child starts, or held back."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

TERMINATIONS = (signal.SIGTERM,) if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP)
_SAME_REQUEST_SECONDS = 1.0


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; like KeyboardInterrupt, it passes every `except Exception`."""


@contextlib.contextmanager
def terminations_as_exceptions() -> Iterator[None]:
    """Inside the block SIGTERM and SIGHUP raise Terminated in the main thread, so that children are ended."""
    last = -_SAME_REQUEST_SECONDS

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal last
        before, last = last, time.monotonic()
        # Supervisors send both at once: the second must not interrupt the cleanup after the first.
        if last - before >= _SAME_REQUEST_SECONDS:
            raise Terminated

    # An ignored signal stays ignored: `nohup dbmate-wrap up &` outlives its terminal.
    handled = [number for number in TERMINATIONS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, on_signal) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_held() -> Iterator[list[int]]:
    """Inside the block SIGINT, SIGTERM and SIGHUP have no effect, so that a stopped run can still report.

    Yields the list of those that arrived.
    """
    arrived: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, *TERMINATIONS):
            # Handlers only: the child must inherit an ignored signal, and a default action ends us anyway.
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, frame: arrived.append(number))
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_delayed() -> Iterator[None]:
    """Signals of the block are handled at its end: while a child starts, there is no process to end yet."""
    with signals_held() as arrived:
        yield
    for number in arrived:
        signal.raise_signal(number)
