"""What processes of a fork server do in the tests; they import this module, so it imports little."""

import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from dbmate_wrap.process import Terminated, terminations_as_exceptions


def say(messages: Connection, words: Sequence[object]) -> None:
    """Say them all."""
    for word in words:
        messages.send(word)


def tell_group(messages: Connection, _: None) -> None:
    """Say the process and its group."""
    messages.send((os.getpid(), os.getpgid(0)))


def end_with(messages: Connection, code: int) -> None:
    """End with an exit code."""
    raise SystemExit(code)


def interrupt_itself(messages: Connection, _: None) -> None:
    """Do what a signal does that comes before the work."""
    signal.raise_signal(signal.SIGINT)


def hang(messages: Connection, _: None) -> None:
    """Say the process, and stay."""
    messages.send(os.getpid())
    while True:
        time.sleep(60)


def wait_for_file(messages: Connection, path: Path) -> None:
    """Say the process, and then a word when the file is there."""
    messages.send(os.getpid())
    while not path.exists():
        time.sleep(0.01)
    messages.send("done")


def note_the_end(messages: Connection, path: Path) -> None:
    """Stay until a signal, and write into the file which one it was."""
    how = "by itself"
    try:
        with terminations_as_exceptions():
            messages.send(os.getpid())
            time.sleep(600)
    except Terminated:
        how = "terminated"
    except KeyboardInterrupt:
        how = "interrupted"
    written = path.with_suffix(".new")
    written.write_text(how)
    written.rename(path)
