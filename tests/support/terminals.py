"""Terminals for the command, and what a person sees on them in the end."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread

from tests.support.cli import PATIENCE
from tests.support.repository import REPOSITORY


def read_all(terminal: int) -> bytes:
    """All that is written to it, until nobody has its other side open."""
    text = b""
    while True:
        try:
            text += os.read(terminal, 4096)
        except OSError:
            return text  # Linux's end of file, once nobody has the other side open.


def screen_of(text: str) -> list[str]:
    """The lines that a terminal shows in the end."""
    lines = [""]
    for part in re.split(r"(\r\x1b\[K|\r?\n)", text):
        if part == "\r\x1b[K":
            lines[-1] = ""
        elif part.endswith("\n"):
            lines.append("")
        else:
            lines[-1] += part
    return lines


def press_interrupt(
    args: Sequence[str], cwd: Path, env: Mapping[str, str], until: Callable[[], object]
) -> tuple[int, str]:
    """The exit code and all that a terminal got, where Ctrl-C is pressed when `until` has returned."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = Thread(target=lambda: shown.append(read_all(ours)))

    def take_terminal() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    with subprocess.Popen(
        [sys.executable, "-m", "dbmate_wrap", *args],
        cwd=cwd,
        env={**env, "PYTHONPATH": str(REPOSITORY)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=take_terminal,
    ) as process:
        os.close(theirs)
        reader.start()
        try:
            until()
            os.write(ours, b"\x03")
            code = process.wait(PATIENCE)
        finally:
            process.kill()
    reader.join()
    os.close(ours)
    return code, shown[0].decode()
