"""Throw-away servers leave nothing, however their process ends."""

from pathlib import Path

import pytest

from dbmate_wrap.cluster import paths, postmaster
from dbmate_wrap.cluster.temporary import remove_abandoned, temporary
from dbmate_wrap.errors import ConfigError
from tests.support.clusters import PROGRAMS, python, server
from tests.support.servers import Server


def test_a_temporary_server_is_gone_afterwards_also_after_a_failure() -> None:
    seen: list[Path] = []

    def fail() -> None:
        with temporary(PROGRAMS) as endpoint:
            seen.append(endpoint.socket_dir)
            assert server(endpoint).execute("SHOW fsync") == [("off",)]
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert not seen[0].exists()


def test_the_temporary_server_of_a_killed_process_is_swept(embedded: Server) -> None:
    child = python(
        "import sys, time\n"
        "from dbmate_wrap.cluster import binaries, temporary\n"
        "with temporary.temporary(binaries.embedded()) as endpoint:\n"
        "    print(endpoint.socket_dir, flush=True)\n"
        "    time.sleep(60)\n"
    )
    assert child.stdout is not None
    sockets = Path(child.stdout.readline().strip())
    child.kill()
    child.communicate()
    assert postmaster.accepts(sockets / ".s.PGSQL.5432")
    remove_abandoned()
    assert not sockets.exists()
    assert embedded.execute("SELECT 1") == [(1,)]  # The server of a living process stays.


def test_where_its_folder_cannot_be_made_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a container whose file system is read-only, and has no tmpfs.
    monkeypatch.setattr(paths, "SOCKETS", tmp_path / "gone")
    with pytest.raises(ConfigError, match=r"needs a folder in .*/gone: ") as raised, temporary(PROGRAMS):
        pass
    assert "--no-shadow" in (raised.value.hint or "")
