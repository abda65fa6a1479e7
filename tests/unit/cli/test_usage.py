"""A wrong command line is a result too: exit code 2, in the format that was asked for, without passwords."""

import json
import sys

import pytest

from dbmate_wrap.cli.main import run_command_line
from tests.support.verbs import record_verbs

URL = "postgres://u:s3cr3t-pw@h/db"
WRONG = {
    "unknown option": (["status", "--frob"], "status", "No such option: --frob"),
    "unknown command": (["frob"], "", "No such command 'frob'"),
    "unknown db command": (["db", "frob"], "db", "No such command 'frob'"),
    "no command": (["-e", "dev"], "", "Missing command"),
    "no db command": (["db"], "db", "Missing command"),
    "no argument": (["new"], "new", "Missing argument"),
    "too many arguments": (["db", "start", "now"], "db start", "unexpected extra argument"),
    "bad choice": (["up", "--format", "yaml"], "up", "'--format': 'yaml' is not one of 'text'"),
    "no value": (["-e", "dev", "db", "url", "--env"], "db url", "requires an argument"),
    "bad duration": (["up", "--wait", "60"], "up", "500ms, 5s, 2m or 1h"),
    "one file for two reports": (["check", "--sarif", "a", "--junit", "a"], "check", "cannot be one file"),
}


def run(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[str, str]:
    """Stdout and stderr of a command line that is wrong."""
    ran = record_verbs(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["dbmate-wrap", *arguments])
    with pytest.raises(SystemExit) as ended:
        run_command_line()
    assert ended.value.code == 2
    assert ran == []
    shown = capsys.readouterr()
    return shown.out, shown.err


@pytest.mark.parametrize("name", WRONG)
def test_the_document_names_the_command_and_what_is_wrong(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, command, message = WRONG[name]
    out, err = run(["--format", "json", *arguments], monkeypatch, capsys)
    document = json.loads(out)
    assert document["command"] == command
    assert document["exit"] == {"code": 2, "name": "usage"}
    assert message in document["error"]["message"]
    assert document["error"]["hint"] == f"see `dbmate-wrap {command}".rstrip() + " --help`"
    assert err.endswith("  exit: 2 (usage)\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", "--frob", "--format", "json"],
        ["status", "--format=json", "x"],
        ["db", "--format", "json", "x"],
        ["frob", "--format", "json"],
        ["db", "url", "--format", "json", "-e"],
    ],
)
def test_the_format_is_found_wherever_it_stands(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(run(arguments, monkeypatch, capsys)[0])["exit"]["code"] == 2


@pytest.mark.parametrize("name", [name for name in WRONG if name != "no db command"])
def test_people_read_it_on_stderr(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, command, message = WRONG[name]
    out, err = run(arguments, monkeypatch, capsys)
    assert out == ""
    assert "\nerror: " in f"\n{err}"
    assert message in err
    assert f"  hint: see `dbmate-wrap {command}".rstrip() in err
    assert err.endswith("  exit: 2 (usage)\n")


@pytest.mark.parametrize("arguments", [[], ["db"]])
def test_a_group_without_a_command_shows_its_help(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(arguments, monkeypatch, capsys)
    assert out == ""
    assert err.startswith(f"Usage: dbmate-wrap {' '.join(arguments)}")
    assert "\nCommands:\n" in err


def test_github_gets_an_annotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = run(["status", "--format", "github", "--frob"], monkeypatch, capsys)
    assert out.startswith("::error title=usage::No such option: --frob%0Ahint: ")


@pytest.mark.parametrize(
    ("arguments", "title"), [(["status", "x"], "dbmate-wrap status"), (["x"], "dbmate-wrap")]
)
def test_markdown_gets_a_comment(
    arguments: list[str], title: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = run(["--format", "markdown", *arguments], monkeypatch, capsys)
    assert out.splitlines()[1] == f"## {title}: failed (exit 2, usage)"


@pytest.mark.parametrize("shape", ["text", "json", "github", "markdown"])
@pytest.mark.parametrize(
    "arguments", [[URL], ["status", URL], ["new", "a", URL], [f"--env={URL}"], ["up", "--wait", URL]]
)
def test_a_password_among_the_arguments_is_not_shown(
    shape: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = run(["--format", shape, *arguments], monkeypatch, capsys)
    assert "s3cr3t" not in out + err
