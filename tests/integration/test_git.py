"""The base of a branch, read by the real git from real repositories of many shapes."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from dbmate_wrap import process
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import ConfigError
from dbmate_wrap.git import client as calling
from dbmate_wrap.git.branches import branches_with
from dbmate_wrap.git.default_ref import default_ref
from dbmate_wrap.git.merge_base import MergeBase, read_merge_base
from dbmate_wrap.git.remotes import remote_hosts
from dbmate_wrap.git.state import git_state
from dbmate_wrap.migrations import directory
from tests.support.cases import migration_file

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
A, B, C = "001_a.sql", "002_b.sql", "003_c.sql"


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # Apart from the configuration of whoever runs the tests.
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))


def git(folder: Path, *args: str) -> str:
    """Run git as somebody."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "tests"),
        **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "tests@example.org"),
    }
    argv = ["git", "-c", "protocol.file.allow=always", *args]
    done = subprocess.run(argv, cwd=folder, env=env, check=False, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files into db/migrations, or elsewhere for a name with a slash."""
    for name, content in files.items():
        path = root / (name if "/" in name else f"db/migrations/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit(root: Path, files: Mapping[str, str | bytes]) -> str:
    """Commit everything in the working tree, with these files; the id of the commit."""
    write(root, files)
    git(root, "add", "--all", ".")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "a change")
    return git(root, "rev-parse", "HEAD")


def a_remote(tmp_path: Path, *options: str) -> Path:
    """A repository with two migrations and a lockfile on its branch main."""
    remote = tmp_path / "remote"
    remote.mkdir()
    git(remote, "init", "--quiet", "--initial-branch=main", *options)
    commit(remote, {A: "a\n", B: "b\n", "db/migrations.lock": "# lines\n", "README": "x"})
    return remote


def cloned(remote: Path, *options: str) -> Path:
    """A clone of it, next to it."""
    work = remote.parent / "work"
    git(remote.parent, "clone", "--quiet", *options, f"file://{remote}", str(work))
    return work


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A clone with a branch of its own."""
    work = cloned(a_remote(tmp_path))
    git(work, "switch", "--quiet", "--create", "mine")
    return work


def read(root: Path, ref: str = "origin/main", folder: str = "db/migrations") -> MergeBase:
    """The base of what lies in the working tree."""
    place = root / folder
    return read_merge_base(
        ref, place, root / "db" / "migrations.lock", directory.list_migrations(place).files
    )


def checksums(**texts: str) -> dict[str, str]:
    """What `Base.files` should hold, by the names without their ending."""
    return {f"{name[1:]}.sql": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


AB = checksums(_001_a="a\n", _002_b="b\n")


def folder_of(work: Path) -> Path:
    """Its migrations."""
    return work / "db" / "migrations"


# What is compared


def test_the_base_is_where_the_branch_left_main(work: Path) -> None:
    left = git(work, "rev-parse", "HEAD")
    commit(work, {C: "c\n"})
    found = read(work)
    assert found == MergeBase("origin/main", left, AB, b"# lines\n", (A, B))
    assert list(found.files) == [A, B]


def test_a_file_edited_since_comes_with_the_bases_checksum(work: Path) -> None:
    commit(work, {A: "edited\n"})
    write(work, {B: "edited and not committed\n"})
    assert read(work).files == AB


def test_a_file_removed_since_comes_with_the_bases_checksum(work: Path) -> None:
    (folder_of(work) / A).unlink()
    assert read(work).files == AB


def test_main_that_has_gone_on_is_told_apart_from_the_base(work: Path, tmp_path: Path) -> None:
    commit(tmp_path / "remote", {C: "other\n", B: "edited there\n"})
    commit(work, {"003_mine.sql": "c\n"})
    git(work, "fetch", "--quiet")
    found = read(work)
    assert found.files == AB
    assert found.tip_names == (A, B, C)


def test_on_main_itself_the_base_is_head(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    found = read(work)
    assert found.commit == git(work, "rev-parse", "HEAD")
    assert found.files == AB


def test_the_merge_commit_that_github_checks_out_gives_the_branchs_base(work: Path, tmp_path: Path) -> None:
    tip = commit(tmp_path / "remote", {C: "other\n"})
    commit(work, {"004_mine.sql": "c\n"})
    git(work, "fetch", "--quiet")
    git(work, "merge", "--quiet", "--no-edit", "origin/main")
    git(work, "checkout", "--quiet", "--detach")
    found = read(work)
    assert found.commit == tip
    assert list(found.files) == [A, B, C]


def test_a_folder_that_is_new_since_has_no_files(work: Path) -> None:
    write(work, {"other/001_a.sql": "a\n"})
    found = read(work, folder="other")
    assert (found.files, found.tip_names) == ({}, ())


def test_a_lockfile_that_is_new_since_is_none(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "rm", "--quiet", "db/migrations.lock")
    commit(remote, {})
    work = cloned(remote)
    write(work, {"db/migrations.lock": "x"})
    assert read(work).lockfile is None


def test_a_lockfile_outside_of_the_repository_is_none(work: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.lock").write_text("x")
    found = read_merge_base("origin/main", folder_of(work), tmp_path / "elsewhere.lock", ())
    assert found.lockfile is None
    assert found.files == AB


def test_a_lockfile_in_the_folder_itself_is_read_and_no_migration(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    commit(work, {"migrations.lock": "inside\n"})
    found = read_merge_base("main", folder_of(work), folder_of(work) / "migrations.lock", ())
    assert found.lockfile == b"inside\n"
    assert found.files == AB


def test_what_is_no_migration_is_left_out(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    write(remote, {"README.md": "x", "004_D.SQL": "x", "db/migrations/005_e/006_f.sql": "x"})
    (folder_of(remote) / "007_link.sql").symlink_to(A)
    module = tmp_path / "module"
    module.mkdir()
    git(module, "init", "--quiet")
    commit(module, {"x": "x"})
    git(remote, "submodule", "--quiet", "add", str(module), "db/migrations/008_module.sql")
    commit(remote, {})
    found = read(cloned(remote))
    assert found.files == AB
    assert found.tip_names == (A, B)


def test_bytes_that_are_no_text_come_through_unchanged(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    odd = bytes(range(256)) * 300 + b"\xed\xa0\x80\xff\r\r\n"
    commit(work, {C: odd, "db/migrations.lock": odd, "004_empty.sql": ""})
    write(work, {C: "edited", "004_empty.sql": "edited"})
    found = read(work, "main")
    assert found.files[C] == migration_file(C, odd).checksum
    assert found.files["004_empty.sql"] == hashlib.sha256(b"").hexdigest()
    assert found.lockfile == odd


def test_names_with_spaces_umlauts_and_broken_bytes_are_the_same_as_on_disk(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    names = ["003_mit leer.sql", "004_ä€😀.sql", os.fsdecode(b"005_\xff.sql"), "006_a\tb'\".sql"]
    commit(work, dict.fromkeys(names, "x"))
    found = read(work, "main")
    assert list(found.files) == [file.name for file in directory.list_migrations(folder_of(work)).files]
    assert set(names) <= set(found.files)


def test_a_folder_whose_name_means_something_to_a_pathspec_is_taken_literally(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    odd = ":(glob)it's [a] *fo lder* ü"
    commit(work, {f"{odd}/001_x.sql": "x", "plain/001_y.sql": "y"})
    assert list(read(work, "main", odd).files) == ["001_x.sql"]


def test_migrations_at_the_top_of_the_repository_are_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, {"./001_a.sql": "a\n", "db/migrations/002_b.sql": "b\n", "./lock": "x"})
    found = read_merge_base("main", tmp_path, tmp_path / "lock", directory.list_migrations(tmp_path).files)
    assert found.files == checksums(_001_a="a\n")
    assert found.lockfile == b"x"


def test_a_lockfile_in_a_sub_folder_is_no_migration_whatever_its_name(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, {"./001_a.sql": "a\n", "2026/lock.sql": "x"})
    found = read_merge_base("main", tmp_path, tmp_path / "2026" / "lock.sql", ())
    assert found.files == checksums(_001_a="a\n")
    assert found.lockfile == b"x"


# Line ends


@pytest.mark.parametrize("stored", ["a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "a\rb\r"])
@pytest.mark.parametrize("now", ["a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "a\rb\r"])
def test_other_line_ends_are_no_other_file(stored: str, now: str, work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    commit(work, {C: stored})
    write(work, {C: now})
    [file] = [file for file in directory.list_migrations(folder_of(work)).files if file.name == C]
    assert read(work, "main").files[C] == file.checksum


def test_a_checkout_with_autocrlf_is_the_same_without_reading_a_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = cloned(a_remote(tmp_path), "--config", "core.autocrlf=true")
    assert (folder_of(work) / A).read_bytes() == b"a\r\n"
    verbs = recorded(monkeypatch)
    files = directory.list_migrations(folder_of(work)).files
    assert read_merge_base("origin/main", folder_of(work), tmp_path / "no.lock", files).files == AB
    assert "cat-file" not in verbs


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs that git is called with from now on."""
    verbs: list[str] = []
    run = process.run

    def record(command: process.Command, **others: object) -> process.Completed:
        verbs.append(command.argv[5])
        return run(command, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "run", record)
    return verbs


# Shapes of repositories


def test_a_project_in_a_sub_folder_is_compared_with_that_folder(work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    commit(work, {"services/shop/db/migrations/001_s.sql": "s\n", "services/shop/db/migrations.lock": "s"})
    shop = work / "services" / "shop"
    assert read(shop, "main").files == checksums(_001_s="s\n")
    assert read(shop, "main").lockfile == b"s"
    assert read(work, "main").files == AB


def test_a_folder_behind_a_symbolic_link_is_the_real_one(work: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(work)
    assert read(link).files == AB
    assert read(link).lockfile == b"# lines\n"


def test_a_linked_worktree_has_its_own_head(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "a worktree"
    left = git(work, "rev-parse", "HEAD")
    git(work, "worktree", "add", "--quiet", "-b", "other", str(other))
    commit(other, {C: "c\n"})
    assert default_ref(folder_of(other)) == "origin/main"
    assert read(other).commit == left
    assert read(other, "mine").files == AB


def test_a_detached_head_has_a_base(work: Path) -> None:
    left = git(work, "rev-parse", "HEAD")
    commit(work, {C: "c\n"})
    git(work, "checkout", "--quiet", "--detach")
    assert default_ref(folder_of(work)) == "origin/main"
    assert read(work).commit == left


def test_a_repository_of_sha256_ids_is_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = cloned(a_remote(tmp_path, "--object-format=sha256"))
    commit(work, {C: "c\n"})
    with monkeypatch.context() as patch:
        verbs = recorded(patch)
        read_merge_base(
            "origin/main", folder_of(work), work / "no.lock", directory.list_migrations(folder_of(work)).files
        )
        assert "ls-tree" in verbs
        assert "cat-file" not in verbs
    write(work, {A: "edited\n"})
    found = read(work)
    assert len(found.commit) == 64
    assert found.files == AB


def test_migrations_in_a_submodule_are_compared_with_the_submodules_main(work: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet", "--initial-branch=trunk")
    git(outer, "submodule", "--quiet", "add", str(tmp_path / "remote"), "sql")
    commit(outer, {})
    inner = outer / "sql"
    assert default_ref(folder_of(inner)) == "origin/main"
    found = read_merge_base("origin/main", folder_of(inner), outer / "migrations.lock", ())
    assert found.files == AB
    assert found.lockfile is None


def test_a_partial_clone_fetches_what_it_lacks(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "config", "uploadpack.allowFilter", "true")
    git(remote, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(remote, {A: "old, and only in the past\n"})
    before = git(remote, "rev-parse", "HEAD")
    commit(remote, {A: "a\n"})
    work = cloned(remote, "--filter=blob:none")
    git(work, "branch", "--quiet", "old", before)
    assert read(work, "old").files[A] == hashlib.sha256(b"old, and only in the past\n").hexdigest()


def test_a_partial_clone_whose_remote_is_gone_is_told(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "config", "uploadpack.allowFilter", "true")
    commit(remote, {A: "old, and only in the past\n"})
    before = git(remote, "rev-parse", "HEAD")
    commit(remote, {A: "a\n"})
    work = cloned(remote, "--filter=blob:none")
    shutil.rmtree(remote)
    with pytest.raises(ConfigError, match="`git cat-file --batch` failed in"):
        read(work, before)


def test_an_object_that_is_not_there_is_told(work: Path) -> None:
    blob = git(work, "rev-parse", f"HEAD:db/migrations/{A}")
    for pack in (work / ".git" / "objects" / "pack").glob("*"):
        moved = work.parent / pack.name
        shutil.move(pack, moved)
        if moved.suffix == ".pack":
            with moved.open("rb") as data:
                subprocess.run(["git", "unpack-objects", "-q"], cwd=work, stdin=data, check=True)
    (work / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    write(work, {A: "edited\n"})
    with pytest.raises(ConfigError, match=f"git has no object {blob}"):
        read(work)


# Which branch is the main one


def test_the_default_is_what_the_remote_calls_its_main_branch(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "branch", "--move", "main", "trunk")
    git(remote, "branch", "main")
    assert default_ref(folder_of(cloned(remote))) == "origin/trunk"


@pytest.mark.parametrize(
    ("branches", "expected"),
    [
        (["origin/main", "origin/master"], "origin/main"),
        (["origin/master", "origin/develop"], "origin/master"),
        (["origin/develop"], None),
        (["fork/main", "origin/master"], "origin/master"),
        (["fork/master"], "fork/master"),
        (["fork/main", "other/main"], None),
        (["origin/feature/main"], None),
        ([], None),
    ],
)
def test_without_the_remotes_word_main_comes_before_master(
    branches: list[str], expected: str | None, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=mine")
    commit(tmp_path, {A: "a"})
    for branch in branches:
        git(tmp_path, "update-ref", f"refs/remotes/{branch}", "HEAD")
    assert default_ref(folder_of(tmp_path)) == expected


def test_of_several_remotes_the_one_that_the_branch_follows_counts(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=mine")
    commit(tmp_path, {A: "a"})
    for remote in ("one", "two"):
        git(tmp_path, "remote", "add", remote, "https://example.invalid/x.git")
        git(tmp_path, "update-ref", f"refs/remotes/{remote}/main", "HEAD")
    git(tmp_path, "update-ref", "refs/remotes/two/feature", "HEAD")
    git(tmp_path, "branch", "--quiet", "--set-upstream-to", "two/feature")
    assert default_ref(folder_of(tmp_path)) == "two/main"


@pytest.mark.parametrize(
    ("origin", "upstream", "expected"),
    [
        ("HEAD~2", "HEAD~1", "upstream/main"),
        ("HEAD~1", "HEAD~2", "origin/main"),
        ("HEAD~1", "HEAD~1", "origin/main"),
    ],
    ids=["an old fork", "a template", "both alike"],
)
def test_in_a_fork_the_main_that_head_left_later_counts(
    origin: str, upstream: str, expected: str, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=mine")
    for name in (A, B, C):
        commit(tmp_path, {name: name})
    git(tmp_path, "update-ref", "refs/remotes/origin/main", origin)
    git(tmp_path, "update-ref", "refs/remotes/upstream/main", upstream)
    assert default_ref(folder_of(tmp_path)) == expected


def test_a_head_of_the_remote_that_leads_nowhere_is_passed_over(work: Path) -> None:
    git(work, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert default_ref(folder_of(work)) == "origin/main"


def test_there_is_no_default_without_a_repository_or_a_commit(tmp_path: Path) -> None:
    assert default_ref(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert default_ref(tmp_path) is None


def test_there_is_no_default_without_git(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert default_ref(folder_of(work)) is None


# What goes wrong


def failing(folder: Path, ref: str = "origin/main") -> ConfigError:
    """The error of reading the base there."""
    with pytest.raises(ConfigError) as raised:
        read_merge_base(ref, folder, folder.parent / "migrations.lock", ())
    return raised.value


def test_without_git_a_base_that_was_asked_for_is_an_error(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    error = failing(folder_of(work))
    assert "git cannot be started" in error.message
    assert "install git" in (error.hint or "")


def test_without_a_repository_a_base_is_an_error(tmp_path: Path) -> None:
    assert failing(tmp_path).message == f"{tmp_path} is not in a git repository"


def test_without_a_commit_a_base_is_an_error(work: Path) -> None:
    git(work, "checkout", "--quiet", "--orphan", "empty")
    assert "HEAD has no commit yet" in failing(folder_of(work)).message


@pytest.mark.parametrize(
    ("ref", "hint"),
    [
        ("origin/gone", "git fetch origin gone:refs/remotes/origin/gone, then --base origin/gone"),
        (
            "feature/x",
            "git fetch origin feature/x:refs/remotes/origin/feature/x, then --base origin/feature/x",
        ),
        ("0123456789abcdef0123456789abcdef01234567", "git fetch origin 0123456789abcdef"),
        ("HEAD:db", "git branch --all"),
        ("--all", "git branch --all"),
        ("--since=yesterday", "git branch --all"),
        ("", "git branch --all"),
        ("origin/main\n--all", "git branch --all"),
        ("a\0b", "git branch --all"),
        ("..", "git branch --all"),
    ],
)
def test_an_unknown_ref_comes_with_the_way_to_fetch_it(ref: str, hint: str, work: Path) -> None:
    error = failing(folder_of(work), ref)
    assert error.message == f"git knows no commit {ref!r} in {folder_of(work)}"
    assert hint in (error.hint or "")


def test_an_unknown_ref_without_a_remote_is_not_fetched(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    commit(tmp_path, {A: "a"})
    assert failing(folder_of(tmp_path)).hint == "name a branch that is here: git branch --all"


def test_the_hint_for_an_unknown_ref_works_in_a_clone_of_one_branch(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "branch", "feature")
    work = cloned(remote, "--single-branch", "--branch", "feature")
    hint = failing(folder_of(work)).hint or ""
    command, _, rest = hint.partition(", then ")
    git(work, *command.split()[1:])
    assert rest == "--base origin/main"
    assert read(work).files == AB


def test_a_shallow_clone_that_does_not_reach_the_base_says_how_to_deepen(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    git(remote, "switch", "--quiet", "--create", "feature")
    commit(remote, {C: "c"})
    git(remote, "switch", "--quiet", "main")
    commit(remote, {"README": "y"})
    work = cloned(remote, "--depth=1", "--no-single-branch", "--branch=feature")
    error = failing(folder_of(work))
    assert "the clone is shallow" in error.message
    assert "fetch-depth: 0" in (error.hint or "")
    git(work, "fetch", "--quiet", "--unshallow")
    assert read(work).files == AB


def test_a_shallow_clone_that_lacks_the_ref_says_so(tmp_path: Path) -> None:
    remote = a_remote(tmp_path)
    commit(remote, {C: "c"})
    git(remote, "branch", "feature")
    work = cloned(remote, "--depth=1", "--branch=feature")
    assert default_ref(folder_of(work)) is None
    assert "fetch-depth: 0" in (failing(folder_of(work)).hint or "")


def test_histories_with_nothing_in_common_are_an_error(work: Path) -> None:
    git(work, "checkout", "--quiet", "--orphan", "other")
    commit(work, {C: "c"})
    error = failing(folder_of(work))
    assert error.message == "HEAD and origin/main have no commit in common"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_repository_of_somebody_else_is_named_with_the_way_to_trust_it(work: Path) -> None:
    os.chown(work, 4711, 4711)
    os.chown(work / ".git", 4711, 4711)
    for act in (lambda: failing(folder_of(work)), lambda: default_ref(folder_of(work))):
        try:
            error = act()
        except ConfigError as raised:
            error = raised
        assert isinstance(error, ConfigError)
        assert f"does not trust the repository {work}" in error.message
        assert error.hint == f"if you do: git config --global --add safe.directory {work}"
    git(work, "config", "--global", "--add", "safe.directory", str(work))
    assert read(work).files == AB


def test_a_broken_repository_is_told_in_gits_own_words(work: Path) -> None:
    (work / ".git" / "config").write_text("[broken\n")
    assert "bad config line 1" in failing(folder_of(work)).message
    with pytest.raises(ConfigError, match="bad config line 1"):
        default_ref(folder_of(work))


def fake_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A program called git that does this."""
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_a_git_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(calling, "TIMEOUT_SECONDS", 0.05)
    started = time.monotonic()
    assert "was stopped after" in failing(tmp_path).message
    with pytest.raises(ConfigError, match="was stopped after"):
        default_ref(tmp_path)
    assert time.monotonic() - started < 5


def test_more_than_can_be_meant_is_not_taken(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "_LIMIT", 64)
    assert "printed more than" in failing(folder_of(work)).message


# What git may do


def test_variables_of_a_hook_name_no_other_repository(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-such-index"))
    assert default_ref(folder_of(work)) == "origin/main"
    assert read(work).files == AB


@pytest.mark.parametrize(
    ("attribute", "filtered"),
    [
        ("*.sql filter=crypt", {"002_b.sql"}),
        ("*.sql ident", {"002_b.sql"}),
        ("002_b.sql working-tree-encoding=UTF-16LE", {"002_b.sql"}),
        ("*.sql -filter text=auto eol=lf", set()),
        ("*.md filter=crypt", set()),
    ],
)
def test_files_that_git_filters_are_named_and_no_filter_is_run(
    attribute: str, filtered: set[str], work: Path
) -> None:
    sprung = work.parent / "sprung"
    for way in ("clean", "smudge"):
        git(work, "config", f"filter.crypt.{way}", f"touch '{sprung}'")
    (work / ".gitattributes").write_text(f"{attribute}\n")
    (folder_of(work) / B).write_text("as a checkout has it\n")
    assert read(work).filtered == filtered
    assert not sprung.exists()


def test_no_program_of_the_repository_is_run_and_nothing_in_it_is_written(work: Path) -> None:
    sprung, trap = work.parent / "sprung", work.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch '{sprung}'\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "pager.ls-tree", "core.askPass", "diff.external"):
        git(work, "config", name, str(trap))
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        shutil.copy(trap, work / ".git" / "hooks" / hook)
    before = {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")}
    assert default_ref(folder_of(work)) == "origin/main"
    assert read(work).files == AB
    assert not sprung.exists()
    assert {path: path.stat().st_mtime_ns for path in (work / ".git").rglob("*")} == before


@pytest.mark.parametrize("place", ["db/migrations", "db"])
def test_a_repository_that_the_branch_put_into_a_folder_is_not_used(
    work: Path, tmp_path: Path, place: str
) -> None:
    # An object that is missing is fetched from its remote: by a program that its configuration names.
    made = tmp_path / "made"
    git(work, "init", "--quiet", "--bare", "planted")
    planted = work / place
    for each in (work / "planted").iterdir():
        each.rename(planted / each.name)
    with (planted / "config").open("a") as file:
        file.write(f'[remote "origin"]\n url = /\n promisor = true\n uploadpack = "touch {made};"\n')
        file.write("[extensions]\n partialClone = origin\n[core]\n repositoryFormatVersion = 1\n")
    missing = hashlib.sha1(b"nothing has these bytes", usedforsecurity=False).hexdigest()
    (planted / "refs" / "heads" / "main").write_text(f"{missing}\n")
    # What git itself would do there.
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "GIT_SSH_COMMAND": "false"}
    subprocess.run(
        ["git", "cat-file", "-p", missing],
        cwd=work / "db/migrations",
        env=env,
        check=False,
        capture_output=True,
    )
    assert made.exists()
    made.unlink()
    for ask in (lambda: read(work, missing), lambda: default_ref(work / "db" / "migrations")):
        with pytest.raises(ConfigError, match=r"would take .* for a repository of its own"):
            ask()
    # What is only recorded is left out.
    assert git_state(work / "db" / "migrations", [work / "db" / "migrations"]) == (None, None)
    assert branches_with(work / "db" / "migrations", [work / "db" / "migrations" / A]) == {}
    assert not made.exists()


def test_git_gets_nothing_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, monkeypatch, f"env > '{tmp_path}/seen'; exit 1")
    monkeypatch.setenv("STAGING_DATABASE_URL", "postgres://a:secret@b/c")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "0")
    assert default_ref(tmp_path) is None
    seen = (tmp_path / "seen").read_text()
    assert "secret" not in seen
    assert "GIT_CONFIG_COUNT" not in seen
    assert "GIT_TERMINAL_PROMPT=0" in seen


@pytest.mark.parametrize("changed", [0, 1000])
def test_a_thousand_migrations_cost_little(changed: int, work: Path) -> None:
    git(work, "switch", "--quiet", "main")
    commit(work, {f"{n:04}_x.sql": f"select {n};\n" * 20 for n in range(1, 1001)})
    git(work, "gc", "--quiet")
    write(work, {f"{n:04}_x.sql": "changed" for n in range(1, changed + 1)})
    files: tuple[MigrationFile, ...] = directory.list_migrations(folder_of(work)).files
    took: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        found = read_merge_base("main", folder_of(work), work / "db" / "migrations.lock", files)
        took.append(time.perf_counter() - started)
        assert len(found.files) == 1002
    # Measured 14 and 22 ms; the machine may be busy.
    assert min(took) < 0.3


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://name:token@GitHub.com/shop/crm.git", "github.com"),
        ("git@gitlab.example.com:shop/crm.git", "gitlab.example.com"),
        ("ssh://git@git.example.com:2222/shop/crm.git", "git.example.com"),
        ("../other", None),
        ("/srv/git/crm.git", None),
    ],
)
def test_the_host_of_a_remote_is_read_without_its_account(tmp_path: Path, url: str, host: str | None) -> None:
    assert remote_hosts(tmp_path) == frozenset()
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", url)
    assert remote_hosts(tmp_path) == (frozenset() if host is None else {host})
