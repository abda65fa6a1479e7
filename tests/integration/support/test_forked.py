"""A forked command is the command: what comes of it is what comes of a Python of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cli import wait_for
from tests.support.forked import start_command
from tests.support.repository import REPOSITORY

pytestmark = pytest.mark.e2e

STATE = """
import os, signal, sys, threading
print(__name__, sys.argv[1:], sys.orig_argv[1:], os.getcwd(), sorted(os.environ.items()), oct(os.umask(0)))
print(sys.path[0] == os.getcwd(), threading.active_count(), sys.stdin.read())
print([str(signal.getsignal(number)) for number in sorted(signal.valid_signals())])
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 3])
print([(s.encoding, s.errors, s.isatty(), s.fileno()) for s in (sys.stdin, sys.stdout, sys.stderr)])
print(os.getpgid(0), os.getsid(0), os.getuid(), os.system("echo $COLOUR | od -c"), file=sys.stderr)
"""
ENDS = {
    "nothing": "print('a', end='')",
    "code": "import sys; sys.exit(32)",
    "large-code": "import sys; sys.exit(257)",
    "words": "import sys; sys.exit('no')",
    "exit-without-python": "import os; os._exit(7)",
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupted": "import os, signal; os.kill(os.getpid(), signal.SIGINT); input()",
    "exception": "raise OSError(28, 'x')",
    "at-exit": "import atexit, sys; atexit.register(print, 'last'); print('first'); sys.exit(3)",
    "thread": "import threading, time; threading.Timer(0.1, print, ['late']).start(); raise SystemExit",
    "full": "import os, sys; print(1); os.dup2(os.open('/dev/full', os.O_WRONLY), 1); sys.exit(3)",
    "broken-pipe": "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1); print(1); sys.exit(3)",
    "closed": "import sys; print(1); sys.stdout.close(); sys.exit(3)",
}


def ended(
    folder: Path, env: Mapping[str, str], program: str, *, own_interpreter: bool
) -> tuple[int, str, list[str]]:
    """Exit code, stdout, and stderr without the places in a traceback."""
    (folder / "spy.py").write_text(program)
    with start_command(
        ["a b", "\udcff", ""],
        folder,
        {**env, "COLOUR": "blue \udcfe"},
        stdin=subprocess.PIPE,
        module="spy",
        own_interpreter=own_interpreter,
    ) as process:
        stdout, stderr = process.communicate("stdin", 60)
    return process.returncode, stdout, [line for line in stderr.splitlines() if line[:1] != " "]


@pytest.mark.parametrize("program", [STATE, *ENDS.values()], ids=["state", *ENDS])
def test_it_has_the_state_and_the_end_of_a_python_of_its_own(
    tmp_path: Path, clean_environment: Mapping[str, str], program: str
) -> None:
    before = os.umask(0o027)
    try:
        forked = ended(tmp_path, clean_environment, program, own_interpreter=False)
        assert forked == ended(tmp_path, clean_environment, program, own_interpreter=True)
    finally:
        os.umask(before)


# A signal that comes just before one long sleep would be seen after it.
SPY = "import time; print('begun', flush=True); [time.sleep(0.01) for _ in range(6000)]"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_signal_reaches_it(tmp_path: Path, clean_environment: Mapping[str, str], number: int) -> None:
    (tmp_path / "spy.py").write_text(SPY)
    with start_command([], tmp_path, clean_environment, module="spy") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(number)
        assert process.wait(60) == -number
        assert process.poll() == -number


def test_two_at_once_do_not_wait_for_each_other(tmp_path: Path, clean_environment: Mapping[str, str]) -> None:
    (tmp_path / "spy.py").write_text("input(); print('heard')")
    with (
        start_command([], tmp_path, clean_environment, module="spy", stdin=subprocess.PIPE) as first,
        start_command([], tmp_path, clean_environment, module="spy", stdin=subprocess.PIPE) as second,
    ):
        assert second.communicate("x\n", 60) == ("heard\n", "")
        assert first.poll() is None
        assert first.communicate("x\n", 60) == ("heard\n", "")


@pytest.mark.parametrize(
    ("variable", "value"), [("PYTHONIOENCODING", "ascii"), ("PYTHONHASHSEED", "0"), ("LC_ALL", "C")]
)
def test_what_python_reads_at_its_start_gets_a_python_of_its_own(
    tmp_path: Path, clean_environment: Mapping[str, str], variable: str, value: str
) -> None:
    (tmp_path / "spy.py").write_text("")
    env = {
        **clean_environment,
        variable: "C" if variable == "LC_ALL" else "0" if "SEED" in variable else "ascii",
    }
    with start_command([], tmp_path, env, module="spy") as process:
        assert process.args == [sys.executable, "-m", "spy"]
        process.communicate(timeout=60)


CLIENT = """
import sys
from pathlib import Path
from tests.support import forked
forked.start_command([], Path(sys.argv[1]), {}, module="spy").wait()
print(forked._server()._process.pid, flush=True)
sys.stdin.read()
"""


def test_the_server_ends_with_its_caller_even_when_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "spy.py").write_text("")
    with subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        server = Path("/proc", client.stdout.readline().strip())
        assert b"fork_server" in (server / "cmdline").read_bytes()
        client.kill()
    # What only waits to be reaped has no command line.
    wait_for(lambda: not server.exists() or not (server / "cmdline").read_bytes(), "the end of the server")
