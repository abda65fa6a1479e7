"""Lets this process go on in the background, where no terminal and no parent ends it."""

import os


def everything_inherited() -> dict[str, str]:
    """Return the whole environment, for a child that reads the settings as this process would."""
    return dict(os.environ)


def detach() -> None:
    """Go on as a process without parent, terminal and streams; who started this program sees it end with 0.

    Call it before any thread is started, and not on Windows.
    """
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
