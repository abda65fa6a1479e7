"""The end of `--help`, the command `help`, and what answers to the names that others use."""

import importlib
import re
import shlex
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli import app, command_modules
from dbmate_wrap.cli.help import EXAMPLES, OTHER_NAMES
from dbmate_wrap.cli.main import run_command_line
from dbmate_wrap.cli.typed_app import app_for
from dbmate_wrap.errors import ExitCode
from scripts import generate_docs
from tests.support.verbs import record_verbs


def shown(*words: str) -> str:
    """What is printed."""
    done = CliRunner().invoke(app.app, list(words), prog_name="dbmate-wrap")
    assert done.exit_code == 0, done.output
    return done.stdout


def in_one_line(text: str) -> str:
    """The text without the line breaks that fit it to a terminal."""
    return " ".join(text.split())


def wrong(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What stderr says about a wrong command line."""
    monkeypatch.setattr(sys, "argv", ["dbmate-wrap", *shlex.split(typed)])
    with pytest.raises(SystemExit) as ended:
        run_command_line()
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_the_help_ends_with_examples_exit_codes_and_where_to_read_on() -> None:
    end = shown("--help").partition("\nCommands:\n")[2]
    assert re.findall("^[A-Z].*:$", end, re.MULTILINE) == ["Examples:", "Exit codes:", "Read on:"]
    for code in ExitCode:
        assert f" {int(code)} {code.label}" in in_one_line(end)


@pytest.mark.parametrize("command", [name for name, _ in generate_docs.commands()] + ["db"])
def test_the_help_of_every_command_ends_with_examples(command: str) -> None:
    end = in_one_line(shown(*command.split(), "--help").partition("\nExamples:\n")[2])
    for line, what in EXAMPLES[command]:
        assert line.startswith(command) or command == "db"
        assert f"dbmate-wrap {line}" in end
        assert what in end


def every_example() -> Iterator[str]:
    """As typed after the command's name."""
    for examples in EXAMPLES.values():
        yield from (line for line, _ in examples)


@pytest.mark.parametrize("line", tuple(every_example()))
def test_every_example_is_a_command_line_that_is_understood(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = record_verbs(monkeypatch)
    done = CliRunner().invoke(app.app, shlex.split(line), prog_name="dbmate-wrap")
    assert done.exit_code == 0, done.output
    assert line.startswith(("help", *ran))


@pytest.mark.parametrize("words", [[], ["up"], ["db"], ["db", "url"]], ids=str)
def test_help_shows_the_help_of_a_command(words: list[str]) -> None:
    assert shown("help", *words) == shown(*words, "--help")


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_that_dbmate_has_is_answered_with_the_right_command(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    err = wrong(name, monkeypatch, capsys)
    assert f"No such command '{name}'" in err
    assert f"  hint: {OTHER_NAMES[name]}\n" in err
    commands = re.findall(r"`dbmate-wrap ([a-z]+)", OTHER_NAMES[name])
    known = {each.split()[0] for each, _ in generate_docs.commands()}
    assert commands
    assert set(commands) <= known


def test_no_name_of_others_is_a_command_of_ours() -> None:
    assert not {name for name, _ in generate_docs.commands()} & set(OTHER_NAMES)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("status --exit-cod", "No such option: --exit-cod. Did you mean --exit-code?"),
        ("up --dryrun", "No such option: --dryrun. Did you mean --dry-run?"),
        ("sttaus", "No such command 'sttaus'. Did you mean 'status'?"),
        ("db rest", "No such command 'rest'. Did you mean 'reset'?"),
        ("help sttaus", "No such command 'sttaus'. Did you mean 'status'?"),
    ],
)
def test_a_typo_is_answered_with_what_is_meant(
    typed: str, meant: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"error: {meant}\n" in wrong(typed, monkeypatch, capsys)


@pytest.mark.parametrize("words", [["status"], ["fleet", "up"], ["db", "url"]], ids=" ".join)
def test_only_the_command_that_is_typed_is_built(words: list[str]) -> None:
    narrowed = app_for([*words, "--help"])
    assert len(narrowed.registered_commands) + len(narrowed.registered_groups) == 1
    done = CliRunner().invoke(narrowed, [*words, "--help"], prog_name="dbmate-wrap")
    assert done.stdout == shown(*words, "--help")


def test_no_module_of_another_command_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str) -> ModuleType:
        loaded.append(name)
        return importlib.import_module(name)

    monkeypatch.setattr(command_modules, "import_module", load)
    app_for(["status"])
    assert loaded == ["dbmate_wrap.cli.status_command"]


@pytest.mark.parametrize(
    "words", [[], ["--version"], ["-e", "dev", "status"], ["help", "status"], ["statsu"]]
)
def test_all_commands_are_built_where_any_may_be_meant(words: list[str]) -> None:
    assert app_for(words) is app.app
