"""Reads .env files strictly: python-dotenv alone would log a broken line and continue."""

import re
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.names import DBMATE_HINT, UNPREFIXED
from dbmate_wrap.settings.text_file import read_text

if TYPE_CHECKING:
    from dotenv.parser import Binding

# What is meant for us, however it is written; all other lines are those of other programs.
_OURS = re.compile(rf"{UNPREFIXED}|postgres(?:ql)?:", re.IGNORECASE)


@dataclass(frozen=True)
class DotenvLine:
    """The value of one variable and its line number."""

    value: str = field(repr=False)
    number: int


@dataclass(frozen=True)
class DotenvFile:
    """The URL variables of one file; `faults` is empty unless it is broken."""

    name: str
    urls: dict[str, DotenvLine] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


def read_dotenv(path: Path) -> DotenvFile:
    """Read a file; one that does not exist is empty. `$` has no meaning, because passwords contain it."""
    faults: list[Fault] = []
    text = read_text(path, path.name, faults)
    return parse_dotenv(path.name, text) if text else DotenvFile(path.name, faults=faults)


def parse_dotenv(name: str, text: str) -> DotenvFile:
    """Parse the text of a file that messages call `name`."""
    from dotenv.parser import parse_stream

    file = DotenvFile(name)
    for binding in parse_stream(StringIO(text)):
        _add(file, binding)
    return file


def _add(file: DotenvFile, binding: "Binding") -> None:
    key, value = binding.key, binding.value
    # python-dotenv adds the blank lines before an assignment to it, which misleads readers.
    text = binding.original.string
    line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
    place = f"{file.name} line {line}"
    if fault := _fault(binding, place):
        file.faults.append(fault)
    elif key is None or value is None:
        return  # A comment, or a line that means something to another program.
    elif key.startswith("DBMATE_"):
        file.warnings.append(Fault(f"sets {key}, which has no effect here", place, hint=DBMATE_HINT))
    elif key in file.urls:
        message = f"sets {key} again, after line {file.urls[key].number}"
        file.faults.append(Fault(message, place, hint="keep one of them"))
    elif key.endswith(UNPREFIXED):
        file.urls[key] = DotenvLine(value, line)


def _fault(binding: "Binding", source: str) -> Fault | None:
    key, value = binding.key, binding.value
    if binding.error:
        hint = "write NAME=value; close quotes, and put nothing but a # comment after them"
        fault = Fault("is not an assignment that can be read", source, hint=hint)
        return fault if _OURS.search(binding.original.string) else None
    if key is not None and value is None:
        fault = Fault("has a name without a value", source, hint="write NAME=value")
        return fault if _OURS.search(key) else None
    # An open quote extends to the next quote, over the lines between.
    if value is not None and re.search(rf"[\r\n].*{UNPREFIXED}", value, re.DOTALL):
        return Fault(f"opens a quote that runs over a line with {UNPREFIXED}", source, hint="close the quote")
    return None
