"""What a release lacks is said before it is built."""

from pathlib import Path

import pytest

from scripts import release_ready


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "dbmate_wrap").mkdir()
    (tmp_path / "dbmate_wrap" / "__init__.py").write_text('"""X."""\n\n__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n")
    (tmp_path / "pyproject.toml").write_text('[project]\n[project.urls]\nSource = "https://example.org"\n')
    return tmp_path


def test_a_release_that_is_ready_is_told_nothing(tree: Path) -> None:
    assert release_ready.main(["v1.2.0"], tree) == 0


@pytest.mark.parametrize("tag", ["v1.2.1", "1.2.0", "v1.2", "v1.2.0rc1"])
def test_the_tag_is_the_version(tree: Path, tag: str) -> None:
    assert any("is not the tag of" in line for line in release_ready.lacking(tree, tag))


def test_a_version_has_its_heading(tree: Path) -> None:
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n## 1.2.01\n")
    assert release_ready.lacking(tree, "v1.2.0") == ["CHANGELOG.md has no heading for 1.2.0"]


def test_a_release_says_where_its_source_is(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "pyproject.toml").write_text("[project]\n")
    assert release_ready.main(["v1.2.0"], tree) == 1
    assert "has no [project.urls]" in capsys.readouterr().err
