"""Whether a piece of the password of the tests' role is anywhere: in texts, files, argument lists."""

import json
import os
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.support.cli import CliResult, argument_lists, assert_presentable
from tests.support.servers import APP_PASSWORD
from tests.support.spellings import ENCODERS

PIECE = 8
SPELLINGS = (
    APP_PASSWORD,
    quote(APP_PASSWORD, safe=""),
    quote(APP_PASSWORD, safe="").lower(),
    quote(APP_PASSWORD),
    json.dumps(APP_PASSWORD)[1:-1],
    json.dumps(APP_PASSWORD, ensure_ascii=False)[1:-1],
    repr(APP_PASSWORD)[1:-1],
)
PIECES = sorted({word[i : i + PIECE] for word in SPELLINGS for i in range(len(word) - PIECE + 1)})


def pieces_of(secret: str, length: int) -> frozenset[str]:
    """Every part of so many characters, in any spelling in which a child or a library may print it."""
    parts = {secret[at : at + length] for at in range(len(secret) - length + 1)}
    return frozenset(encode(part) for part in parts for encode in ENCODERS.values())


def leaks(text: str, pieces: Collection[str] = PIECES) -> list[str]:
    """The pieces of the password that are in a text."""
    return [piece for piece in pieces if piece in text]


def assert_silent(done: CliResult) -> None:
    """The answer has no piece of it."""
    assert_presentable(done)
    assert leaks(done.stdout) == []
    assert leaks(done.stderr) == []


def assert_no_file_has_it(*folders: Path, but: frozenset[Path] = frozenset()) -> None:
    """No file of these folders has a piece of it, apart from those that are named."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and path not in but:
                assert leaks(path.read_bytes().decode("utf-8", "replace")) == [], path


def descends(pid: int) -> bool:
    """Whether a process was started by this one: other tests on the machine are no concern of ours."""
    while pid > 1:
        if pid == os.getpid():
            return True
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


@dataclass
class Watch:
    """The programs that ran, and the argument lists with a piece of the password."""

    leaks: list[bytes] = field(default_factory=list)
    programs: set[bytes] = field(default_factory=set)
    rounds: int = 0


@contextmanager
def watching(pieces: Collection[str] = PIECES) -> Iterator[Watch]:
    """Read every argument list over and over, while the block runs."""
    watch, ended = Watch(), threading.Event()
    encoded = [piece.encode() for piece in pieces]

    def look() -> None:
        known: set[bytes] = set()
        # Whatever runs takes longer than that; to look oftener would take its processor away.
        while not ended.wait(0.005):
            watch.rounds += 1
            for pid, arguments in argument_lists():
                if arguments in known or not descends(pid):
                    continue
                known.add(arguments)
                watch.programs.add(os.path.basename(arguments.split(b"\0")[0]))
                if any(piece in arguments for piece in encoded):
                    watch.leaks.append(arguments)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
