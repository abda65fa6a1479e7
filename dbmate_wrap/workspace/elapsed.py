"""Shows on a terminal for how long something has been at work that tells nothing of its progress."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dbmate_wrap.domain.activity import format_duration
from dbmate_wrap.domain.console import Console

# What is over sooner is not shown.
_QUIET_SECONDS = 1.0


@contextmanager
def elapsed_time(
    console: Console, doing: str, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[], bool]]:
    """Yield what is to be called a few times a second, as `should_stop` of `process.run`: it returns False.

    Nothing is left of the line when the block ends; nothing is shown without a terminal.
    """
    replace_line, began, shown = console.replace_line, clock(), ""

    def show() -> bool:
        nonlocal shown
        seconds = clock() - began
        if replace_line is not None and seconds >= _QUIET_SECONDS:
            line = f"{doing}: {format_duration(seconds, exact=True)}"
            if line != shown:
                shown = line
                replace_line(line)
        return False

    try:
        yield show
    finally:
        if shown and replace_line is not None:
            replace_line("")
