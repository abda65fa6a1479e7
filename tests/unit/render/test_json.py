"""Scripts read one JSON document with the keys of the contract."""

import json
import re
from datetime import timedelta, timezone
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.outcome import MigrationRow, Outcome
from dbmate_wrap.domain.results import DumpResult, ExecResult, Result
from dbmate_wrap.errors import ErrorReport, ExitCode
from dbmate_wrap.redact import Redactor
from dbmate_wrap.render.json import render, render_line
from dbmate_wrap.render.mask import mask_outcome
from tests.support.cases import assert_golden
from tests.support.outcomes import ENDED, OUTCOMES, STARTED, outcome, status

ROOT = Path(__file__).resolve().parents[3]
KEYS = [
    *(
        "format_version",
        "command",
        "environment",
        "target",
        "run_id",
        "started_at",
        "duration_ms",
        "exit",
        "error",
    ),
    *("checks", "migrations", "applied", "findings"),
]


def rendered(run: Outcome) -> dict[str, object]:
    """The document, read back."""
    document = json.loads(render(run, ENDED))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_is_printed_is_the_golden_document(name: str) -> None:
    assert_golden(f"{name}.json", render(OUTCOMES[name](), ENDED))


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_key_of_the_contract_is_there_in_order_before_the_commands_own(name: str) -> None:
    assert list(rendered(OUTCOMES[name]()))[: len(KEYS)] == KEYS


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        (("target",), ["host", "port", "database", "server_version"]),
        (("exit",), ["code", "name"]),
        (("error",), ["message", "hint", "sqlstate", "migration", "line"]),
        (("checks", 0), ["id", "status", "message", "hint"]),
        (("migrations", 0), ["version", "file", "state", "applied_at", "checksum"]),
        (("findings", 0), ["rule", "severity", "file", "line", "column", "message", "hint"]),
    ],
)
def test_the_objects_within_have_the_keys_of_the_contract(
    path: tuple[str | int, ...], keys: list[str]
) -> None:
    run = OUTCOMES["status-hostile"]()
    run.checks = [Check("a", "pass", "m")]
    found: object = rendered(run)
    for step in path:
        assert isinstance(found, dict | list)
        found = found[step]  # type: ignore[index]
    assert isinstance(found, dict)
    assert list(found)[: len(keys)] == keys


def test_every_document_fits_the_published_schema() -> None:
    schema = json.loads((ROOT / "docs" / "output.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    for make in OUTCOMES.values():
        assert [error.message for error in validator.iter_errors(rendered(make()))] == []


def test_there_is_a_document_of_every_type_of_result() -> None:
    made = {type(make().result) for make in OUTCOMES.values()}
    assert set(get_args(Result)) <= made


def test_nothing_known_yet_is_null_or_empty() -> None:
    document = rendered(outcome("status", None, None))
    assert (document["target"], document["error"], document["environment"]) == (None, None, None)
    assert [document[key] for key in ("checks", "migrations", "applied", "findings")] == [[], [], [], []]
    assert document["exit"] == {"code": 0, "name": "ok"}
    assert list(document) == KEYS


def test_only_the_keys_that_a_command_reports_are_added() -> None:
    run = outcome("dump")
    run.result = DumpResult("db/schema.sql", changed=False)
    assert list(rendered(run))[len(KEYS) :] == ["schema_file", "changed"]


def test_times_are_rfc_3339_in_utc_and_durations_whole_milliseconds() -> None:
    document = rendered(outcome("up"))
    assert document["started_at"] == "2026-01-31T12:30:05.123Z"
    assert document["duration_ms"] == 1500


def test_a_clock_that_is_set_back_gives_no_negative_duration() -> None:
    assert json.loads(render(outcome("up"), STARTED - timedelta(hours=1)))["duration_ms"] == 0


def test_every_exit_code_has_its_name() -> None:
    for code in ExitCode:
        run = outcome("up")
        run.exit = code
        assert rendered(run)["exit"] == {"code": int(code), "name": code.name.lower().replace("_", "-")}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_document_is_ascii_on_lines_of_its_own(name: str) -> None:
    text = render(OUTCOMES[name](), ENDED)
    assert text.isascii()
    assert text.startswith("{\n")
    assert text.endswith("\n}\n")
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_line_is_the_same_document_on_one_line(name: str) -> None:
    run = OUTCOMES[name]()
    line = render_line(run, ENDED)
    assert json.loads(line) == rendered(run)
    assert line.endswith("}\n")
    assert line.isascii()
    assert line.removesuffix("\n").isprintable()
    assert not re.search(r"##\w*\[|^\s*::", line)


def test_non_ascii_text_comes_back_and_undecodable_bytes_become_visible() -> None:
    run = outcome("status")
    run.error = ErrorReport("é€😀 \x1b \udcff\ud800 «\xa0x\xa0»")
    error = rendered(run)["error"]
    assert isinstance(error, dict)
    assert error["message"] == "é€😀 \x1b \\xff\\ud800 «\xa0x\xa0»"


SECRET = 'p@"\\é 5'


def test_every_text_is_masked() -> None:
    run = status()
    run.summary = SECRET
    run.environment = SECRET
    run.error = ErrorReport(f"a {SECRET}", f"b {SECRET}", None, SECRET, 1)
    run.migrations = [MigrationRow("001", f"{SECRET}.sql", "pending", None, None)]
    run.checks = [Check("x", "fail", f"c {SECRET}", f"d {SECRET}")]
    run.result = ExecResult(returncode=1, stdout=f"e {SECRET} f {SECRET}\n", stderr=f"g {SECRET}\n")
    text = render(mask_outcome(run, Redactor([SECRET]).mask), ENDED)
    document = json.loads(text)
    assert SECRET not in repr(document).encode().decode("unicode_escape")
    assert json.dumps(SECRET)[1:-1] not in text
    assert text.count("***") == 10
    assert document["error"]["message"] == "a ***"


@pytest.mark.parametrize(
    "password", ["2026", "0123", "42P01", "0000", "pending", "version", "null", "status"]
)
def test_a_poor_password_does_not_damage_what_scripts_read(password: str) -> None:
    for make in OUTCOMES.values():
        run = make()
        assert render(mask_outcome(run, Redactor([password]).mask), ENDED) == render(run, ENDED)


@given(st.text(), st.text(), st.integers())
def test_whatever_the_text_the_document_is_valid_unicode_json(message: str, name: str, line: int) -> None:
    run = outcome("up", name)
    run.error = ErrorReport(message, name, line=line)
    text = render(run, ENDED)
    document = json.loads(text)
    document_again = json.dumps(document, ensure_ascii=False).encode("utf-8")
    assert json.loads(document_again) == document
    if message.isprintable():
        assert document["error"]["message"] == message


def test_a_start_in_another_zone_is_shown_in_utc() -> None:
    run = outcome("up")
    run.started_at = STARTED.astimezone(timezone(timedelta(hours=2)))
    assert rendered(run)["started_at"] == "2026-01-31T12:30:05.123Z"
