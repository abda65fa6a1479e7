"""The signals that the process of the tests passes on to what it starts."""

import signal
from types import FrameType


def heed_signals() -> None:
    """Let children get the signals that a background job or nohup ignores: tests send them and wait.

    What is ignored stays so in every child; what has a handler is as usual there.
    """

    def go_on(number: int, frame: FrameType | None) -> None:
        """Nohup: pytest itself is not ended."""

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, go_on)
