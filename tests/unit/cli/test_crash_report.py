"""A bug is written down where version control does not see it."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbmate_wrap.cli.crash_report import write_report
from dbmate_wrap.domain.outcome import Outcome

OUTCOME = Outcome("up", "dev", "0123456789ab", datetime.now(UTC))


def masked(text: str) -> str:
    return text.replace("secret", "***")


def test_a_report_is_redacted_and_in_the_ignored_folder_of_the_project(tmp_path: Path) -> None:
    path = write_report(ValueError("a secret"), OUTCOME, tmp_path, masked)
    assert path == tmp_path / ".dbmate-wrap" / "reports" / "dbmate-wrap-0123456789ab.txt"
    text = path.read_text()
    assert "ValueError: a ***" in text
    assert "command up\nrun 0123456789ab\n" in text
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "*\n"


def test_where_the_project_cannot_be_written_the_temporary_folder_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".dbmate-wrap").write_text("a file")
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "elsewhere"))
    path = write_report(ValueError(), OUTCOME, tmp_path, masked)
    assert path == tmp_path / "elsewhere" / "dbmate-wrap-0123456789ab.txt"
