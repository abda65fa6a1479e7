"""Reads dbmate-wrap.toml, or the table of pyproject.toml, and says exactly where it is broken."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.text_file import read_text

OWN_FILE = "dbmate-wrap.toml"
PYPROJECT = "pyproject.toml"
_TABLE = "dbmate-wrap"


@dataclass(frozen=True)
class Document:
    """The raw table of one configuration file; `prefix` is what stands before its keys in that file."""

    path: Path
    prefix: str = ""
    table: Mapping[str, object] = field(default_factory=dict, repr=False)

    def source(self, *keys: str) -> str:
        """How messages name a key: dbmate-wrap.toml: environments.staging.lock_timeout."""
        return f"{self.path.name}: {self.prefix}{'.'.join(keys)}" if keys else self.path.name


def read(folder: Path, faults: list[Fault], warnings: list[Fault]) -> Document | None:
    """The configuration in `folder` itself, None where it holds none; dbmate-wrap.toml wins entirely."""
    pyproject = _from_pyproject(folder / PYPROJECT, faults)
    own = folder / OWN_FILE
    before = len(faults)
    text = read_text(own, own.name, faults)
    if text is None and len(faults) == before:
        return pyproject
    if pyproject is not None:
        warnings.append(
            Fault(
                f"[tool.{_TABLE}] has no effect, because {OWN_FILE} exists",
                PYPROJECT,
                hint="remove one of them",
            )
        )
    return Document(own, table=_parsed(text or "", own.name, faults))


def _from_pyproject(path: Path, faults: list[Fault]) -> Document | None:
    ignored: list[Fault] = []
    text = read_text(path, path.name, ignored)
    # Most pyproject.toml files on the way up are no business of ours, broken ones included.
    if text is None or _TABLE not in text:
        return None
    parse_faults: list[Fault] = []
    tool = _parsed(text, path.name, parse_faults).get("tool")
    if parse_faults and re.search(rf"tool\s*\.\s*[\"']?{_TABLE}", text):
        faults.extend(parse_faults)
        return Document(path)
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    return Document(path, f"tool.{_TABLE}.", table) if isinstance(table, dict) else None


def _parsed(text: str, name: str, faults: list[Fault]) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib's texts name what it expected, and quote at most a key or one character.
        message, _, place = str(error).partition(" (at ")
        last = text.count("\n") + 1
        where = place.rstrip(")") if place.startswith("line") else f"line {last}, at its end"
        faults.append(Fault(f"is not valid TOML: {message}", f"{name} {where}", hint="text needs quotes"))
        return {}
