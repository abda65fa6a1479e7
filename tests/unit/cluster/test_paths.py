"""The data of a home is found, foreign links are not followed, and socket paths are short and ours."""

import os
import shutil
from pathlib import Path

import pytest

from dbmate_wrap.cluster import paths
from dbmate_wrap.cluster.account import Account
from dbmate_wrap.errors import ConfigError

SOMEBODY = Account("somebody", 4_294_967_294, 1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and a folder of its own in place of /var/tmp."""
    external = tmp_path / "external"
    external.mkdir()
    monkeypatch.setattr(paths, "EXTERNAL", external)
    made = tmp_path / "postgres"
    made.mkdir()
    return made


def test_nothing(home: Path) -> None:
    assert paths.find_data(home) is None
    assert paths.find_data(home / "nowhere") is None


def test_data_in_the_home(home: Path) -> None:
    (home / "data").mkdir()
    assert paths.find_data(home) == home / "data"
    assert paths.log_file(home / "data") == home / "log"
    assert paths.lock_file(home) == home.parent / "postgres.lock"


def test_data_behind_a_link_of_ours(home: Path) -> None:
    data = paths.EXTERNAL / "dbmate-wrap-101-abc" / "data"
    data.mkdir(parents=True)
    (home / "data").symlink_to(data)
    assert paths.find_data(home) == data


def test_a_link_of_ours_to_nothing_is_nothing(home: Path) -> None:
    (home / "data").symlink_to(paths.EXTERNAL / "dbmate-wrap-101-abc" / "data")
    assert paths.find_data(home) is None


@pytest.mark.parametrize(
    "target", ["/etc", "/etc/data", "dbmate-wrap-1/data", "EXTERNAL/other/data", "EXTERNAL/dbmate-wrap-1"]
)
def test_any_other_link_is_refused(home: Path, target: str) -> None:
    (home / "data").symlink_to(target.replace("EXTERNAL", str(paths.EXTERNAL)))
    with pytest.raises(ConfigError, match="which is not ours") as caught:
        paths.find_data(home)
    assert caught.value.hint == f"rm {home / 'data'}"


def test_a_planted_link_in_place_of_our_folder_is_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "precious" / "data").mkdir(parents=True)
    planted = paths.EXTERNAL / "dbmate-wrap-101-abc"
    planted.symlink_to(tmp_path / "precious")
    (home / "data").symlink_to(planted / "data")
    assert paths.find_data(home) is None


def test_the_major_of_data(home: Path) -> None:
    (home / "PG_VERSION").write_text("18\n")
    assert paths.data_major(home) == 18
    (home / "PG_VERSION").write_text("eighteen\n")
    assert paths.data_major(home) is None
    assert paths.data_major(home / "nowhere") is None


def test_the_link_of_a_copied_project_is_not_followed_and_that_of_a_moved_one_is(
    home: Path, tmp_path: Path
) -> None:
    data = paths.EXTERNAL / "dbmate-wrap-101-abc" / "data"
    data.mkdir(parents=True)
    (home / "data").symlink_to(data)
    paths.owner_file(data.parent).write_bytes(os.fsencode(home))
    copy = tmp_path / "copy"
    shutil.copytree(home, copy, symlinks=True)
    assert paths.find_data(home) == data
    assert paths.find_data(copy) is None
    (home / "data").unlink()
    assert paths.find_data(copy) == data


def test_a_socket_path_is_short_and_depends_on_home_and_account(tmp_path: Path) -> None:
    home = Path("/" + "x" * 3000)
    path = paths.socket_dir(home, SOMEBODY)
    assert len(str(path / ".s.PGSQL.5432")) < 100
    assert path == paths.socket_dir(home, SOMEBODY)
    assert path != paths.socket_dir(home / "y", SOMEBODY)
    assert path != paths.socket_dir(home, Account("x", 7, 7))


def test_nothing_but_socket_folders_of_ours_is_discarded(tmp_path: Path) -> None:
    (tmp_path / "dbmate-wrap-1-abc").mkdir()
    paths.remove_socket_dir(tmp_path / "dbmate-wrap-1-abc")
    paths.remove_socket_dir(None)
    assert (tmp_path / "dbmate-wrap-1-abc").exists()
