"""Where a run comes from: account, host, and the git commit of its files."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.execution.provenance import provenance
from dbmate_wrap.git import state as module
from dbmate_wrap.git.state import git_state

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *args: str) -> str:
    """Run git as somebody, apart from this machine's configuration."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tests"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tests@example.org"),
    }
    done = subprocess.run(
        ["git", *args], cwd=folder, env=env, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one committed migration, in a folder whose name means something to a pathspec."""
    root = tmp_path / "it's [a] *project*"
    migrations = root / "db" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "001_a.sql").write_text("select 1;\n")
    (root / "README").write_text("hello\n")
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    return root


def state(root: Path) -> tuple[str | None, bool | None]:
    """Of the migrations folder."""
    return git_state(root, [root / "db" / "migrations"])


@needs_git
def test_a_clean_checkout_gives_its_commit(repository: Path) -> None:
    assert state(repository) == (git(repository, "rev-parse", "HEAD"), False)


@needs_git
def test_a_project_in_a_folder_of_a_repository_gives_the_same_commit(repository: Path) -> None:
    assert git_state(repository / "db", [repository / "db" / "migrations"]) == state(repository)


@needs_git
def test_an_edited_migration_is_dirty(repository: Path) -> None:
    (repository / "db" / "migrations" / "001_a.sql").write_text("select 2;\n")
    assert state(repository) == (git(repository, "rev-parse", "HEAD"), True)


@needs_git
def test_an_untracked_migration_is_dirty(repository: Path) -> None:
    (repository / "db" / "migrations" / "002_b.sql").write_text("select 2;\n")
    assert state(repository)[1] is True


@needs_git
def test_a_deleted_migration_is_dirty(repository: Path) -> None:
    (repository / "db" / "migrations" / "001_a.sql").unlink()
    assert state(repository)[1] is True


@needs_git
def test_a_staged_migration_is_dirty(repository: Path) -> None:
    (repository / "db" / "migrations" / "002_b.sql").write_text("select 2;\n")
    git(repository, "add", ".")
    assert state(repository)[1] is True


@needs_git
def test_what_lies_elsewhere_in_the_tree_is_not_dirty(repository: Path) -> None:
    (repository / "README").write_text("changed\n")
    (repository / "notes").write_text("new\n")
    assert state(repository)[1] is False


@needs_git
def test_a_repository_without_a_commit_is_dirty_and_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "001_a.sql").write_text("select 1;\n")
    assert git_state(tmp_path, [tmp_path]) == (None, True)


@needs_git
def test_variables_of_a_hook_name_no_other_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = state(repository)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(elsewhere, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(elsewhere / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-such-index"))
    assert state(repository) == expected


@needs_git
def test_a_program_that_the_repository_names_is_not_run(repository: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{repository.parent}/sprung'\n")
    trap.chmod(0o755)
    git(repository, "config", "core.fsmonitor", f"'{trap}'".replace("it's", "it'\\''s"))
    assert state(repository)[1] is False
    assert not (repository.parent / "sprung").exists()


@needs_git
def test_no_repository_is_nothing(tmp_path: Path) -> None:
    assert state(tmp_path) == (None, None)


@needs_git
def test_files_outside_the_repository_are_nothing(repository: Path, tmp_path: Path) -> None:
    assert git_state(repository, [tmp_path / "elsewhere"]) == (None, None)


def test_without_git_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert state(tmp_path) == (None, None)


def test_a_folder_that_is_gone_is_nothing(tmp_path: Path) -> None:
    assert state(tmp_path / "gone") == (None, None)


def test_a_git_that_is_too_slow_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(module, "_TIMEOUT_SECONDS", 0.05)
    assert state(tmp_path) == (None, None)


def test_account_and_host_are_the_machines_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    found = provenance(tmp_path, [tmp_path])
    assert found.os_user == pwd.getpwuid(os.geteuid()).pw_name
    assert found.host == socket.gethostname()


def test_an_account_without_a_name_is_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert provenance(tmp_path, []).os_user == f"uid {os.geteuid()}"


def test_a_name_that_no_text_can_hold_is_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "h\udcffst\0")
    assert provenance(tmp_path, []).host == "h?st"


def test_git_gets_nothing_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[process.Command] = []

    def run(command: process.Command, **others: object) -> process.Completed:
        seen.append(command)
        return process.Completed(command.argv, 128, "", "", timed_out=False)

    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://a:secret@b/c")
    monkeypatch.setattr(process, "run", run)
    state(tmp_path)
    assert "STAGING_DATABASE_URL" not in seen[0].env
