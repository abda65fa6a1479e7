"""Finds out what a project's folder has, and with it what is wanted there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dbmate_wrap.scaffold import folder, makefile
from dbmate_wrap.scaffold.dbmate_project import find_dbmate_settings, numbering_of
from dbmate_wrap.scaffold.folder import Files
from dbmate_wrap.scaffold.layout import Layout, Scaffold
from dbmate_wrap.scaffold.plan import DOTENV, PROJECT_NAMES, REPOSITORY_NAMES, placeholder_of

_PATHS = ("migrations_dir", "lockfile", "schema_file")


@dataclass(frozen=True)
class KnownProject:
    """What is known before the folder is read.

    `values` are the settings as text, `defaults` the names of those that nobody has set. `is_configured`: a
    TOML file has our table. `top` is the top of the repository, the folder itself where there is none.
    `where` and `hosts` as in `Scaffold`.
    """

    values: Mapping[str, str]
    defaults: frozenset[str]
    is_configured: bool
    top: Path
    where: str
    hosts: frozenset[str]
    version: str


def survey_folder(root: Path, known: KnownProject) -> tuple[Files, Scaffold]:
    """Return the files that are there, and what is wanted."""
    files = folder.read_files(root, PROJECT_NAMES) | folder.read_files(known.top, REPOSITORY_NAMES)
    files |= folder.read_workflows(known.top)
    found = {} if known.is_configured else _settings_of_dbmate(files, known)
    layout = Layout(**{key: found.get(key, known.values[key]) for key in _PATHS})
    names = folder.list_names(root, layout.migrations_dir)
    numbering = None if known.is_configured else numbering_of(names)
    if numbering is not None and "numbering" in known.defaults:
        found["numbering"] = numbering
    scaffold = Scaffold(layout, found, known.is_configured, names, known.where, known.hosts, known.version)
    return files | folder.read_files(root, (layout.readme, placeholder_of(scaffold))), scaffold


def _settings_of_dbmate(files: Files, known: KnownProject) -> dict[str, str]:
    """Return the settings that a project of plain dbmate has, where they differ from our defaults."""
    texts = [files[name].text for name in (*makefile.NAMES, DOTENV) if name in files]
    found = find_dbmate_settings(texts)
    if "migrations_dir" in found:
        # The lockfile lies beside its folder, as it does by default.
        found["lockfile"] = f"{found['migrations_dir']}.lock"
    if "migrations_dir" not in known.defaults:
        found.pop("lockfile", None)
    return {
        key: value for key, value in found.items() if key in known.defaults and value != known.values[key]
    }
