"""An outcome is masked once, by default in every text; what is no text from outside stays whole."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from dbmate_wrap.cli.options import Common, Format, ReportFiles
from dbmate_wrap.cli.output import write_result
from dbmate_wrap.cli.terminal import Terminal
from dbmate_wrap.domain.finding import Finding
from dbmate_wrap.domain.fleet_end import TargetEnd
from dbmate_wrap.domain.ledger import LedgerEntry
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.domain.results import HistoryResult, Result
from dbmate_wrap.errors import ErrorReport
from dbmate_wrap.redact import Redactor, Secrets
from dbmate_wrap.render.mask import UNMASKED_FIELDS, mask_outcome
from tests.support.outcomes import STARTED, outcome, status

SECRET = "hunter-2026-x"
_PLAIN: Mapping[object, object] = {
    int: 7,
    float: 7.5,
    bool: True,
    datetime: STARTED,
    Path: Path("p"),
    str: SECRET,
}


def _outcomes() -> list[Outcome]:
    """One outcome for each type of result, with the secret in every string."""
    made: list[Outcome] = []
    for kind in get_args(Result):
        run, result = _filled(Outcome), _filled(kind)
        assert isinstance(run, Outcome)
        assert isinstance(result, kind)
        made.append(replace(run, result=result))
    return made


def _filled(hint: Any) -> object:  # noqa: ANN401 - whatever a field is annotated with
    """A value of this type with the secret in every string; fails on a type that it does not know."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is UnionType:
        return _filled(next(each for each in arguments if each is not NoneType))
    if origin is Literal:
        return arguments[0]
    if origin in (list, tuple):
        return origin([_filled(arguments[0])])
    if origin is dict:
        return {_filled(arguments[0]): _filled(arguments[1])}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    assert isinstance(hint, type), f"no value of the type {hint}"
    assert is_dataclass(hint), f"no value of the type {hint}"
    hints = get_type_hints(hint, localns={"Result": Result, "TargetEnd": TargetEnd})
    return hint(**{field.name: _filled(hints[field.name]) for field in fields(hint)})


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
    clean = [mask_outcome(run, Redactor([SECRET]).mask) for run in _outcomes()]
    kept = {name for name, text in _texts(clean, "") if SECRET in text}
    # The listed ones that are types of their own (Literal) never have the secret.
    assert kept == UNMASKED_FIELDS - {"severity", "status"}
    names = {name for name, text in _texts(clean, "") if text == "***"}
    assert {"message", "source", "hint", "frame", "host", "database", "url", "stdout", "file"} <= names


def test_what_is_no_text_keeps_its_value_and_its_type() -> None:
    run = _filled(Outcome)
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
