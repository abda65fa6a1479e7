"""The text that a file had before is found by its checksum, wherever git has it."""

import shutil
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.domain.migration import checksum
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git.former_text import find_former_text
from tests.support.projects import ProjectFolder
from tests.support.repository_clones import cloned, commit, git

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
B = "002_b c.sql"
FIRST, SECOND, THIRD = "select 1;\n", "select 2;\n", "select 3;\n"


@pytest.fixture
def repository(tmp_path: Path) -> ProjectFolder:
    """The first text is committed, and other files are."""
    folder = ProjectFolder(tmp_path / "main")
    folder.migrations.mkdir(parents=True)
    git(folder.root, "init", "--quiet", "--initial-branch=main")
    commit(folder, {"001_a.sql": "select 0;\n", B: FIRST})
    return folder


def found(folder: ProjectFolder, *texts: str) -> bytes | None:
    """The text that is found first."""
    return find_former_text(folder.migrations, B, [checksum(text.encode()) for text in texts])


def test_the_last_commit_and_those_before_it(repository: ProjectFolder) -> None:
    assert found(repository, FIRST) == FIRST.encode()
    commit(repository, {B: SECOND})
    commit(repository, {B: THIRD})
    assert [found(repository, text) for text in (FIRST, SECOND, THIRD)] == [
        text.encode() for text in (FIRST, SECOND, THIRD)
    ]
    # The first of those that are asked for, not the newest.
    assert found(repository, "select 4;\n", FIRST, THIRD) == FIRST.encode()
    assert found(repository, "select 4;\n") is None
    assert found(repository, "select 0;\n") is None


def test_the_index_and_a_stash(repository: ProjectFolder) -> None:
    repository.add(B, SECOND)
    git(repository.root, "add", ".")
    assert found(repository, SECOND) == SECOND.encode()
    repository.add(B, THIRD)
    git(repository.root, "stash", "--quiet")
    assert found(repository, THIRD) == THIRD.encode()


def test_another_branch_and_a_commit_that_was_amended(repository: ProjectFolder) -> None:
    git(repository.root, "switch", "--quiet", "--create", "other")
    commit(repository, {B: SECOND})
    repository.add(B, THIRD)
    git(repository.root, "commit", "--quiet", "--all", "--amend", "--no-edit")
    git(repository.root, "switch", "--quiet", "main")
    assert found(repository, THIRD) == THIRD.encode()
    assert found(repository, SECOND) == SECOND.encode()


def test_a_text_that_only_a_merge_has_made(repository: ProjectFolder) -> None:
    git(repository.root, "switch", "--quiet", "--create", "other")
    commit(repository, {B: SECOND})
    git(repository.root, "switch", "--quiet", "main")
    commit(repository, {"003_d.sql": "select 5;\n"})
    git(repository.root, "merge", "--quiet", "--no-commit", "--no-ff", "-s", "ours", "other")
    commit(repository, {B: THIRD})
    commit(repository, {B: FIRST})
    git(repository.root, "reflog", "expire", "--expire=all", "--all")
    assert found(repository, THIRD) == THIRD.encode()


def test_line_ends_do_not_count(repository: ProjectFolder) -> None:
    commit(repository, {B: FIRST.replace("\n", "\r\n")})
    commit(repository, {B: SECOND})
    git(repository.root, "reflog", "expire", "--expire=all", "--all")
    assert checksum(found(repository, FIRST) or b"") == checksum(FIRST.encode())


def test_a_shallow_clone_has_only_the_last_text(repository: ProjectFolder) -> None:
    commit(repository, {B: SECOND})
    mine = cloned(repository, "--depth=1")
    assert found(mine, SECOND) == SECOND.encode()
    assert found(mine, FIRST) is None
    git(mine.root, "fetch", "--quiet", "--unshallow")
    assert found(mine, FIRST) == FIRST.encode()


def test_a_repository_without_a_commit_has_the_index(tmp_path: Path) -> None:
    folder = ProjectFolder(tmp_path)
    folder.migrations.mkdir(parents=True)
    git(tmp_path, "init", "--quiet")
    assert found(folder, FIRST) is None
    folder.add(B, FIRST)
    git(tmp_path, "add", ".")
    assert found(folder, FIRST) == FIRST.encode()


def test_without_git_or_a_repository_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ProjectFolder(tmp_path)
    folder.migrations.mkdir(parents=True)
    with pytest.raises(ConfigError, match="is not in a git repository") as raised:
        found(folder, FIRST)
    assert "--base" not in (raised.value.hint or "")
    monkeypatch.setattr(process, "inherited", lambda names: {"PATH": str(tmp_path)})
    with pytest.raises(ConfigError, match="git cannot be started") as raised:
        found(folder, FIRST)
    assert "install git" in (raised.value.hint or "")
