"""What `wait` waits for, what is left of it, and what it says."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import ConfigError, PolicyError
from dbmate_wrap.migrations.phase import PHASE_COMMENT
from dbmate_wrap.settings import Environment
from dbmate_wrap.workspace.awaited import Awaited, read_awaited
from tests.support.migrations import file_of
from tests.support.projects import migration

UP = migration("select 1;")


def files(*names: str, marked: str = "") -> Awaited:
    """Files of these names; the one that is `marked` waits for the rollout."""
    made = (file_of(name, f"{PHASE_COMMENT}\n{UP}" if name == marked else UP) for name in names)
    return Awaited(files=tuple(made), folder="db/migrations")


def left(awaited: Awaited, *applied: str) -> list[str]:
    return [each.version for each in awaited.find_left(applied)]


THREE = files("001_a.sql", "002_b.sql", "003_c.sql")
MARKED = files("001_a.sql", "002_b.sql", "003_drop.sql", "004_c.sql", marked="003_drop.sql")


@pytest.mark.parametrize(
    ("awaited", "applied", "expected"),
    [
        (THREE, (), ["001", "002", "003"]),
        (THREE, ("001", "002"), ["003"]),
        (THREE, ("001", "002", "003"), []),
        # Newer code has been here, and this is a way back.
        (THREE, ("001", "002", "003", "004"), []),
        (THREE, ("001", "003"), ["002"]),
        # As `up --phase before`: what is marked waits for the rollout, and what comes after it.
        (MARKED, ("001",), ["002"]),
        (MARKED, ("001", "002"), []),
        (MARKED, ("001", "002", "003"), ["004"]),
        (MARKED, ("001", "002", "003", "004"), []),
        (files("001_drop.sql", marked="001_drop.sql"), (), []),
    ],
)
def test_of_files_is_left_what_is_to_run_before_the_rollout(
    awaited: Awaited, applied: Sequence[str], expected: list[str]
) -> None:
    assert left(awaited, *applied) == expected


@pytest.mark.parametrize(
    ("wanted", "applied", "expected"),
    [
        ("7", ("006",), ["7"]),
        ("7", ("006", "007"), []),
        ("007", ("6", "7", "8"), []),
        ("20240101120000", ("20240101120000",), []),
        ("7", (), ["7"]),
    ],
)
def test_a_version_is_compared_as_a_number(wanted: str, applied: Sequence[str], expected: list[str]) -> None:
    assert left(Awaited(wanted), *applied) == expected


@pytest.mark.parametrize(
    ("awaited", "applied", "said"),
    [
        (THREE, ("001", "002"), "003_c.sql is pending"),
        (THREE, ("001",), "2 migrations are not applied, beginning with 002_b.sql"),
        (THREE, ("001", "003"), "002_b.sql is out-of-order (older than one that is applied)"),
        (Awaited("012"), ("001", "007"), "012 is not applied; the newest is 007"),
        (Awaited("012"), (), "012 is not applied; nothing is"),
    ],
)
def test_what_is_left_is_said(awaited: Awaited, applied: Sequence[str], said: str) -> None:
    assert awaited.describe_left(awaited.find_left(applied), applied) == said


@pytest.mark.parametrize(
    ("awaited", "applied", "said"),
    [
        (THREE, ("001", "002", "003", "004"), "003_c.sql is applied"),
        (Awaited("7"), ("006", "007"), "007 is applied"),
        (
            MARKED,
            ("001", "002"),
            "002_b.sql is applied"
            "\n2 migrations come after the rollout, beginning with 003_drop.sql: they were not waited for",
        ),
        (
            files("001_drop.sql", marked="001_drop.sql"),
            (),
            "no migration is to be applied before the rollout"
            "\n001_drop.sql comes after the rollout: it was not waited for",
        ),
    ],
)
def test_the_end_is_said(awaited: Awaited, applied: Sequence[str], said: str) -> None:
    assert awaited.describe_end(applied) == said


def environment(folder: Path) -> Environment:
    made = SimpleNamespace(
        values=SimpleNamespace(migrations_dir=folder), display_path=lambda path: "db/migrations"
    )
    return cast(Environment, made)


def test_a_version_needs_no_folder(tmp_path: Path) -> None:
    awaited = read_awaited(environment(tmp_path / "nowhere"), "7")
    assert (awaited.version, awaited.files, awaited.known, awaited.title) == (
        "7",
        (),
        frozenset(),
        "version 7",
    )


def test_the_files_of_the_folder_are_read(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_text(UP)
    (tmp_path / "README.md").write_text("x")
    awaited = read_awaited(environment(tmp_path), None)
    assert [each.name for each in awaited.files] == ["001_a.sql"]
    assert all(isinstance(each, MigrationFile) for each in awaited.files)
    assert awaited.known == {"001"}
    assert awaited.title == "the migrations in db/migrations"


@pytest.mark.parametrize("exists", [True, False])
def test_where_there_are_no_files_the_hint_is_to_name_a_version(tmp_path: Path, exists: bool) -> None:
    folder = tmp_path if exists else tmp_path / "nowhere"
    with pytest.raises(ConfigError) as raised:
        read_awaited(environment(folder), None)
    assert "--for 012" in (raised.value.hint or "")


def test_a_migration_that_is_a_link_is_12_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_text(UP)
    (tmp_path / "002_b.sql").symlink_to("001_a.sql")
    with pytest.raises(PolicyError, match=r"db/migrations/002_b\.sql is a symbolic link"):
        read_awaited(environment(tmp_path), None)
