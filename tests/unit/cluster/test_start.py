"""Locks, names and options of a start, without a server."""

import shlex
import sys
from pathlib import Path

import pytest

from dbmate_wrap.cluster import file_lock, folders, launch, server, shell
from dbmate_wrap.cluster.account import Account
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.errors import ConfigError, LockedError

SOMEBODY = Account("somebody", 4_294_967_294, 1)


def test_a_second_starter_waits_and_then_gives_up(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "postgres.lock"
    with (
        file_lock.hold_file_lock(lock),
        pytest.raises(LockedError, match="another dbmate-wrap"),
        file_lock.hold_file_lock(lock, patience=0.05),
    ):
        pass
    with file_lock.hold_file_lock(lock, patience=0):
        pass


def test_a_lock_that_cannot_be_made_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigError, match="cannot write") as caught,
        file_lock.hold_file_lock(tmp_path / "file" / "lock"),
    ):
        pass
    assert "DEV_DATABASE_URL" in (caught.value.hint or "")


def test_a_socket_path_is_short_and_depends_on_home_and_account(tmp_path: Path) -> None:
    home = Path("/" + "x" * 3000)
    path = folders.socket_dir(home, SOMEBODY)
    assert len(str(path / ".s.PGSQL.5432")) < 100
    assert path == folders.socket_dir(home, SOMEBODY)
    assert path != folders.socket_dir(home / "y", SOMEBODY)
    assert path != folders.socket_dir(home, Account("x", 7, 7))


def test_nothing_but_socket_folders_of_ours_is_discarded(tmp_path: Path) -> None:
    (tmp_path / "dbmate-wrap-1-abc").mkdir()
    folders.discard(tmp_path / "dbmate-wrap-1-abc")
    folders.discard(None)
    assert (tmp_path / "dbmate-wrap-1-abc").exists()


def test_paths_that_postgresql_would_cut_or_a_shell_would_read_are_known() -> None:
    assert shell.can_be_given(Path("/srv/a project/with 'quotes'"))
    assert not shell.can_be_given(Path("/srv/$(id)"))
    assert not shell.can_be_given(Path("/" + "/".join(["ü" * 100] * 5)))


def test_the_options_survive_the_shell_of_pg_ctl() -> None:
    words = shlex.split(launch._options(Path("/tmp/it's $HOME"), durable=False, more={"jit": "off"}))
    assert "unix_socket_directories=/tmp/it's $HOME" in words
    assert "listen_addresses=" in words
    assert {"fsync=off", "synchronous_commit=off", "full_page_writes=off"} <= set(words)
    assert "jit=off" in words
    assert "fsync" not in launch._options(Path("/tmp"), durable=True, more={})


def test_windows_is_told_what_to_do_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ConfigError, match="does not run on Windows"):
        server.start(tmp_path, Binaries(tmp_path, 18, "wheel"))
