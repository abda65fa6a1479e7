"""What an installation has, from files in the layouts of wheels, Debian, Homebrew and others."""

from pathlib import Path

import pytest

from dbmate_wrap.cluster import features
from dbmate_wrap.cluster.binaries import Binaries


def installed(bin_dir: Path, share: Path, *extensions: str, program: bytes = b"\0built\0") -> Binaries:
    """An installation with these extensions beside plpgsql."""
    bin_dir.mkdir(parents=True)
    (bin_dir / "postgres").write_bytes(program)
    (share / "extension").mkdir(parents=True)
    for name in ("plpgsql", *extensions):
        (share / "extension" / f"{name}.control").touch()
    return Binaries(bin_dir, 15, "local")


@pytest.mark.parametrize(
    "share", ["share", "share/postgresql", "share/pgsql", "share/postgresql@15", "share/postgresql/15"]
)
def test_extensions_are_read_from_control_files(tmp_path: Path, share: str) -> None:
    found = installed(tmp_path / "bin", tmp_path / share, "pgcrypto", "uuid-ossp")
    assert features.extensions_of(found) == {"plpgsql", "pgcrypto", "uuid-ossp"}
    assert features.has_extension(found, "uuid-ossp")
    assert not features.has_extension(found, "citext")
    assert not features.has_extension(found, "../extension/pgcrypto")


def test_debian_keeps_them_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_DEBIAN", f"{tmp_path}/usr/share/postgresql/{{}}")
    found = installed(tmp_path / "usr/lib/postgresql/15/bin", tmp_path / "usr/share/postgresql/15", "xml2")
    assert features.has_extension(found, "xml2")


def test_an_installation_in_an_unknown_layout_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "_DEBIAN", str(tmp_path))
    found = installed(tmp_path / "bin", tmp_path / "elsewhere", "pgcrypto")
    assert features.extensions_of(found) == frozenset()
    assert not features.has_extension(found, "pgcrypto")


@pytest.mark.parametrize(
    ("program", "icu", "tls"),
    [
        (b"", True, True),
        (b"x\0ICU is not supported in this build\0", False, True),
        (b"x\0SSL is not supported by this build\0ICU is not supported in this build\0", False, False),
    ],
)
def test_what_a_server_was_built_without_stands_in_its_program(
    tmp_path: Path, program: bytes, icu: bool, tls: bool
) -> None:
    found = installed(tmp_path / "bin", tmp_path / "share", program=program)
    assert (features.has_icu(found), features.has_tls(found)) == (icu, tls)
