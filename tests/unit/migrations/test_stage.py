"""What dbmate runs is a private copy of exactly the bytes that were checked."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.migrations import stage as module
from dbmate_wrap.migrations.stage import stage, stage_unless_staged
from tests.support.cases import migration_file

FILES = [migration_file("001_a.sql", b"\r\n\xff\0 -- migrate:up"), migration_file("002_b.sql", "")]


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this test alone."""
    path = tmp_path / "disk"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    return path


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands in for the file system in memory."""
    path = tmp_path / "memory"
    path.mkdir()
    monkeypatch.setattr(module, "_IN_MEMORY", str(path))
    return path


@pytest.fixture
def left(memory: Path) -> Path:
    """The folder that a killed run has left there, long ago."""
    path = memory / "dbmate-wrap-left"
    path.mkdir()
    os.utime(path, (0, 0))
    return path


@pytest.fixture(autouse=True)
def _own_places(disk: Path, memory: Path) -> None:
    """No test writes anywhere else."""


def holds_the_files(folder: Path) -> bool:
    """Byte for byte, and nothing else."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} == {
        file.name: file.content for file in FILES
    }


def test_the_folder_holds_the_files_byte_for_byte_and_nothing_else(memory: Path) -> None:
    with stage(FILES) as folder:
        assert folder.parent == memory
        assert holds_the_files(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_only_this_account_can_read_it() -> None:
    with stage(FILES) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_gone_afterwards_also_after_an_error_and_with_what_others_put_there(memory: Path) -> None:
    def use(folder: Path) -> None:
        (folder / "made by dbmate").mkdir()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), stage(FILES) as folder:
        use(folder)
    assert os.listdir(memory) == []


def test_a_folder_that_somebody_else_has_removed_meanwhile_is_no_error(memory: Path) -> None:
    with stage(FILES) as folder:
        shutil.rmtree(folder)
    assert os.listdir(memory) == []


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_two_runs_may_remove_what_a_third_has_left(
    memory: Path, left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = module._locked

    def faster(folder: str) -> int | None:
        handle = lock(folder)
        if folder == str(left):
            left.rmdir()
        return handle

    monkeypatch.setattr(module, "_locked", faster)
    with stage(FILES) as folder:
        assert os.listdir(memory) == [folder.name]


def test_a_link_or_a_file_is_not_locked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    assert [module._locked(str(tmp_path / name)) for name in ("file", "link")] == [None, None]


def test_two_at_once_are_two_folders() -> None:
    with stage(FILES) as one, stage([]) as other:
        assert one != other
        assert list(other.iterdir()) == []


def test_without_a_file_system_in_memory_it_is_on_disk(
    disk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", str(tmp_path / "nowhere"))
    with stage(FILES) as folder:
        assert folder.parent == disk
        assert holds_the_files(folder)


def test_where_neither_can_be_written_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", str(tmp_path / "nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="temporary folder: No such file") as raised, stage(FILES):
        pass
    assert raised.value.hint == "free some space, or point TMPDIR to a folder that can be written"


class FullFrom:
    """A file system with room for a few more bytes: a raw write ends early, without an error."""

    def __init__(self, room: int, folder: Path) -> None:
        self.room, self.folder, self.open = room, str(folder), open

    def __call__(self, path: str, mode: str, buffering: int) -> "FullFrom.File":
        """As `open`."""
        return self.File(self, self.open(path, mode, buffering=buffering), path.startswith(self.folder))

    class File:
        """As the raw file."""

        def __init__(self, disk: "FullFrom", file: IO[bytes], full: bool) -> None:
            self.disk, self.file, self.full = disk, file, full

        def __enter__(self) -> "FullFrom.File":
            return self

        def __exit__(self, *error: object) -> None:
            self.file.close()

        def write(self, content: bytes) -> int:
            """As much as there is room for."""
            written = self.file.write(content[: self.disk.room] if self.full else content)
            self.disk.room -= written
            return written


@pytest.mark.parametrize("room", [0, 1, 10])
def test_half_a_migration_is_never_run_where_memory_gets_full(
    room: int, disk: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open", FullFrom(room, memory), raising=False)
    with stage(FILES) as folder:
        assert folder.parent == disk
        assert holds_the_files(folder)
        assert os.listdir(memory) == []


def test_where_memory_and_disk_get_full_it_is_an_error_and_nothing_is_left(
    tmp_path: Path, disk: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open", FullFrom(5, tmp_path), raising=False)
    with pytest.raises(ConfigError, match="No space left on device"), stage(FILES):
        pass
    assert os.listdir(disk) == os.listdir(memory) == []


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_what_a_killed_run_left_in_memory_is_removed_and_nothing_else(memory: Path) -> None:
    young, strange = memory / "dbmate-wrap-young", memory / "other"
    with stage(FILES) as staged:
        assert staged.name.startswith("dbmate-wrap-")
        left = memory / staged.name
    for folder in (left, young, strange):
        folder.mkdir()
        (folder / "001_a.sql").touch()
    with stage(FILES) as running:
        for folder in (left, strange, running):
            os.utime(folder, (0, 0))
        with stage(FILES):
            assert not left.exists()
            assert young.exists()
            assert strange.exists()
            assert holds_the_files(running)


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_what_must_stay_keeps_nothing_else_from_being_removed(
    memory: Path, left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, young = memory / "dbmate-wrap-gone", memory / "dbmate-wrap-young"
    young.mkdir()
    # A folder lists its files in any order: here those that stay come first.
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([gone, young, left]))
    with stage(FILES) as folder:
        assert sorted(os.listdir(memory)) == sorted([young.name, folder.name])


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_what_cannot_be_removed_is_left(memory: Path, left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove = os.rmdir

    def refuse(path: str, **options: int) -> None:
        if Path(path).name == left.name:
            raise PermissionError(path)
        remove(path, **options)

    monkeypatch.setattr(os, "rmdir", refuse)
    with stage(FILES) as folder:
        assert holds_the_files(folder)
    assert os.listdir(memory) == [left.name]


def test_what_a_run_over_many_databases_has_staged_is_used_and_not_removed(memory: Path) -> None:
    names = tuple(file.name for file in FILES)
    with stage(FILES) as shared:
        with stage_unless_staged(FILES, {names: shared}) as folder:
            assert folder == shared
            assert os.listdir(memory) == [shared.name]
        assert holds_the_files(shared)


@pytest.mark.parametrize("names", [("001_a.sql",), ("002_b.sql", "001_a.sql"), ()])
def test_what_is_not_staged_is_staged_and_removed_at_the_end(names: tuple[str, ...], tmp_path: Path) -> None:
    with stage_unless_staged(FILES, {names: tmp_path}) as folder:
        assert folder != tmp_path
        assert holds_the_files(folder)
    assert not folder.exists()
