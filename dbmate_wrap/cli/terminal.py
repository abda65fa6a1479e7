"""stdout, stderr and the keyboard, each of which may be closed, full or gone."""

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, TextIO

from dbmate_wrap import process
from dbmate_wrap.render.escape import visible
from dbmate_wrap.render.table import Paint


@dataclass(frozen=True)
class Terminal:
    """Writes masked text, and never raises: it is also called from the threads that read a child's output.

    A reader that has gone away (`| head -1`) is no error; why else the result was not written is in `lost`.
    """

    mask: Callable[[str], str]
    quiet: bool = False
    verbose: bool = False
    streams_result: bool = False
    lost: list[str] = field(default_factory=list)

    def out(self, text: str) -> None:
        """The result."""
        self.document(self.mask(text))

    def document(self, text: str) -> None:
        """The result, where it is masked already: masking again could break it."""
        if problem := _write(sys.stdout, text):
            self.lost.append(problem)

    def err(self, text: str) -> None:
        """Warnings and errors."""
        _write(sys.stderr, self.mask(text))

    def complaint(self, text: str) -> None:
        """What is wrong, where it is masked already: masking again would punch holes into numbers."""
        _write(sys.stderr, text)

    def say(self, line: str) -> None:
        """One line of progress."""
        if not self.quiet:
            self.err(f"{visible(line)}\n")

    def detail(self, line: str) -> None:
        """One line of progress for callers that asked for more."""
        if self.verbose:
            self.err(f"{visible(line)}\n")

    def show(self, line: str) -> None:
        """One line of the result as it comes, in the formats that are read while they are written."""
        if self.streams_result:
            self.out(f"{line}\n")

    @property
    def replace_line(self) -> Callable[[str], None] | None:
        """Shows a text where the one before stood; None where stderr is no terminal."""
        if self.quiet or not _is_terminal(sys.stderr):
            return None
        return lambda text: self.err(f"\r\x1b[K{visible(text)}")

    def ask(self, question: str) -> str | None:
        """What was typed; None where nobody can be asked."""
        if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
            return None
        self.err(question)
        return sys.stdin.readline()


def paint_for(stream: TextIO | None) -> Paint:
    """Colours on a terminal, unless NO_COLOR is set (https://no-color.org: to anything but nothing)."""
    plain = process.inherited(("NO_COLOR", "TERM"))
    return Paint(_is_terminal(stream) and not plain.get("NO_COLOR") and plain.get("TERM") != "dumb")


def give_up(error: OSError) -> NoReturn:
    """End without a traceback when not even the help could be written."""
    _write(sys.stderr, f"error: cannot write to stdout: {error.strerror}\n")
    _discard(sys.stdout)
    raise SystemExit(10)


def _is_terminal(stream: TextIO | None) -> bool:
    # Python has no stream at all where the caller closed it (`>&-`).
    return stream is not None and stream.isatty()


def _write(stream: TextIO | None, text: str) -> str | None:
    """Why the text could not be written; None also where nobody wants it."""
    if stream is None:
        return None
    try:
        stream.write(_encodable(text, stream))
        stream.flush()
    except OSError as error:
        _discard(stream)
        return None if isinstance(error, BrokenPipeError) else error.strerror
    return None


def _discard(stream: TextIO) -> None:
    # Python would try once more, and complain, when it flushes at exit.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
