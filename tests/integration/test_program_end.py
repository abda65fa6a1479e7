"""The command ends its process at once, and all that an interpreter does at its end is done before."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

# What becomes of the process, whose command line is the function `app`.
PROGRAM = """
import atexit, os, sys, threading, time
import dbmate_wrap.cli.typed_app
from dbmate_wrap.cli import main

def app(prog_name, standalone_mode):
    {body}

dbmate_wrap.cli.typed_app.app_for = lambda arguments: app
{run}
"""
AS_PROGRAM = "main.main()"
AS_FUNCTION = "main.run_command_line()"
# Each ends as the interpreter ends it.
ENDS = {
    "code": "return 0",
    "another-code": "return 32",
    "unwritten": "print('a', end=''); print('b', end='', file=sys.stderr); return 3",
    "at-exit": "atexit.register(print, 'last'); print('first'); return 3",
    "thread": "threading.Timer(0.1, print, ['late']).start(); return 3",
    "full": "print(1); os.dup2(os.open('/dev/full', os.O_WRONLY), 1); return 3",
    "broken-pipe": "r, w = os.pipe(); os.close(r); os.dup2(w, 1); print(1); return 3",
    "closed": "print(1); sys.stdout.close(); return 3",
    "no-stream": "sys.stdout = None; return 3",
    "interrupted": "raise KeyboardInterrupt",
}


def run(body: str, how: str, folder: Path, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the program."""
    (folder / "program.py").write_text(PROGRAM.format(body=body, run=how))
    argv = [sys.executable, "program.py"]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("body", ENDS.values(), ids=ENDS)
def test_what_an_interpreter_does_at_its_end_is_done(
    body: str, tmp_path: Path, clean_environment: Mapping[str, str]
) -> None:
    found = run(body, AS_PROGRAM, tmp_path, clean_environment)
    assert found == run(body, AS_FUNCTION, tmp_path, clean_environment)


def test_nothing_of_the_memory_is_freed(tmp_path: Path, clean_environment: Mapping[str, str]) -> None:
    body = "main.kept = type('Kept', (), {'__del__': lambda self: print('freed', flush=True)})(); return 0"
    assert run(body, AS_FUNCTION, tmp_path, clean_environment) == (0, "freed\n", "")
    assert run(body, AS_PROGRAM, tmp_path, clean_environment) == (0, "", "")
