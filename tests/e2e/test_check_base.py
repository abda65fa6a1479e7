"""check against the branch that a pull request is meant for, in clones of every kind."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.check_documents import STATIC, found, status
from tests.support.cli import CliResult, RunCli, RunJson, assert_refused
from tests.support.projects import ProjectFolder, migration
from tests.support.repository_clones import cloned, commit, git

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
]
A = migration("create table public.a (i bigint);", "drop table public.a;")
B = migration("create table public.b (i bigint);", "drop table public.b;")
C = migration("create table public.c (i bigint);", "drop table public.c;")
WRITE = migration("insert into public.a values (1);")
OLD_WRONG = migration("set search_path = x; insert into b values (1); selec 1;")


@pytest.fixture
def main(tmp_path: Path) -> ProjectFolder:
    """The repository that all clone: two sealed migrations on its branch main."""
    folder = ProjectFolder(tmp_path / "main")
    folder.migrations.mkdir(parents=True)
    git(folder.root, "init", "--quiet", "--initial-branch=main")
    (folder.root / "dbmate-wrap.toml").touch()
    commit(folder, {"001_init.sql": A, "002_b.sql": B})
    return folder


@pytest.fixture
def mine(main: ProjectFolder) -> ProjectFolder:
    """A clone of it with a branch of its own."""
    folder = cloned(main)
    git(folder.root, "switch", "--quiet", "--create", "mine")
    return folder


def of_base(done: CliResult) -> str:
    """The row of the check `base`."""
    [row] = [line for line in done.stdout.splitlines() if line.startswith("base ")]
    return row


def hint_of(done: CliResult) -> str:
    """The only hint."""
    [hint] = re.findall(r"^  hint: (.*)$", done.stderr, re.MULTILINE)
    return str(hint)


# What is new


def test_new_is_what_the_branch_adds_sealed_or_not(mine: ProjectFolder, run_cli: RunCli) -> None:
    assert of_base(run_cli(STATIC, mine.root)).endswith("compared with origin/main: 0 new")
    commit(mine, {"003_c.sql": C})
    done = run_cli(STATIC, mine.root)
    assert done.returncode == 0, done.stderr
    assert re.search(r"base +pass +compared with origin/main: 1 new \(003_c.sql\)", done.stdout)
    assert "hazards in 1 new migration" in done.stdout


def test_what_is_wrong_in_a_merged_migration_is_a_notice_unless_all_is_asked_for(
    main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli, run_json: RunJson
) -> None:
    commit(main, {"003_old.sql": OLD_WRONG})
    git(mine.root, "pull", "--quiet", "origin", "main")
    listed = found(run_json(STATIC, mine.root))
    assert len(listed) == 4
    assert all(each.startswith("notice ") for each in listed)
    shown = run_cli(STATIC, mine.root)
    assert shown.returncode == 0
    assert "4 in merged files, which stay as they are; --verbose shows them" in shown.stderr
    assert "it is merged: leave the file as it is" in run_cli([*STATIC, "--verbose"], mine.root).stderr
    assert "write the schema before every name" not in shown.stderr
    document = run_json([*STATIC, "--all"], mine.root)
    assert document["exit"] == {"code": 12, "name": "policy"}
    assert sum(each.startswith("error ") for each in found(document)) == 3
    # A new one is checked in full beside it.
    commit(mine, {"004_new.sql": WRITE})
    assert [each for each in found(run_json(STATIC, mine.root)) if "004" in each] == [
        "error data-write 004_new.sql:2"
    ]


def test_a_policy_makes_no_error_of_a_notice(
    main: ProjectFolder, mine: ProjectFolder, run_json: RunJson
) -> None:
    commit(main, {"003_old.sql": OLD_WRONG})
    git(mine.root, "pull", "--quiet", "origin", "main")
    (mine.root / "dbmate-wrap.toml").write_text('[policy]\nsql = "error"\n')
    assert run_json(STATIC, mine.root)["exit"] == {"code": 0, "name": "ok"}


# What is append only


@pytest.mark.parametrize("seals", [False, True], ids=["lockfile-as-it-was", "lockfile-rewritten"])
@pytest.mark.parametrize("commits", [False, True], ids=["working-tree", "committed"])
def test_an_edited_migration_comes_with_the_command_that_restores_it(
    mine: ProjectFolder, run_cli: RunCli, run_json: RunJson, seals: bool, commits: bool
) -> None:
    mine.add("002_b.sql", C)
    if seals:
        mine.seal()
    if commits:
        commit(mine, {}, seal=False)
    document = run_json(STATIC, mine.root)
    assert found(document) == ["error edited 002_b.sql:1"]
    assert document["exit"] == {"code": 13, "name": "history"}
    assert status(document)["lockfile"] == "fail"
    done = run_cli(STATIC, mine.root)
    assert_refused(done, 13, "002_b.sql was changed, but it is in origin/main already", "dbmate-wrap new")
    # The command that the hint names works.
    command = re.search(r"git (checkout \w+ -- \S+);", hint_of(done))
    assert command
    git(mine.root, *command[1].split())
    assert (mine.migrations / "002_b.sql").read_text() == B


@pytest.mark.parametrize("seals", [False, True], ids=["lockfile-as-it-was", "lockfile-rewritten"])
def test_a_removed_migration_comes_with_the_command_that_restores_it(
    mine: ProjectFolder, run_cli: RunCli, seals: bool
) -> None:
    (mine.migrations / "002_b.sql").unlink()
    if seals:
        mine.seal()
    commit(mine, {}, seal=False)
    done = run_cli(STATIC, mine.root)
    assert_refused(done, 13, "002_b.sql is in origin/main and is gone", "git checkout")
    assert done.stderr.count("[removed]") == 1
    git(mine.root, *hint_of(done).split()[1:])
    assert (mine.migrations / "002_b.sql").read_text() == B


@pytest.mark.parametrize("seals", [False, True], ids=["lockfile-as-it-was", "lockfile-rewritten"])
def test_a_renamed_migration_comes_with_the_command_that_restores_it(
    mine: ProjectFolder, run_cli: RunCli, seals: bool
) -> None:
    git(mine.root, "mv", "db/migrations/002_b.sql", "db/migrations/002_z.sql")
    if seals:
        mine.seal()
    done = run_cli(STATIC, mine.root)
    assert_refused(done, 13, "002_b.sql is in origin/main and was renamed to 002_z.sql", "hint: mv ")
    for part in hint_of(done).split("; "):
        if part.startswith(("git ", "mv ")):
            subprocess.run(part.split(), cwd=mine.root, check=True)
    assert run_cli(["seal"], mine.root).returncode == 0
    assert run_cli(STATIC, mine.root).returncode == 0


def test_a_number_that_main_has_taken_meanwhile_is_found_before_the_merge(
    main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli
) -> None:
    commit(mine, {"003_mine.sql": C})
    commit(main, {"003_theirs.sql": C.replace("public.c", "public.d")})
    assert run_cli(STATIC, mine.root).returncode == 0
    git(mine.root, "fetch", "--quiet")
    done = run_cli(STATIC, mine.root)
    cause = "origin/main has gone on: 003_theirs.sql is there, and 003_mine.sql has the number of 003_theirs"
    assert_refused(done, 13, cause, "git merge origin/main, then dbmate-wrap renumber 003_mine.sql")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda lines: lines[:-1], "the line of 002_b.sql is in origin/main and is gone"),
        (lambda lines: [*lines[:-1], lines[-1][:-4] + "0000"], "the line of 002_b.sql .* was changed"),
        (lambda lines: [], "is empty or gone: in origin/main it has 2 lines"),
    ],
    ids=["gone", "changed", "empty"],
)
def test_a_line_of_the_lockfile_is_never_lost(
    mine: ProjectFolder, run_cli: RunCli, change: object, cause: str
) -> None:
    assert callable(change)
    commit(mine, {"003_c.sql": C})
    before = mine.lockfile.read_text().splitlines()
    changed = change(before[:-1])
    mine.lockfile.write_text("".join(f"{line}\n" for line in changed))
    commit(mine, {}, seal=False)
    done = run_cli(STATIC, mine.root)
    assert_refused(done, 13, cause, "git checkout .* -- db/migrations.lock, then `dbmate-wrap seal`")
    assert "002_b.sql is not in the lockfile" not in done.stderr
    command = re.search(r"git (checkout \w+ -- \S+),", done.stderr)
    assert command
    git(mine.root, *command[1].split())
    assert run_cli(["seal"], mine.root).returncode == 0
    assert mine.lockfile.read_text().splitlines()[-1] == before[-1]
    assert run_cli(STATIC, mine.root).returncode == 0


def test_after_a_conflict_in_the_lockfile_the_advice_leads_out(
    main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli
) -> None:
    commit(mine, {"003_mine.sql": C})
    commit(main, {"003_theirs.sql": C.replace("public.c", "public.d")})
    git(mine.root, "fetch", "--quiet")
    with pytest.raises(AssertionError):
        git(mine.root, "-c", "user.name=t", "merge", "--quiet", "origin/main")
    assert "<<<<<<<" in mine.lockfile.read_text()
    done = run_cli(STATIC, mine.root)
    assert_refused(done, 12, "duplicate-version", "hint: dbmate-wrap renumber 003_mine.sql")
    renumbered = run_cli(["renumber", "003_mine.sql"], mine.root)
    assert renumbered.returncode == 0, renumbered.stderr
    assert re.search("003_mine.sql +004_mine.sql", renumbered.stdout)
    done = run_cli(STATIC, mine.root)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in mine.lockfile.read_text().splitlines()[1:]]
    assert names == ["001_init.sql", "002_b.sql", "003_theirs.sql", "004_mine.sql"]
    assert sorted(each.name for each in mine.migrations.iterdir()) == names


def test_severities_hold_for_the_base_too(mine: ProjectFolder, run_json: RunJson) -> None:
    (mine.root / "dbmate-wrap.toml").write_text('[policy]\nedited = "warning"\n')
    commit(mine, {"002_b.sql": C})
    document = run_json(STATIC, mine.root)
    assert document["exit"] == {"code": 0, "name": "ok"}
    assert found(document) == ["warning edited 002_b.sql:1"]
    assert (status(document)["lockfile"], status(document)["base"]) == ("warn", "pass")


# Which base


def test_a_base_by_name_by_commit_and_by_distance(
    mine: ProjectFolder, run_cli: RunCli, run_json: RunJson
) -> None:
    left = git(mine.root, "rev-parse", "HEAD")
    commit(mine, {"003_c.sql": C})
    commit(mine, {"003_c.sql": WRITE})
    assert found(run_json(STATIC, mine.root)) == ["error data-write 003_c.sql:2"]
    for ref in ("main", "origin/main", left, left[:10], "HEAD~2"):
        done = run_cli([*STATIC, "--base", ref], mine.root)
        assert of_base(done).endswith(f"compared with {ref}: 1 new (003_c.sql)")
    assert found(run_json([*STATIC, "--base", "HEAD~1"], mine.root)) == [
        "error edited 003_c.sql:1",
        "error data-write 003_c.sql:2",
    ]


@pytest.mark.parametrize(
    ("ref", "remedy"),
    [
        ("nosuch", "git fetch origin nosuch:refs/remotes/origin/nosuch, then --base origin/nosuch"),
        ("HEAD~99", "name a branch that is here: git branch --all"),
        ("", "name a branch that is here"),
        ("--all", "name a branch that is here"),
    ],
)
def test_an_unknown_base_is_an_error(mine: ProjectFolder, run_cli: RunCli, ref: str, remedy: str) -> None:
    done = run_cli([*STATIC, f"--base={ref}"], mine.root)
    assert_refused(done, 10, "git knows no commit", remedy)


def test_a_shallow_clone_is_not_silent(main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli) -> None:
    commit(mine, {"003_c.sql": C})
    git(mine.root, "push", "--quiet", "origin", "mine")
    shallow = cloned(main, "--depth=1", "--branch=mine", name="shallow")
    done = run_cli(STATIC, shallow.root)
    assert done.returncode == 0, done.stderr
    assert re.search("base +warn +compared with nothing: the remote's main branch is not known", done.stdout)
    assert done.stdout.splitlines()[1].startswith("base ")
    assert "  base: in CI clone with fetch-depth: 0 (GitHub)" in done.stdout
    asked = run_cli([*STATIC, "--base", "origin/main"], shallow.root)
    assert_refused(asked, 10, "git knows no commit 'origin/main'", "git fetch --unshallow")
    git(shallow.root, "fetch", "--quiet", "--depth=1", "origin", "main:refs/remotes/origin/main")
    assert re.search(
        "base +warn +compared with nothing: where HEAD left", run_cli(STATIC, shallow.root).stdout
    )
    asked = run_cli([*STATIC, "--base", "origin/main"], shallow.root)
    assert_refused(asked, 10, "the clone is shallow", "git fetch --unshallow")
    git(shallow.root, "fetch", "--quiet", "--unshallow")
    assert of_base(run_cli(STATIC, shallow.root)).endswith("1 new (003_c.sql)")


def test_a_project_in_a_sub_folder_is_compared_alike(tmp_path: Path, run_cli: RunCli) -> None:
    main = ProjectFolder(tmp_path / "main" / "apps" / "crm")
    main.migrations.mkdir(parents=True)
    git(tmp_path / "main", "init", "--quiet", "--initial-branch=main")
    (main.root / "dbmate-wrap.toml").touch()
    commit(main, {"001_init.sql": A, "002_b.sql": B})
    git(tmp_path, "clone", "--quiet", f"file://{tmp_path}/main", "mine")
    mine = ProjectFolder(tmp_path / "mine" / "apps" / "crm")
    commit(mine, {"002_b.sql": C, "003_c.sql": C})
    within = run_cli(STATIC, mine.migrations)
    done = run_cli(STATIC, mine.root)
    assert (within.returncode, within.stderr) == (13, done.stderr)
    assert_refused(done, 13, "^error: db/migrations/002_b.sql:1: 002_b.sql was changed", "git checkout")
    assert of_base(done).endswith("1 new (003_c.sql)")
    git(mine.root, *re.findall(r"git (checkout \w+ -- \S+);", done.stderr)[0].split())
    assert (mine.migrations / "002_b.sql").read_text() == B


def test_without_a_repository_or_a_remote_new_is_what_is_not_sealed(
    mine: ProjectFolder, run_cli: RunCli, run_json: RunJson
) -> None:
    git(mine.root, "remote", "remove", "origin")
    mine.add("003_c.sql", WRITE)
    for _ in range(2):
        document = run_json(STATIC, mine.root)
        assert found(document) == ["warning unsealed 003_c.sql:1", "error data-write 003_c.sql:2"]
        assert status(document)["base"] == "skip"
        shutil.rmtree(mine.root / ".git", ignore_errors=True)
    done = run_cli([*STATIC, "--base", "main"], mine.root)
    assert_refused(done, 10, "is not in a git repository", "leave --base out")


def test_without_git_only_a_base_that_was_asked_for_is_an_error(mine: ProjectFolder, run_cli: RunCli) -> None:
    nowhere = {"PATH": "/nonexistent"}
    done = run_cli(STATIC, mine.root, nowhere)
    assert done.returncode == 0, done.stderr
    assert re.search("base +skip +compared with nothing", done.stdout)
    asked = run_cli([*STATIC, "--base", "main"], mine.root, nowhere)
    assert_refused(asked, 10, "git cannot be started", "install git, or leave --base out")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_that_git_does_not_trust_is_not_passed_over_in_silence(
    mine: ProjectFolder, run_cli: RunCli
) -> None:
    for path in (mine.root, mine.root / ".git"):
        os.chown(path, 65534, 65534)
    done = run_cli(STATIC, mine.root)
    assert done.returncode == 0, done.stderr
    assert re.search("base +warn +compared with nothing: git does not trust the repository", done.stdout)
    assert "git config --global --add safe.directory" in done.stdout
    asked = run_cli([*STATIC, "--base", "main"], mine.root)
    assert_refused(asked, 10, "git does not trust", "safe.directory")


def test_only_the_base_lets_a_superuser_replay(
    main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli
) -> None:
    internal = "create function public.c() returns int language internal as 'pg_backend_pid';"
    (mine.root / "dbmate-wrap.toml").write_text("shadow_superuser = true\n")
    commit(mine, {"003_c.sql": migration(internal, "drop function public.c();")})
    done = run_cli(["check"], mine.root)
    assert_refused(done, 22, "needs rights that the replay's role", "on the branch that it is merged into")
    assert "warning: shadow_superuser counts once the base has it too" in done.stderr
    (main.root / "dbmate-wrap.toml").write_text("shadow_superuser = true\n")
    commit(main, {})
    git(mine.root, "fetch", "--quiet")
    git(mine.root, "rebase", "--quiet", "origin/main")
    done = run_cli(["check"], mine.root)
    assert done.returncode == 0, done.stderr
    assert "shadow_superuser counts" not in done.stderr


def test_a_merged_file_with_a_name_of_its_own_is_a_notice_and_can_be_sealed(
    main: ProjectFolder, run_cli: RunCli, run_json: RunJson
) -> None:
    folder = ProjectFolder(main.root.parent / "mine")
    main.lockfile.unlink()
    commit(main, {"003_AddUsers.sql": C, "005_e.sql": C.replace(".c", ".e")}, seal=False)
    cloned(main)
    listed = found(run_json(STATIC, folder.root))
    assert "notice file-name 003_AddUsers.sql:1" in listed
    assert "notice version-gap 005_e.sql:1" in listed
    assert "error file-name 003_AddUsers.sql:1" in found(run_json([*STATIC, "--all"], folder.root))
    done = run_cli(["seal"], folder.root)
    assert done.returncode == 0, done.stderr
    folder.add("006_New.sql", C.replace(".c", ".f"))
    assert_refused(run_cli(["seal"], folder.root), 12, "006_New.sql' is not of the form", "rename it")


def test_in_a_shallow_clone_what_is_sealed_is_old_and_the_rest_is_new(
    main: ProjectFolder, mine: ProjectFolder, run_json: RunJson
) -> None:
    commit(mine, {"003_old.sql": OLD_WRONG})
    git(mine.root, "push", "--quiet", "origin", "mine")
    shallow = cloned(main, "--depth=1", "--branch=mine", name="shallow")
    listed = found(run_json(STATIC, shallow.root))
    assert len(listed) == 4
    assert all(each.startswith("notice ") for each in listed)
    shallow.add("004_new.sql", WRITE)
    assert "error data-write 004_new.sql:2" in found(run_json(STATIC, shallow.root))
    assert sum(each.startswith("error ") for each in found(run_json([*STATIC, "--all"], shallow.root))) > 1


def test_notices_about_old_files_are_no_annotations(
    main: ProjectFolder, mine: ProjectFolder, run_cli: RunCli
) -> None:
    commit(main, {"003_old.sql": OLD_WRONG})
    git(mine.root, "pull", "--quiet", "origin", "main")
    commit(mine, {"004_new.sql": migration("create table shop (i bigint);", "drop table shop;")})
    reports = ["--sarif", "s.json", "--junit", "j.xml", "--gitlab", "g.json"]
    done = run_cli([*STATIC, "--format", "github", *reports], mine.root)
    assert done.returncode == 0, done.stderr
    told = [done.stdout, *((mine.root / name).read_text() for name in ("s.json", "j.xml", "g.json"))]
    told.append(run_cli([*STATIC, "--format", "markdown"], mine.root).stdout)
    assert all("004_new.sql" in each for each in told)
    assert not any("data-write" in each for each in told)
    assert "::notice" not in done.stdout + done.stderr


def test_the_branch_that_a_pipeline_names_is_the_base(main: ProjectFolder, run_cli: RunCli) -> None:
    git(main.root, "switch", "--quiet", "--create", "release/1")
    commit(main, {"003_c.sql": C})
    git(main.root, "switch", "--quiet", "--create", "gh-readonly-queue/release/1/pr-7-0123abc")
    commit(main, {"004_d.sql": C.replace(".c", ".d")})
    git(main.root, "switch", "--quiet", "main")
    work = cloned(main)
    git(work.root, "switch", "--quiet", "--detach", "origin/gh-readonly-queue/release/1/pr-7-0123abc")
    assert of_base(run_cli(STATIC, work.root)).endswith("origin/main: 2 new (003_c.sql, 004_d.sql)")
    queue = {
        "GITHUB_EVENT_NAME": "merge_group",
        "GITHUB_REF": "refs/heads/gh-readonly-queue/release/1/pr-7-0123abc",
    }
    request = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "release/1"}
    for variables in (queue, request):
        done = run_cli(STATIC, work.root, variables)
        assert of_base(done).endswith("compared with origin/release/1: 1 new (004_d.sql)"), done.stderr
    gone = run_cli(STATIC, work.root, {**request, "GITHUB_BASE_REF": "gone"})
    assert of_base(gone).endswith("origin/main: 2 new (003_c.sql, 004_d.sql)")


def test_without_a_remote_what_is_sealed_and_committed_is_old(mine: ProjectFolder, run_json: RunJson) -> None:
    git(mine.root, "remote", "remove", "origin")
    mine.add("003_old.sql", OLD_WRONG)
    mine.seal()
    assert sum(each.startswith("error ") for each in found(run_json(STATIC, mine.root))) == 3
    commit(mine, {})
    document = run_json(STATIC, mine.root)
    assert document["exit"] == {"code": 0, "name": "ok"}
    assert all(each.startswith("notice ") for each in found(document))
    assert "what is sealed and committed counts as merged" in str(document["checks"])
    # A new one, sealed or not, is checked in full.
    mine.add("004_new.sql", WRITE)
    mine.seal()
    assert "error data-write 004_new.sql:2" in found(run_json(STATIC, mine.root))
