"""A file is written whole or not at all."""

import os
import stat
import sys
from pathlib import Path

import pytest

from dbmate_wrap.atomic import write_by_rename
from dbmate_wrap.errors import ConfigError, ExitCode


def test_the_content_is_written_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_by_rename(tmp_path / "file", b"one\r\n\0")
    write_by_rename(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["file"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_by_rename(tmp_path / "a" / "b" / "file", b"x")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_new_file_can_be_read_by_all_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_by_rename(path, b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    path.chmod(0o600)
    write_by_rename(path, b"y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere/file")
    write_by_rename(tmp_path / "link", b"x")
    write_by_rename(tmp_path / "link", b"y")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "file").read_bytes() == b"y"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_pipe_stays_one_and_its_reader_gets_the_content(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_by_rename(path, b"x")
        assert os.read(reader, 10) == b"x"
    finally:
        os.close(reader)
    assert path.is_fifo()
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Should it fail: root could put a file in the place of /dev/null.
    monkeypatch.setattr("os.replace", lambda source, target: pytest.fail(f"{target} would be replaced"))
    (tmp_path / "link").symlink_to(os.devnull)
    write_by_rename(tmp_path / "link", b"x")
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(
    "place", ["a folder stands there", "a file stands in the way", "the name is too long"]
)
def test_what_cannot_be_written_is_an_error_with_the_reason(place: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if place == "a folder stands there":
        path.mkdir()
        (path / "x").touch()
    elif place == "a file stands in the way":
        (tmp_path / "blocker").touch()
        path = tmp_path / "blocker" / "file"
    else:
        path = tmp_path / ("x" * 300)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ConfigError, match="cannot write") as raised:
        write_by_rename(path, b"x")
    assert raised.value.code is ExitCode.CONFIG
    assert raised.value.hint
    assert sorted(os.listdir(tmp_path)) == before


def test_an_interrupt_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(source: object, target: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_by_rename(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"
