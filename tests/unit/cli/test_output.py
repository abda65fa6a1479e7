"""A run over a fleet writes a line of JSON for each target as it ends, whatever reads it."""

import io
import json
import os
import sys

import pytest

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import write_result, write_target_document
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.redact import Secrets
from tests.support.fleet_outcomes import fleet_report, fleet_target, fleet_target_failed, fleet_up
from tests.support.outcomes import ENDED, status

JSON = Common(format=Format.JSON)


def terminal() -> Terminal:
    return Terminal(str, quiet=True)


def test_every_target_is_a_line_and_the_last_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    out, secrets = terminal(), Secrets()
    write_target_document(fleet_target(), JSON, out, secrets, ENDED)
    first = capsys.readouterr().out
    write_target_document(fleet_target_failed(), JSON, out, secrets, ENDED)
    write_result(fleet_up(), JSON, out, secrets, ReportFiles())
    rest = capsys.readouterr().out.splitlines()
    assert (json.loads(first)["fleet_target"]["name"], json.loads(first)["duration_ms"]) == ("acme", 1500)
    assert [json.loads(line)["exit"]["code"] for line in rest] == [30, 0]
    assert json.loads(rest[-1])["fleet"]["size"] == 3


@pytest.mark.parametrize("shape", [each for each in Format if each is not Format.JSON])
def test_in_other_formats_a_target_has_no_document(shape: Format, capsys: pytest.CaptureFixture[str]) -> None:
    write_target_document(fleet_target(), Common(format=shape), terminal(), Secrets(), ENDED)
    assert capsys.readouterr().out == ""


def test_what_is_no_stream_has_one_document_that_people_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    for run in (fleet_report(), status()):
        write_result(run, JSON, terminal(), Secrets(), ReportFiles())
        shown = capsys.readouterr().out
        assert shown.startswith('{\n  "format_version": 1,\n')
        assert json.loads(shown)["command"] == run.command


def test_no_line_has_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    secrets, run = Secrets(), fleet_target_failed()
    secrets.learn("users_email_key-hunter")
    assert run.error is not None
    run.error = type(run.error)("cannot log in with users_email_key-hunter")
    write_target_document(run, JSON, terminal(), secrets, ENDED)
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "cannot log in with ***"


def test_a_reader_that_has_gone_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        out = terminal()
        write_target_document(fleet_target(), JSON, out, Secrets(), ENDED)
        with os.fdopen(reader, "rb", buffering=0) as head:
            assert json.loads(head.read(100_000))["fleet_target"]["name"] == "acme"
        for _ in range(3):
            write_target_document(fleet_target(), JSON, out, Secrets(), ENDED)
    assert out.write_errors == []


def test_a_full_disk_is_told_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

        def fileno(self) -> int:
            return copy

    with open(os.devnull, "wb") as null:
        copy = os.dup(null.fileno())
    monkeypatch.setattr(sys, "stdout", Full())
    out = terminal()
    write_target_document(fleet_target(), JSON, out, Secrets(), ENDED)
    os.close(copy)
    assert out.write_errors == ["No space left on device"]
