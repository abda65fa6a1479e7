"""An outcome is masked once, by default in every text; what is no text from outside stays whole."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import write_result
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import HistoryResult
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.redact import MASK, Redactor, Secrets
from dbmate_wrap.render.mask import UNMASKED_FIELDS, mask_outcome
from tests.support.filled import filled, filled_outcomes
from tests.support.outcomes import STARTED, outcome, status
from tests.support.spellings import ENCODERS

SECRET = "hunter-2026-x"


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Every string, with the name of the field that it is in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()], name)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), field.name)


def test_every_text_of_every_type_is_masked_unless_it_is_listed() -> None:
    clean = [mask_outcome(run, Redactor([SECRET]).mask) for run in filled_outcomes(SECRET)]
    kept = {name for name, text in _texts(clean, "") if SECRET in text}
    # The listed ones that are types of their own (Literal) never have the secret.
    assert kept == UNMASKED_FIELDS - {"severity", "status"}
    names = {name for name, text in _texts(clean, "") if text == "***"}
    assert {"message", "source", "hint", "frame", "host", "database", "url", "stdout", "file"} <= names


# What is shown is made of masked outcomes alone: folded, cut and escaped comes after it.
AROUND = ("the password is {}.", "a{}b", "{}", "x" * 300 + "{}" + "y" * 300, "first\n{}\nlast")


@settings(derandomize=True, max_examples=10)
@given(st.text(min_size=4).map("x9{}".format), st.sampled_from(sorted(ENCODERS)), st.sampled_from(AROUND))
def test_no_part_of_any_secret_is_left_in_any_spelling_anywhere(
    secret: str, encoder: str, around: str
) -> None:
    spelled = around.format(ENCODERS[encoder](secret))
    masked = [mask_outcome(run, Redactor([secret]).mask) for run in filled_outcomes(spelled, UNMASKED_FIELDS)]
    # The same whatever the secret is.
    assert masked == filled_outcomes(around.format(MASK), UNMASKED_FIELDS)


def test_what_is_no_text_keeps_its_value_and_its_type() -> None:
    run = filled(Outcome, SECRET)
    assert isinstance(run, Outcome)
    clean = mask_outcome(run, Redactor([SECRET, "2026", "p"]).mask)
    assert (clean.exit, clean.started_at, clean.location and clean.location.root) == (0, STARTED, Path("p"))
    assert type(clean.exit) is type(run.exit)
    assert clean.target is not None
    assert clean.target.port == 7


def test_what_does_not_change_is_not_copied() -> None:
    run = status()
    clean = mask_outcome(run, Redactor([SECRET]).mask)
    assert all(one is other for one, other in zip(run.migrations, clean.migrations, strict=True))
    assert clean.target is run.target


def _history() -> Outcome:
    run = outcome("history")
    when = "2026-01-31T12:00:00.000Z"
    own = ("applied", "a20260b", "up", "staging", "app", None, None, None, None, "1.0.0", None, None)
    run.result = HistoryResult((LedgerEntry("20260131", "20260131_a.sql", "2026" * 16, None, when, 5, *own),))
    return run


def _write(run: Outcome, shape: Format, secrets: Secrets) -> None:
    write_result(run, Common(format=shape), Terminal(secrets.mask), secrets, ReportFiles())


def test_a_password_of_digits_leaves_times_and_versions_of_the_history_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secrets = Secrets()
    secrets.learn("2026")
    _write(_history(), Format.JSON, secrets)
    entry = json.loads(capsys.readouterr().out)["entries"][0]
    assert entry["recorded_at"] == "2026-01-31T12:00:00.000Z"
    assert (entry["version"], entry["checksum"], entry["run_id"]) == ("20260131", "2026" * 16, "a20260b")
    assert entry["file"] == "***0131_a.sql"
    _write(_history(), Format.TEXT, secrets)
    assert "2026-01-31 12:00:00Z  up by app@" in capsys.readouterr().out


@pytest.mark.parametrize("shape", Format)
def test_no_format_shows_a_secret(shape: Format, capsys: pytest.CaptureFixture[str]) -> None:
    run = status()
    run.migrations = [replace(run.migrations[0], file=f"{SECRET}.sql")]
    run.findings = [Finding("edited", "error", f"{SECRET}.sql", 1, 1, f"found {SECRET}", f"hide {SECRET}")]
    run.error = ErrorReport(f"cannot use {SECRET}", f"change {SECRET}", frame=f"1 | {SECRET}")
    secrets = Secrets()
    secrets.learn(SECRET)
    _write(run, shape, secrets)
    shown = capsys.readouterr()
    assert SECRET not in shown.out + shown.err
    assert "***.sql" in shown.out.replace("\\*", "*")
    assert all(words in shown.err for words in ("found ***", "hide ***", "cannot use ***", "1 | ***"))


def test_nothing_is_masked_where_no_secret_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(*given: object) -> None:
        raise AssertionError(given)

    monkeypatch.setattr("dbmate_wrap.render.mask.mask_outcome", never)
    _write(status(), Format.JSON, Secrets())
    assert json.loads(capsys.readouterr().out)["command"] == "status"
