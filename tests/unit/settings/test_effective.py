"""The settings in effect are shown with their sources and without secrets."""

from pathlib import Path

import pytest

from dbmate_wrap import settings
from dbmate_wrap.settings.model import NAMES
from tests.support.settings_files import empty_project, write


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return empty_project(tmp_path, monkeypatch)


def test_doctor_sees_every_value_with_its_source_and_no_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBMATE_WRAP_SHADOW_URL", "postgres://u:S3CR@h/db")
    write(project, {"dbmate-wrap.toml": "statement_timeout = '90s'"})
    seen = {each.name: each for each in settings.load().environment().setting_rows()}
    assert tuple(seen) == NAMES
    assert (seen["statement_timeout"].value, seen["lock_timeout"].value) == ("90s", "5s")
    assert seen["migrations_dir"].value == "db/migrations"
    assert seen["shadow_url"].source == "DBMATE_WRAP_SHADOW_URL in the process environment"
    assert "S3CR" not in str(seen)
