"""One run for all files, and one for each where that run fails."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from dbmate_wrap.errors import BinaryError
from dbmate_wrap.policy.squawk import program
from dbmate_wrap.policy.squawk.program import Violation, find_violations

SQUAWK = Path("/nowhere/squawk")
CRASH = "overflow (signal 11)"


def violation(name: str) -> Violation:
    """What the replaced run finds in a file."""
    return Violation(name, 0, 0, "ban-drop-table", "Dropping.", None)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Replaces squawk's run, which crashes on files with BAD; has the names of each run."""
    made: list[list[str]] = []

    def run(program: Path, copies: Mapping[str, bytes]) -> tuple[Violation, ...] | str:
        assert program == SQUAWK
        made.append([*copies])
        if b"BAD" in copies.values():
            return CRASH
        return tuple(violation(name) for name in copies)

    monkeypatch.setattr(program, "_run_once", run)
    return made


@pytest.mark.parametrize(
    ("contents", "failed", "number"),
    [
        ({"1.sql": b""}, [], 1),
        ({"1.sql": b"", "2.sql": b"", "3.sql": b""}, [], 1),
        ({"1.sql": b"BAD"}, ["1.sql"], 2),
        ({"1.sql": b"", "2.sql": b"BAD"}, ["2.sql"], 4),
        ({"1.sql": b"BAD", "2.sql": b"", "3.sql": b"BAD"}, ["1.sql", "3.sql"], 5),
        ({"1.sql": b"", "2.sql": b"BAD", "3.sql": b""}, ["2.sql"], 5),
    ],
)
def test_a_file_that_squawk_crashes_on_hides_no_other(
    runs: list[list[str]], contents: dict[str, bytes], failed: list[str], number: int
) -> None:
    answer = find_violations(SQUAWK, contents)
    assert answer.failed == dict.fromkeys(failed, CRASH)
    assert [each.file for each in answer.violations] == [name for name in contents if name not in failed]
    # One for all, one for none, and one for each file that is not alone.
    assert len(runs) == number


def test_a_squawk_that_fails_without_files_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_run_once", lambda *given: "cannot load libc")
    monkeypatch.setattr(sys, "executable", "/a folder/python")
    with pytest.raises(BinaryError) as raised:
        find_violations(SQUAWK, {"1.sql": b""})
    assert raised.value.message == "squawk cannot be used (/nowhere/squawk): cannot load libc"
    assert raised.value.hint == (
        "run: '/a folder/python' -m pip install --force-reinstall squawk-cli; or do without it:"
        ' squawk = "off" in the table [policy]'
    )


def test_when_the_time_is_up_the_other_files_have_the_reason_of_the_run_for_all(
    runs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 1.0, 1_000.0])
    monkeypatch.setattr(program, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    answer = find_violations(SQUAWK, {"1.sql": b"", "2.sql": b"BAD"})
    assert answer.failed == {"2.sql": CRASH}
    assert runs == [["1.sql", "2.sql"], [], ["1.sql"]]
