"""The process that has the databases of one run of pytest, and ends with its last client.

Run as ``python -m``; the key of the run comes by stdin. What tests do to their own process (another clock,
other modules, variables, signals) does not reach it, and it does not outlive them: the system closes the
connections of whoever is killed.
"""

import contextlib
import socket
import sys
import time
from pathlib import Path

from dbmate_wrap import process
from dbmate_wrap.cluster import temporary

# The one before removes its folder meanwhile: a server takes a moment to end.
_FOLDER_SECONDS, _POLL = 60.0, 0.05


def main() -> None:
    """Listen, let the caller go on, and serve."""
    key, project = sys.stdin.read(), Path(sys.argv[1])
    with contextlib.ExitStack() as stack:
        folder = _enter_folder(stack, key)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(folder / "socket"))
        listener.listen(128)
        process.detach()
        # Only now what takes time: the caller waits for its first answer, and no other starts a second one.
        from dbmate_wrap.pytest_plugin.service import Service

        with process.terminations_as_exceptions(), contextlib.suppress(process.Terminated):
            Service(project, listener).run()


def _enter_folder(stack: contextlib.ExitStack, key: str) -> Path:
    """Make the folder of the run, which the stack removes."""
    deadline = time.monotonic() + _FOLDER_SECONDS
    while True:
        try:
            return stack.enter_context(temporary.make_folder(key))
        except FileExistsError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL)


if __name__ == "__main__":
    main()
