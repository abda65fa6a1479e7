"""stdout, stderr and the keyboard, each of which may be closed, full or gone."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, TextIO

from dbmate_wrap import process
from dbmate_wrap.cli.options import Format
from dbmate_wrap.domain.command_hint import TargetOfFleet, name_environment
from dbmate_wrap.domain.escape import cut_to_width, visible, visible_columns
from dbmate_wrap.render.table import PLAIN, Paint, View

# Their runners read every line for commands: GitHub (Gitea and Forgejo set it too), Azure Pipelines.
_RUNNERS = ("GITHUB_ACTIONS", "TF_BUILD")
# Back to the first column, and erase to the end of the line.
_ERASE = "\r\x1b[K"
# Of a terminal that does not know its own width.
_USUAL_COLUMNS = 80


@dataclass
class Terminal:
    """Writes masked text, and never raises: it is also called from the threads that read a child's output.

    `environment` is named in the commands of a line, with a target where there is one; None where it is the
    default one. `write_errors` says why a result could not be written. A reader that has gone away
    (`| head -1`) is no error.
    """

    mask: Callable[[str], str]
    quiet: bool = False
    verbose: bool = False
    streams_result: bool = False
    environment: str | TargetOfFleet | None = None
    write_errors: list[str] = field(default_factory=list)
    # A line stands in place, without an end: whatever is written next takes it away.
    _stands_in_place: bool = False
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def out_masked(self, text: str) -> None:
        """Write the result as it is: it is masked already, and masking again could break it."""
        self._write_stderr("")
        if problem := _write(sys.stdout, text):
            self.write_errors.append(problem)

    def err(self, text: str) -> None:
        """Write warnings and errors."""
        self._write_stderr(self.mask(text))

    def err_masked(self, text: str) -> None:
        """Write warnings and errors as they are: masking again would damage numbers in them."""
        self._write_stderr(text)

    def say(self, line: str) -> None:
        """Write a line of progress."""
        if not self.quiet:
            self.err(f"{visible(name_environment(line, self.environment))}\n")

    def detail(self, line: str) -> None:
        """Write a line of progress for callers that asked for more."""
        if self.verbose:
            self.err(f"{visible(line)}\n")

    def show(self, line: str) -> None:
        """Write a line of the result as it comes, in the formats that are read while they are written."""
        if self.streams_result:
            self.out_masked(self.mask(f"{visible_columns(line)}\n"))

    @property
    def replace_line(self) -> Callable[[str], None] | None:
        """Replaces the last line by a text; None where stderr is no terminal that can."""
        if self.quiet or not is_terminal(sys.stderr):
            return None
        return None if process.inherited(("TERM",)).get("TERM") == "dumb" else self._show_in_place

    def _show_in_place(self, text: str) -> None:
        # One column stays free: some terminals begin a new line as soon as the last one is filled.
        shown = cut_to_width(visible(self.mask(text)), _columns(sys.stderr) - 1)
        self._write_stderr(shown, in_place=bool(shown))

    def _write_stderr(self, text: str, *, in_place: bool = False) -> None:
        """Write the text after taking away what stands in place."""
        with self._writing:
            before = _ERASE if self._stands_in_place else ""
            self._stands_in_place = in_place
            if before or text:
                _write(sys.stderr, before + text)

    @property
    def can_ask(self) -> bool:
        """True where a person sits at a terminal."""
        return is_terminal(sys.stdin) and is_terminal(sys.stderr)

    def ask(self, question: str) -> str | None:
        """Return what was typed; None where nobody can be asked."""
        if not self.can_ask:
            return None
        self.err(question)
        return sys.stdin.readline()


def escape_for_log(format: Format) -> Callable[[str], str]:
    """Return what keeps the lines of a text from being commands to the runner whose log they are in."""
    if format is not Format.GITHUB and not process.inherited(_RUNNERS):
        return str
    from dbmate_wrap.render.github import escape_commands

    return escape_commands


def paint_for(stream: TextIO | None) -> Paint:
    """Return colours for a terminal that knows them.

    FORCE_COLOR, where it is set to more than "" and 0, asks for them everywhere (https://force-color.org);
    NO_COLOR, where it is set and not empty, for none, and wins (https://no-color.org).
    """
    variables = process.inherited(("NO_COLOR", "FORCE_COLOR", "TERM"))
    if variables.get("NO_COLOR"):
        return PLAIN
    forced = variables.get("FORCE_COLOR", "") not in ("", "0", "false")
    return Paint(forced or (is_terminal(stream) and variables.get("TERM") != "dumb"))


def view_for(stream: TextIO | None, *, verbose: bool) -> View:
    """Return the columns of a terminal; a pipe and a file have no limit."""
    return View(_columns(stream) if is_terminal(stream) else None, verbose)


def give_up(error: OSError) -> NoReturn:
    """End without a traceback when not even the help could be written."""
    _write(sys.stderr, f"error: cannot write to stdout: {error.strerror}\n")
    _discard(sys.stdout)
    raise SystemExit(10)


def is_terminal(stream: TextIO | None) -> bool:
    """Return True where a person looks at the stream."""
    # Python has no stream at all where the caller closed it (`>&-`).
    return stream is not None and stream.isatty()


def _columns(stream: TextIO | None) -> int:
    try:
        found = os.get_terminal_size(stream.fileno()).columns if stream is not None else 0
    except (OSError, ValueError):
        found = 0
    return found or _USUAL_COLUMNS


def _write(stream: TextIO | None, text: str) -> str | None:
    """Return why the text could not be written; None also where its reader has gone away."""
    if stream is None:
        return None
    try:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        _discard(stream)
        return None if isinstance(error, BrokenPipeError) else error.strerror
    return None


def _discard(stream: TextIO) -> None:
    # Python would try once more, and complain, when it flushes at exit.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
