"""The entry point of the command `dbmate-wrap`."""

import atexit
import gc
import os
import sys
import threading
from contextlib import suppress
from typing import NoReturn

from dbmate_wrap.settings.pydantic_plugins import leave_plugins_out

# Imports make some 90,000 objects and next to no garbage: by default Python looks for cycles among them many
# times, a tenth of what `status` costs. It first looks where a command has more to do, so that the garbage in
# cycles is bounded by as many objects.
_COLLECT_EVERY = 200_000


def main() -> NoReturn:
    """Run the command line as a program, and end the process."""
    try:
        run_command_line()
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _end_at_once(ended.code)
        raise


def run_command_line() -> NoReturn:
    """Run the command line. Raises SystemExit, with an exit code, whatever happens."""
    gc.set_threshold(_COLLECT_EVERY)
    leave_plugins_out()
    try:
        if sys.argv[1:2] == ["__complete"]:
            from dbmate_wrap.cli.completion import complete

            complete(sys.argv[2:])
        import typer

        from dbmate_wrap.cli.typed_app import app_for

        try:
            code = app_for(sys.argv[1:])(prog_name="dbmate-wrap", standalone_mode=False)
        except typer.TyperException as error:
            from dbmate_wrap.cli.usage import report_usage_error

            code = int(report_usage_error(error, sys.argv[1:]))
        raise SystemExit(code)
    except KeyboardInterrupt:
        # During the imports; a verb reports what it has done.
        raise SystemExit(130) from None
    except OSError as error:
        # --help or --version into a full disk; a verb has a boundary of its own.
        from dbmate_wrap.cli import terminal

        terminal.give_up(error)


def _end_at_once(code: int) -> None:
    """End as an interpreter does, but leave the memory to the kernel: to free each object takes 10 ms.

    Returns where another thread still runs, or a stream cannot take its last bytes: the interpreter knows
    what to do and to say then.
    """
    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            # Python has no stream at all where the caller closed it.
            if stream is not None:
                stream.flush()
        os._exit(code)
