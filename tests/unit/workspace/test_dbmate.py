"""dbmate is verified before it is run: by each run, or once for all databases of a fleet."""

from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.dbmate import binary
from dbmate_wrap.dbmate.binary import Binary
from dbmate_wrap.errors import BinaryError
from dbmate_wrap.workspace import dbmate
from dbmate_wrap.workspace.context import Context
from tests.support.fleet_runs import context_of
from tests.support.settings_files import empty_project

BINARY = Binary(Path("/opt/dbmate"), "2.37.0", "0" * 64)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    empty_project(tmp_path, monkeypatch)
    return context_of(settings.load())


def test_a_binary_is_looked_for_and_what_is_wrong_with_it_is_raised_when_it_is_wanted(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Path | str] = []

    def find(explicit: Path | None, *, scripts_dir: Path, search_path: str) -> Binary:
        looked.extend((scripts_dir, search_path))
        raise BinaryError("its SHA-256 differs")

    monkeypatch.setattr(binary, "find_binary", find)
    verified = dbmate.start_verification(context)
    with pytest.raises(BinaryError, match="SHA-256"):
        verified()
    assert looked == [context.scripts_dir, context.search_path]


def test_one_that_this_run_has_verified_is_not_hashed_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "find_binary", lambda *given, **named: pytest.fail("looked for"))
    assert dbmate.start_verification(context, BINARY)() is BINARY
