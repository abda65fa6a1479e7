"""One process at a time holds a file lock."""

from pathlib import Path

import pytest

from dbmate_wrap.cluster import file_lock
from dbmate_wrap.errors import ConfigError, LockedError


def test_a_second_starter_waits_and_then_gives_up(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "postgres.lock"
    with (
        file_lock.hold_file_lock(lock),
        pytest.raises(LockedError, match="another dbmate-wrap"),
        file_lock.hold_file_lock(lock, wait=0.05),
    ):
        pass
    with file_lock.hold_file_lock(lock, wait=0):
        pass


def test_a_lock_that_cannot_be_made_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="cannot write") as caught,
        file_lock.hold_file_lock(tmp_path / "file" / "lock"),
    ):
        pass
    assert "DEV_DATABASE_URL" in (caught.value.hint or "")
