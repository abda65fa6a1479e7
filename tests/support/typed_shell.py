"""A shell in which commands are typed exactly as they are printed; `dbmate-wrap` in it is forked."""

import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.forked import run_on_files

_LENGTH = 8
_MARK = "\x1eended "
_PATIENCE = 120.0

# Hands its arguments, environment, folder and standard streams to the thread that listens, and ends as told.
_PROGRAM = f"""#!{sys.executable} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({{address!r}})
    text = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(line, [len(text).to_bytes({_LENGTH}, "big")], [0, 1, 2])
    line.sendall(text)
    code = line.recv({_LENGTH})
sys.exit(int.from_bytes(code, "big", signed=True) % 256 if code else 1)
"""


@dataclass(frozen=True)
class Typed:
    """One command, what the terminal showed, and its exit code."""

    command: str
    output: str
    code: int


@dataclass(frozen=True)
class TypedShell:
    """bash in one folder; `programs` come first in PATH.

    With `answer` it is on a terminal, where that is typed.
    """

    folder: Path
    env: Mapping[str, str]
    programs: Sequence[Path] = ()
    answer: str | None = None

    def type(self, commands: Sequence[str]) -> list[Typed]:
        """What each command shows and how it ends, all in one shell, which goes on whatever ends badly."""
        marked = f'printf \'{_MARK}%s\\n\' "$ended"; (exit "$ended")'
        script = "".join(f"{command}\nended=$?; {marked}\n" for command in commands)
        path = os.pathsep.join([*map(str, self.programs), self.env["PATH"]])
        run = self._run if self.answer is None else self._run_on_terminal
        code, text = run(["bash", "-c", script], {**self.env, "PATH": path})
        return list(_split(commands, text, code))

    def _run(self, command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def _run_on_terminal(self, command: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        # The answer waits there before it is asked for: echoed, it would stand where nobody types it.
        modes = termios.tcgetattr(theirs)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        with subprocess.Popen(
            command, cwd=self.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
        ) as process:
            os.close(theirs)
            os.write(ours, f"{self.answer}\n".encode())
            shown = b""
            with suppress(OSError):  # Linux's end of file, once nobody has the other side open.
                while read := os.read(ours, 4096):
                    shown += read
            os.close(ours)
            code = process.wait(_PATIENCE)
        return code, shown.decode("utf-8", "replace").replace("\r\n", "\n")


def _split(commands: Sequence[str], text: str, ended: int) -> Iterator[Typed]:
    """The answers, of which the last is the shell's own where a command ended it."""
    for command in commands:
        output, mark, rest = text.partition(_MARK)
        if not mark:
            yield Typed(command, text, ended)
            return
        code, _, text = rest.partition("\n")
        yield Typed(command, output, int(code))


@contextmanager
def typed_command(folder: Path) -> Iterator[Path]:
    """Put a `dbmate-wrap` into the folder, which is forked from the tests' server while the block lasts."""
    program = folder / "dbmate-wrap"
    with tempfile.TemporaryDirectory(prefix="typed-") as home, socket.socket(socket.AF_UNIX) as listening:
        address = f"{home}/line"
        listening.bind(address)
        listening.listen()
        program.write_text(_PROGRAM.format(address=address))
        program.chmod(0o755)
        thread = threading.Thread(target=_serve, args=[listening], daemon=True)
        thread.start()
        try:
            yield program
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=[line], daemon=True).start()


def _answer(line: socket.socket) -> None:
    with line:
        length, files, _, _ = socket.recv_fds(line, _LENGTH, 3)
        try:
            with line.makefile("rb") as reader:
                args, folder, env = json.loads(reader.read(int.from_bytes(length, "big")))
            stdin, stdout, stderr = files
            code = run_on_files(args, Path(folder), env, (stdin, stdout, stderr))
        finally:
            for file in files:
                os.close(file)
        with suppress(OSError):
            line.sendall(code.to_bytes(_LENGTH, "big", signed=True))
