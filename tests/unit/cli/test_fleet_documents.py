"""Each database that ends has a line: of JSON, or for people where it failed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.cli.fleet_documents import documents_of
from dbmate_wrap.cli.options import Common, Format
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.fleet.survey import Found
from tests.support.fleet_runs import STARTED, context_of, journal_of, outcome_of
from tests.support.settings_files import empty_project

PASSWORD = "hunter2-Long"
FAILED = ErrorReport("could not create the index\nDETAIL: more", "a hint", "23505", "014_x.sql")


class Run:
    """A run over targets whose documents are written as the command writes them."""

    def __init__(self, shape: Format) -> None:
        context = context_of(settings.load())
        context.secrets.learn(PASSWORD)
        terminal, whole = Terminal(context.secrets.mask), Outcome("fleet up", "dev", "0123456789ab", STARTED)
        documents = documents_of(whole, replace(context, console=terminal), Common(format=shape))
        self.targets = [FleetTarget(f"tenant-{number:02}", f"db_{number}") for number in range(30)]
        self.journal = replace(journal_of(self.targets), documents=documents)

    def end(self, number: int, code: ExitCode = ExitCode.OK, error: ErrorReport | None = None) -> None:
        """Let a target end."""
        self.journal.note_end(Found(self.targets[number], outcome_of()), outcome_of(code, error), "applied")


Start = Callable[[Format], Run]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """Begins such a run."""
    empty_project(tmp_path, monkeypatch)
    return Run


def test_a_failure_is_one_line_for_people_and_what_is_fine_is_none(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(Format.TEXT)
    run.end(0)
    run.end(1, ExitCode.FAILED, FAILED)
    run.end(2, ExitCode.UNREACHABLE, ErrorReport(f"nobody answers {PASSWORD}"))
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "tenant-01: failed (30), 014_x.sql: could not create the index",
        "tenant-02: unreachable (21): nobody answers ***",
    ]
    assert shown.out == ""


def test_of_many_failures_the_first_are_told_and_the_rest_are_in_the_summary(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(Format.TEXT)
    for number in range(25):
        run.end(number, ExitCode.FAILED, FAILED)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines[:20]] == [each.name for each in run.targets[:20]]
    assert lines[20:] == ["further failures are in the summary"]


def test_a_database_that_was_not_begun_has_no_line_of_its_own(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(Format.TEXT)
    run.journal.note_not_begun(Found(run.targets[0], outcome_of()), "a canary failed")
    assert capsys.readouterr().err == ""


def test_as_json_each_is_a_line_on_stdout_at_once(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    run = start(Format.JSON)
    run.end(0)
    first = json.loads(capsys.readouterr().out)
    assert (first["fleet_target"]["name"], first["exit"]["code"], first["error"]) == ("tenant-00", 0, None)
    run.end(1, ExitCode.FAILED, FAILED)
    run.journal.note_not_begun(Found(run.targets[2], outcome_of()), "a canary failed")
    shown = capsys.readouterr()
    rest = [json.loads(line) for line in shown.out.splitlines()]
    assert [each["exit"]["code"] for each in rest] == [30, 34]
    assert [each["fleet_target"]["state"] for each in rest] == ["failed", "not begun"]
    assert shown.err.startswith("tenant-01: failed (30)")


def test_every_outcome_is_one_of_the_command(start: Start) -> None:
    begun = start(Format.TEXT).journal.begin()
    assert begun.command == "fleet up"
    assert begun.run_id != start(Format.TEXT).journal.begin().run_id
