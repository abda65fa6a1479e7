"""Whatever goes wrong while a result is shown, the run keeps its exit code and its error."""

from pathlib import Path
from typing import NoReturn

import pytest
import typer

from dbmate_wrap.cli import boundary
from dbmate_wrap.cli.options import Common, Format
from dbmate_wrap.domain.outcome import Outcome
from dbmate_wrap.errors import ConfigError, ExitCode, Fault, PartialError
from dbmate_wrap.workspace.context import Context


def _raise_bug(*given: object, **named: object) -> NoReturn:
    raise ZeroDivisionError("in a renderer")


def _shown(
    error: Exception | None,
    shape: Format,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[int, str]:
    """The exit code and stderr of a run with this end, while every renderer has a bug."""
    for renderer in (
        "text.render",
        "json.render",
        "github.render",
        "markdown.render",
        "stderr_text.stderr_text",
    ):
        monkeypatch.setattr(f"dbmate_wrap.render.{renderer}", _raise_bug)
    monkeypatch.setattr(boundary, "_context", lambda *given: None)

    def verb(context: Context, outcome: Outcome) -> None:
        if error is not None:
            raise error

    with pytest.raises(typer.Exit) as ended:
        boundary.run_and_exit("up", Common(format=shape, project=tmp_path), verb)
    return ended.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize("shape", Format)
def test_a_bug_in_a_renderer_hides_neither_what_a_run_left_behind_nor_its_code(
    shape: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = PartialError("003 is half done", hint="drop index orders_at")
    code, err = _shown(error, shape, tmp_path, monkeypatch, capsys)
    assert code == ExitCode.PARTIAL
    assert err.startswith("error: 003 is half done\n  hint: drop index orders_at\nerror: internal error: ")
    assert "ZeroDivisionError: in a renderer\n  hint: this is a bug" in err
    assert err.endswith("\n  exit: 31 (partial)\n")


def test_a_good_run_whose_result_cannot_be_shown_ends_with_the_code_of_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, err = _shown(None, Format.TEXT, tmp_path, monkeypatch, capsys)
    assert code == ExitCode.INTERNAL
    assert err.startswith("error: internal error: ZeroDivisionError: in a renderer\n")
    assert err.endswith("\n  exit: 1 (internal)\n")


def test_the_faults_of_the_settings_are_told_without_the_renderers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = ConfigError("two faults", faults=(Fault("no URL", "a.toml:1"), Fault("bad \x1b[31m", "a.toml:2")))
    code, err = _shown(error, Format.TEXT, tmp_path, monkeypatch, capsys)
    assert code == ExitCode.CONFIG
    assert "  a.toml:1: no URL\n  a.toml:2: bad \\x1b[31m\n" in err
