"""The common options stand before or after the command; what stands later wins."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli import app
from dbmate_wrap.cli.options import Common, Format
from tests.support.verbs import record_verbs

Parsed = tuple[list[str], list[Common]]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Parsed:
    """The names and options of the verbs that would have run."""
    options: list[Common] = []
    return record_verbs(monkeypatch, options), options


STAGING = Common(environment="staging")


@pytest.mark.parametrize(
    ("typed", "name", "common"),
    [
        ("status", "status", Common()),
        ("status -e staging", "status", STAGING),
        ("-e staging status", "status", STAGING),
        ("--env=staging status", "status", STAGING),
        ("-e test db start", "db start", Common(environment="test")),
        ("db -e test start", "db start", Common(environment="test")),
        ("db start -e test", "db start", Common(environment="test")),
        ("-e dev db -e staging start -e test", "db start", Common(environment="test")),
        ("-e dev db -e test start", "db start", Common(environment="test")),
        ("-e dev status -e staging", "status", STAGING),
        ("--format json envs", "envs", Common(format=Format.JSON)),
        ("--format json envs --format text", "envs", Common()),
        ("--format json envs -q", "envs", Common(format=Format.JSON, quiet=True)),
        ("-q -v seal", "seal", Common(quiet=True, verbose=True)),
        ("-v seal -q", "seal", Common(quiet=True, verbose=True)),
        ("-C sub dump", "dump", Common(project=Path("sub"))),
        ("-C sub dump -C other", "dump", Common(project=Path("other"))),
        ("-e staging exec -- status", "exec", STAGING),
        ("-e staging exec status -e dev", "exec", STAGING),
        ("-e test db psql -e x", "db psql", Common(environment="x")),
        ("-e test db psql -c x -e", "db psql", Common(environment="test")),
    ],
)
def test_common_options_are_taken_before_and_after_the_command(
    parsed: Parsed, typed: str, name: str, common: Common
) -> None:
    done = CliRunner().invoke(app.app, typed.split())
    assert (done.exit_code, done.output) == (0, "")
    assert parsed == ([name], [common])


@pytest.mark.parametrize("words", [[], ["db"], ["status"], ["db", "psql"], ["exec"]])
def test_help_shows_the_common_options_everywhere(words: list[str]) -> None:
    shown = CliRunner().invoke(app.app, [*words, "--help"]).stdout
    assert all(option in shown for option in ("-e, --env", "--format", "-q,", "-v,", "-C, --project"))


def test_options_of_a_single_command_are_not_taken_before_it(parsed: Parsed) -> None:
    assert CliRunner().invoke(app.app, ["--to", "001", "up"]).exit_code == 2
    assert parsed == ([], [])
