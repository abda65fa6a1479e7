"""Where a home's data is, and what is not followed there."""

import os
import shutil
from pathlib import Path

import pytest

from dbmate_wrap.cluster import layout
from dbmate_wrap.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a folder of its own in place of /var/tmp."""
    far = tmp_path / "far"
    far.mkdir()
    monkeypatch.setattr(layout, "EXTERNAL", far)
    made = tmp_path / "postgres"
    made.mkdir()
    return made


def test_nothing(home: Path) -> None:
    assert layout.locate(home) is None
    assert layout.locate(home / "nowhere") is None


def test_data_in_the_home(home: Path) -> None:
    (home / "data").mkdir()
    assert layout.locate(home) == home / "data"
    assert layout.log_file(home / "data") == home / "log"
    assert layout.lock_file(home) == home.parent / "postgres.lock"


def test_data_behind_a_link_of_ours(home: Path) -> None:
    data = layout.EXTERNAL / "dbmate-wrap-101-abc" / "data"
    data.mkdir(parents=True)
    (home / "data").symlink_to(data)
    assert layout.locate(home) == data


def test_a_link_of_ours_to_nothing_is_nothing(home: Path) -> None:
    (home / "data").symlink_to(layout.EXTERNAL / "dbmate-wrap-101-abc" / "data")
    assert layout.locate(home) is None


@pytest.mark.parametrize(
    "target", ["/etc", "/etc/data", "dbmate-wrap-1/data", "FAR/other/data", "FAR/dbmate-wrap-1"]
)
def test_any_other_link_is_refused(home: Path, target: str) -> None:
    (home / "data").symlink_to(target.replace("FAR", str(layout.EXTERNAL)))
    with pytest.raises(ConfigError, match="which is not ours") as caught:
        layout.locate(home)
    assert caught.value.hint == f"rm {home / 'data'}"


def test_a_planted_link_in_place_of_our_folder_is_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "precious" / "data").mkdir(parents=True)
    planted = layout.EXTERNAL / "dbmate-wrap-101-abc"
    planted.symlink_to(tmp_path / "precious")
    (home / "data").symlink_to(planted / "data")
    assert layout.locate(home) is None


def test_the_major_of_data(home: Path) -> None:
    (home / "PG_VERSION").write_text("18\n")
    assert layout.major(home) == 18
    (home / "PG_VERSION").write_text("eighteen\n")
    assert layout.major(home) is None
    assert layout.major(home / "nowhere") is None


def test_the_link_of_a_copied_project_is_not_followed_and_that_of_a_moved_one_is(
    home: Path, tmp_path: Path
) -> None:
    data = layout.EXTERNAL / "dbmate-wrap-101-abc" / "data"
    data.mkdir(parents=True)
    (home / "data").symlink_to(data)
    layout.owner_file(data.parent).write_bytes(os.fsencode(home))
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    assert layout.locate(home) == data
    assert layout.locate(copy) is None
    (home / "data").unlink()
    assert layout.locate(copy) == data
