"""The tutorial is true: it is typed from its first line to its last, and what it shows is what happens."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dbmate_wrap.cluster import server as cluster
from tests.support.doc_commands import TUTORIAL, blocks
from tests.support.repository import REPOSITORY
from tests.support.servers import Server
from tests.support.stage import GIT
from tests.support.typed_shell import TypedShell, typed_command

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]

_INSTALL = "pip install"
_EXIT = re.compile(r"^  exit: (\d+) ", re.MULTILINE)
_WRITE = re.compile(r"[Ww]rite into `([\w/.]+)`")
# Times, and where a server is.
_VARYING = re.compile(r" +\d+ ms|\bon /\S+|\d{4}-\d\d-\d\dT[\d:.]+Z")
# Replays are done on the server of the tests: one of their own takes seconds to start.
_SHADOW = ("on shadow_url", "on embedded PostgreSQL 18")


@dataclass(frozen=True)
class Line:
    """One command of the tutorial, with what is shown after it."""

    command: str
    shown: str


def lines() -> Iterator[Line]:
    """What is typed, in order: the commands of each console, and the files that are to be written."""
    files = iter(_WRITE.findall((REPOSITORY / TUTORIAL).read_text(encoding="utf-8")))
    for block in blocks():
        if block.page != TUTORIAL:
            continue
        if block.language == "sql":
            yield Line(f"cat >{next(files)} <<'END'\n{block.text}END", "")
            continue
        for command in block.commands:
            if not command.startswith(_INSTALL):
                yield Line(command, "\n".join(block.shown_after(command)))
    assert not list(files), "a file is named, and its text is not shown"


def is_shown(wanted: Sequence[str], output: str) -> str | None:
    """The first line that was not shown in its place, or None.

    `...` stands for any other lines, at the end of a line for its rest.
    """
    said = iter(_plain(output.replace(*_SHADOW)).splitlines())
    for line in _plain("\n".join(wanted)).splitlines():
        begin, cut, _ = line.partition("...")
        if begin.strip() and not any(each.startswith(begin) if cut else each == line for each in said):
            return line
    return None


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in _VARYING.sub("#", text).splitlines())


@pytest.fixture
def shell(tmp_path: Path, embedded: Server, clean_environment: Mapping[str, str]) -> Iterator[TypedShell]:
    folder = tmp_path / "stage"
    folder.mkdir()
    shadow = {"DBMATE_WRAP_SHADOW": "url", "DBMATE_WRAP_SHADOW_URL": embedded.url()}
    with typed_command(folder):
        yield TypedShell(folder, {**clean_environment, **GIT, **shadow}, [folder])
    # It is no project that a fixture knows: its server would outlive the test.
    cluster.destroy(folder / "shop" / ".dbmate-wrap" / "postgres")


def test_the_tutorial_ends_in_production(shell: TypedShell) -> None:
    typed = list(lines())
    for line, said in zip(typed, shell.type([each.command for each in typed]), strict=True):
        assert is_shown(line.shown.splitlines(), said.output) is None, said
        code = _EXIT.search(line.shown)
        assert said.code == (int(code[1]) if code else 0), said


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        (["applied a in 3 ms", "...", "done"], None),
        (["applied a ..."], None),
        (["done", "applied a in 3 ms"], "applied a in#"),
        (["applied b ..."], "applied b ..."),
    ],
)
def test_what_is_not_shown_is_found(wanted: Sequence[str], missing: str | None) -> None:
    assert is_shown(wanted, "applied a in 17 ms\nbetween\ndone\n") == missing
