"""Finds the project's folder and reads its dbmate-wrap.toml, or the table of its pyproject.toml."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dbmate_wrap.errors import Fault
from dbmate_wrap.settings.faults import config_error
from dbmate_wrap.settings.text_file import read_text

if TYPE_CHECKING:
    from dbmate_wrap.settings.untrusted_checkout import UntrustedCheckout

OWN_FILE = "dbmate-wrap.toml"
PYPROJECT = "pyproject.toml"
MIGRATIONS = Path("db/migrations")
_TABLE = "dbmate-wrap"


@dataclass(frozen=True)
class ConfigDocument:
    """The raw table of one configuration file; `prefix` stands before its keys in that file."""

    path: Path
    prefix: str = ""
    table: Mapping[str, object] = field(default_factory=dict, repr=False)

    def source(self, *keys: str) -> str:
        """Return the name of a key in messages: dbmate-wrap.toml: environments.staging.lock_timeout."""
        return f"{self.path.name}: {self.prefix}{'.'.join(keys)}"


def find_project(
    project: Path | None, faults: list[Fault], warnings: list[Fault], checkout: "UntrustedCheckout | None"
) -> tuple[Path, ConfigDocument | None]:
    """Return the project's folder, absolute, and the configuration that it holds.

    The project is the nearest folder upward with a configuration or with db/migrations, not above a .git;
    without one it is the current folder. Raises ConfigError where `project` is given and is no folder, and
    for a file that the branch of a pull request, `checkout`, leads astray.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:
        hint = "change to the project's folder"
        raise config_error(Fault("does not exist any more", "the current folder", hint)) from None
    if project is not None:
        root = here / project
        if not root.is_dir():
            raise config_error(Fault(f"{project} is not a folder", "--project", "name the project's folder"))
        return root, _read_config(root, faults, warnings, checkout)
    for folder in (here, *here.parents):
        document = _read_config(folder, faults, warnings, checkout)
        if document is not None or (folder / MIGRATIONS).is_dir():
            return folder, document
        if (folder / ".git").exists():
            break
    return here, None


def read_texts(folder: Path, own: str | None, pyproject: str | None) -> ConfigDocument | None:
    """Return the configuration of a folder from the texts of its two files; faults in them are not told."""
    document = None if pyproject is None else _from_pyproject(folder / PYPROJECT, pyproject, [])
    return document if own is None else ConfigDocument(folder / OWN_FILE, table=_parse(own, OWN_FILE, []))


def _read_config(
    folder: Path, faults: list[Fault], warnings: list[Fault], checkout: "UntrustedCheckout | None"
) -> ConfigDocument | None:
    """Read the configuration in `folder` itself, None without one; dbmate-wrap.toml wins entirely."""
    own, general = folder / OWN_FILE, folder / PYPROJECT
    if checkout is not None:
        checkout.refuse_link(general)
        checkout.refuse_link(own)
    ignored: list[Fault] = []
    content = read_text(general, PYPROJECT, ignored)
    pyproject = None if content is None else _from_pyproject(general, content, faults)
    before = len(faults)
    text = read_text(own, own.name, faults)
    if text is None and len(faults) == before:
        return pyproject
    if pyproject is not None:
        message = f"[tool.{_TABLE}] has no effect, because {OWN_FILE} exists"
        warnings.append(Fault(message, PYPROJECT, hint="remove one of them"))
    return ConfigDocument(own, table=_parse(text or "", own.name, faults))


def _from_pyproject(path: Path, text: str, faults: list[Fault]) -> ConfigDocument | None:
    # Most pyproject.toml files in parent folders have no table of ours: ignore them, broken ones too.
    if _TABLE not in text:
        return None
    parse_faults: list[Fault] = []
    tool = _parse(text, path.name, parse_faults).get("tool")
    if parse_faults and re.search(rf"tool\s*\.\s*[\"']?{_TABLE}", text):
        faults.extend(parse_faults)
        return ConfigDocument(path)
    table = tool.get(_TABLE) if isinstance(tool, dict) else None
    return ConfigDocument(path, f"tool.{_TABLE}.", table) if isinstance(table, dict) else None


def _parse(text: str, name: str, faults: list[Fault]) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # tomllib's messages quote at most a key or one character, so no secret is shown.
        message, _, place = str(error).partition(" (at ")
        last = text.count("\n") + 1
        where = place.rstrip(")") if place.startswith("line") else f"line {last}, at its end"
        faults.append(Fault(f"is not valid TOML: {message}", f"{name} {where}", hint="text needs quotes"))
        return {}
