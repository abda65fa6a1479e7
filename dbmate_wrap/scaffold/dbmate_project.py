"""Finds what a project of plain dbmate has set: folder, history table, schema file, numbering."""

import posixpath
import re
from collections.abc import Iterable, Sequence

from dbmate_wrap.domain.migration import is_sequential, version_of

# dbmate 2.37.0, main.go: the variable and the options before the verb, and our setting of the same meaning.
_SETTINGS = {
    "migrations_dir": ("DBMATE_MIGRATIONS_DIR", "--migrations-dir", "-d"),
    "migrations_table": ("DBMATE_MIGRATIONS_TABLE", "--migrations-table"),
    "schema_file": ("DBMATE_SCHEMA_FILE", "--schema-file", "-s"),
}
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
# Not a list of folders, a variable of make, or a pattern.
_PATH = re.compile(r"[\w./ -]+")
_CALL = re.compile(r"(?<![\w./-])dbmate(?![\w-])(.*)")


def find_dbmate_settings(texts: Sequence[str]) -> dict[str, str]:
    """Return our settings by dbmate's variables and options in `texts`, the first that is usable wins.

    `texts` are those of a Makefile and of `.env`, in the order in which dbmate itself prefers them.
    """
    found: dict[str, str] = {}
    for text in texts:
        for key, names in _SETTINGS.items():
            for value in (*_options(text, names[1:]), *_assignments(text, names[0])):
                usable = _usable(key, value)
                if usable is not None:
                    found.setdefault(key, usable)
    return found


def numbering_of(names: Iterable[str]) -> str | None:
    """Return the `numbering` that files by time need; None where `auto` says the same."""
    versions = [version for name in names if (version := version_of(name)) is not None]
    return None if is_sequential("auto", versions) else "timestamp"


def _assignments(text: str, variable: str) -> list[str]:
    found = re.findall(rf"^\s*(?:export\s+)?{variable}\s*[:?]?=[ \t]*(.*)$", text, re.MULTILINE)
    return [_unquoted(value) for value in found]


def _options(text: str, options: Sequence[str]) -> list[str]:
    """Return the values that calls of dbmate give."""
    pattern = rf"\s(?:{'|'.join(options)})[ =]+(\"[^\"]*\"|'[^']*'|\S+)"
    return [_unquoted(value) for call in _CALL.findall(text) for value in re.findall(pattern, call)]


def _unquoted(value: str) -> str:
    quoted = re.match(r"\"([^\"]*)\"|'([^']*)'", value)
    if quoted:
        return quoted[1] or quoted[2] or ""
    return re.split(r"\s+#", value)[0].strip()


def _usable(key: str, value: str) -> str | None:
    """Return the value as a setting; None where it cannot be one."""
    if key == "migrations_table":
        return value if _TABLE.fullmatch(value) else None
    path = posixpath.normpath(value) if _PATH.fullmatch(value) else ".."
    return None if path.startswith(("/", "..")) or path == "." else path
