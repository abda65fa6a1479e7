"""What is typed runs one verb, and only that one."""

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli import app
from tests.support.verbs import record_verbs


@pytest.mark.parametrize(
    ("typed", "ran"),
    [
        (["up", "--dry-run"], ["plan"]),
        (["up"], ["up"]),
        (["plan"], ["plan"]),
        (["status", "--all"], ["status"]),
        (["status"], ["status"]),
    ],
)
def test_one_verb_runs_even_if_running_it_came_back(
    typed: list[str], ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real one ends the process: that alone must not keep a dry run from migrating.
    names = record_verbs(monkeypatch)
    assert CliRunner().invoke(app.app, typed).exit_code == 0
    assert names == ran
