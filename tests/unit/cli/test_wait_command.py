"""What `wait` takes for a version and for a time."""

import pytest
from typer.testing import CliRunner

from dbmate_wrap.cli import app
from tests.support.verbs import record_verbs


@pytest.mark.parametrize("version", ["7", "007", "20240101120000", "007_add_orders.sql"])
def test_a_version_is_a_number_or_the_name_of_a_file(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = record_verbs(monkeypatch)
    done = CliRunner().invoke(app.app, ["wait", "--for", version, "--timeout", "0"])
    assert done.exit_code == 0, done.output
    assert names == ["wait"]


@pytest.mark.parametrize("version", ["", "x", "7x", "-1", "1.5", "٣", "9" * 5000, "orders.sql", "007_add"])
def test_anything_else_is_wrong(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = record_verbs(monkeypatch)
    done = CliRunner().invoke(app.app, ["wait", f"--for={version}"])
    assert done.exit_code == 2
    assert "is no version" in done.output
    assert names == []


def test_the_time_is_a_duration_with_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    record_verbs(monkeypatch)
    done = CliRunner().invoke(app.app, ["wait", "--timeout", "60"])
    assert done.exit_code == 2
    assert "--timeout" in done.output
