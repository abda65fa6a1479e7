"""The commands that the documents show: in their fenced blocks, and between backticks."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.support.repository import REPOSITORY

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_INLINE = re.compile(r"`(dbmate-wrap [^`]+)`")
_PROMPT = "$ "
# Typed as a whole, by a test of its own.
TUTORIAL = "docs/tutorial.md"
_PAGES = REPOSITORY / "dbmate_wrap" / "pages"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, under its last heading."""

    page: str
    heading: str
    language: str
    text: str

    @property
    def section(self) -> tuple[str, str]:
        return self.page, self.heading

    @cached_property
    def commands(self) -> tuple[str, ...]:
        """What is typed: lines after the prompt, the commands of a script, or all of the SQL."""
        match self.language:
            case "console":
                lines = self.text.splitlines()
                return tuple(line.removeprefix(_PROMPT) for line in lines if line.startswith(_PROMPT))
            case "sh":
                return tuple(_commands_of(self.text))
            case _:
                return (self.text,)

    def shown_after(self, command: str) -> list[str]:
        """The lines that a console shows after the command."""
        _, _, rest = f"\n{self.text}".partition(f"\n{_PROMPT}{command}\n")
        return rest.partition(f"\n{_PROMPT}")[0].splitlines() if not rest.startswith(_PROMPT) else []


def pages() -> Iterator[Path]:
    """Every page that tells people what to type; those of docs/rules have tests of their own."""
    yield from (REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "db/README.md"))
    yield from sorted((REPOSITORY / "docs").glob("*.md"))
    yield from sorted((REPOSITORY / "docs" / "runbooks").glob("*.md"))
    yield from sorted((REPOSITORY / "docs" / "ci").iterdir())
    yield from sorted((REPOSITORY / "docs" / "fleet").glob("*.md"))
    yield from sorted(_PAGES.glob("*.toml"))
    yield from sorted(_PAGES.rglob("*.md"))


def blocks(languages: tuple[str, ...] = ("sh", "console", "sql")) -> list[Block]:
    """The fenced blocks; the guides of the wheel are left out, which are copies of docs/."""
    return [
        block
        for path in pages()
        if not path.is_relative_to(_PAGES / "guides")
        for block in _blocks_of(str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8"))
        if block.language in languages
    ]


def blocks_of_sections(folder: str) -> dict[tuple[str, str], list[Block]]:
    """The blocks of each section of the pages in the folder, which ends with `/`."""
    found: dict[tuple[str, str], list[Block]] = {}
    for block in blocks():
        if block.page.startswith(folder):
            found.setdefault(block.section, []).append(block)
    return found


def inline_commands() -> list[tuple[str, str]]:
    """Every `dbmate-wrap ...` between backticks or at the beginning of a line in a block, with its page."""
    found = []
    for path in pages():
        text, page = path.read_text(encoding="utf-8"), str(path.relative_to(REPOSITORY))
        found += [(page, each) for each in _INLINE.findall(_FENCE.sub("", text).replace("\n", " "))]
        lines = (
            line.strip().removeprefix(_PROMPT)
            for fenced in _FENCE.findall(text)
            for line in fenced[1].splitlines()
        )
        found += [(page, line) for line in lines if line.startswith("dbmate-wrap ")]
    return found


def inline_commands_of(page: str, heading: str) -> list[str]:
    """The commands between backticks in one section, in their order; each once."""
    text = _FENCE.sub("", (REPOSITORY / page).read_text(encoding="utf-8"))
    begin = re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE)
    assert begin is not None, heading
    section = _HEADING.split(text[begin.end() :])[0]
    return list(dict.fromkeys(_INLINE.findall(section.replace("\n", " "))))


def _blocks_of(page: str, text: str) -> Iterator[Block]:
    heading, last = "", 0
    for match in _FENCE.finditer(text):
        headings = _HEADING.findall(text[last : match.start()])
        heading, last = headings[-1] if headings else heading, match.end()
        yield Block(page, heading, match[1], match[2])


def _commands_of(script: str) -> Iterator[str]:
    """The commands of a script, each with all of its lines."""
    held = ""
    for line in script.splitlines():
        held += f"\n{line}" if held else line
        if not held.endswith(("\\", "|", "&&")) and _is_complete(held):
            if not held.lstrip().startswith("#") and held.strip():
                yield held
            held = ""
    assert not held, held


def _is_complete(text: str) -> bool:
    return subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True).returncode == 0
