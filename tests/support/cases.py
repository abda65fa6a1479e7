"""Reads the tables of cases in tests/cases, and compares golden files."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from dbmate_wrap.domain.migration import MigrationFile, checksum, version_of
from dbmate_wrap.errors import WrapError

HERE = Path(__file__).parents[1] / "cases"
Case = dict[str, object]


def cases(table: str) -> list[Case]:
    """The `[[case]]` entries of `<table>.toml`, each with a `name`."""
    found = tomllib.loads((HERE / f"{table}.toml").read_text(encoding="utf-8"))["case"]
    assert isinstance(found, list)
    assert len({case["name"] for case in found}) == len(found), "two cases have one name"
    return found


def cases_in(folder: str) -> list[Case]:
    """The entries of all tables of a folder."""
    tables = sorted(path.stem for path in (HERE / folder).glob("*.toml"))
    return [case for table in tables for case in cases(f"{folder}/{table}")]


def name_of(case: Case) -> str:
    """A case's name, as pytest shows it."""
    return str(case["name"])


def text(case: Case, key: str) -> str:
    """A text of the case."""
    value = case[key]
    assert isinstance(value, str)
    return value


def texts(case: Case, key: str) -> list[str]:
    """A list of texts of the case, empty where it has none."""
    value = case.get(key, [])
    assert isinstance(value, list)
    assert all(isinstance(item, str) for item in value)
    return value


def migration_file(name: str, content: str | bytes = "") -> MigrationFile:
    """A migration as `directory.list_migrations` makes it."""
    data = content.encode() if isinstance(content, str) else content
    version = version_of(name)
    assert version is not None
    return MigrationFile(name, version, checksum(data), data)


def assert_golden(name: str, text: str) -> None:
    """Compare `up-failed.json` with `render/up-failed/json`, as `assert_as_written` does."""
    case, _, form = name.partition(".")
    assert_as_written(f"render/{case}/{form}", text)


def assert_as_written(name: str, text: str) -> None:
    """Compare a text with that file of tests/cases.

    UPDATE_CASES=1 in the environment writes it first (read the diff).
    """
    path = HERE / name
    if os.environ.get("UPDATE_CASES"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def listed(errors: Mapping[str, WrapError]) -> str:
    """Every word of the errors, each under its name."""
    parts = []
    for name, error in errors.items():
        report = asdict(error.report())
        known = {key: value for key, value in report.items() if value not in (None, ()) and key != "message"}
        lines = [f"{key}: {value}" for key, value in known.items()]
        parts.append("\n".join([f"== {name}", f"{error.code.value} {error.message}", *lines, ""]))
    return "\n".join(parts)
