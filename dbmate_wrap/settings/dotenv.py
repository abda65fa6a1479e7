"""Reads .env files strictly: python-dotenv alone would log a broken line and continue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.names import PREFIX, UNPREFIXED
from dbmate_wrap.settings.text_file import read_text


@dataclass(frozen=True)
class DotenvLine:
    """The value of one variable and its line number."""

    value: str = field(repr=False)
    number: int


@dataclass(frozen=True)
class DotenvFile:
    """The URL variables of one file; `faults` is empty unless it is broken."""

    name: str
    urls: Mapping[str, DotenvLine] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()

    def line(self, variable: str) -> DotenvLine | None:
        """Return a variable that is set; empty counts as not set, as in the process environment."""
        line = self.urls.get(variable)
        return line if line and line.value.strip() else None


def read_dotenv(path: Path) -> DotenvFile:
    """Read a file; one that does not exist is empty. `$` has no meaning, because passwords contain it."""
    faults: list[Fault] = []
    text = read_text(path, path.name, faults)
    if text is None:
        return DotenvFile(path.name, faults=tuple(faults))
    return _parse(path.name, text)


def _parse(name: str, text: str) -> DotenvFile:
    from dotenv.parser import parse_stream

    urls: dict[str, DotenvLine] = {}
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for binding in parse_stream(StringIO(text)):
        number = binding.original.line + _blank_lines(binding.original.string)
        place = f"{name} line {number}"
        fault = _fault(binding.error, binding.key, binding.value, place)
        if fault:
            faults.append(fault)
        elif binding.key and binding.value is not None:
            _keep(binding.key, DotenvLine(binding.value, number), place, urls, faults, warnings)
    return DotenvFile(name, urls, tuple(faults), tuple(warnings))


def _keep(
    key: str,
    line: DotenvLine,
    place: str,
    urls: dict[str, DotenvLine],
    faults: list[Fault],
    warnings: list[Fault],
) -> None:
    if key.startswith("DBMATE_"):
        hint = f"set {PREFIX}<KEY> in the process environment, or the key in dbmate-wrap.toml"
        warnings.append(Fault(f"sets {key}, which has no effect here", place, hint=hint))
    elif key in urls:
        faults.append(
            Fault(f"sets {key} again, after line {urls[key].number}", place, hint="keep one of them")
        )
    elif key.endswith(UNPREFIXED):
        urls[key] = line


def _blank_lines(original: str) -> int:
    """Count blank lines before an assignment: python-dotenv adds them to it, which misleads readers."""
    return original[: len(original) - len(original.lstrip())].count("\n")


def _fault(error: bool, key: str | None, value: str | None, source: str) -> Fault | None:
    if error:
        hint = "write NAME=value; close quotes, and put nothing but a # comment after them"
        return Fault("is not an assignment that can be read", source, hint=hint)
    if key is not None and value is None:
        return Fault("has a name without a value", source, hint="write NAME=value")
    # An open quote extends to the next quote, over the lines between.
    if value is not None and re.search(rf"[\r\n].*{UNPREFIXED}", value, re.DOTALL):
        return Fault(f"opens a quote that runs over a line with {UNPREFIXED}", source, hint="close the quote")
    return None
