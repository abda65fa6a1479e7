"""What a branch adds to its base, by names and checksums alone."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dbmate_wrap.domain.finding import Check, CheckStatus, Finding
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.policy.lockfile_rules import check_base
from dbmate_wrap.review.branch import diff_branch
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.cases import migration_file

A, B, C = "001_a.sql", "002_b.sql", "003_c.sql"
NO_BASE = Check("base", "skip", "compared with nothing: no git repository with a remote")


def files_of(names: Sequence[str], sealed: Sequence[str] = ()) -> ProjectFiles:
    """Migrations, each "name" or "name=content", and the names that are sealed."""
    files = tuple(migration_file(*name.partition("=")[::2]) for name in names)
    lines = tuple(Sealed(name, migration_file(name).checksum, line) for line, name in enumerate(sealed, 3))
    return ProjectFiles("db/migrations", files, lines, ())


def base_of(*names: str) -> MergeBase:
    """A merge base with these migrations, all empty and sealed."""
    files = [migration_file(name) for name in names]
    lockfile = "".join(f"{file.name} sha256:{file.checksum}\n" for file in files).encode()
    return MergeBase("origin/main", "0" * 40, {file.name: file.checksum for file in files}, lockfile, names)


@pytest.mark.parametrize(
    ("files", "base", "every", "new", "merged"),
    [
        ([A, B], [A, B], False, [], [A, B]),
        ([A, B, C], [A, B], False, [C], [A, B]),
        ([A, f"{B}=changed"], [A, B], False, [], [A]),
        ([A], [A, B], False, [], [A]),
        ([A, B, C], [A, B], True, [A, B, C], []),
        ([], [], False, [], []),
    ],
)
def test_new_is_what_the_base_does_not_have_and_merged_what_is_the_same_there(
    files: list[str], base: list[str], every: bool, new: list[str], merged: list[str]
) -> None:
    diff = diff_branch(files_of(files), base_of(*base), every=every)
    assert (diff.new, diff.round_trip, diff.merged) == (frozenset(new), frozenset(new), frozenset(merged))
    assert diff.base == base_of(*base)


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ([], "compared with origin/main: 0 new"),
        ([B], "compared with origin/main: 1 new (002_b.sql)"),
        ([f"00{number}_x.sql" for number in range(2, 5)], "3 new (002_x.sql, 003_x.sql, 004_x.sql)"),
        ([f"00{number}_x.sql" for number in range(2, 6)], "4 new (002_x.sql, 003_x.sql, 004_x.sql, ...)"),
    ],
)
@pytest.mark.parametrize("every", [True, False])
def test_the_check_names_the_base_and_what_is_new_since(added: list[str], message: str, every: bool) -> None:
    [check] = diff_branch(files_of([A, *added]), base_of(A), every=every).checks
    assert (check.id, check.status, check.hint) == ("base", "pass", None)
    assert check.message.endswith(message)


def test_without_a_base_what_is_not_sealed_is_new_and_nothing_is_merged() -> None:
    diff = diff_branch(files_of([A, B, C], sealed=[A]), NO_BASE, every=False)
    assert diff.base is None
    assert diff.new == diff.round_trip == {B, C}
    assert diff.merged == frozenset()
    assert diff.checks == (NO_BASE,)


@pytest.mark.parametrize(
    ("status", "committed", "merged"),
    [("warn", [], [A, B]), ("skip", [], []), ("skip", [A, f"{B}=then"], [A]), ("skip", [C], [])],
)
def test_without_a_base_what_is_sealed_is_merged_where_a_remote_is_and_else_once_it_is_committed(
    status: CheckStatus, committed: list[str], merged: list[str]
) -> None:
    then = {file.name: file.checksum for file in files_of(committed).migrations}
    given = files_of([A, B, C], sealed=[A, B])
    diff = diff_branch(given, replace(NO_BASE, status=status), every=False, committed=then)
    assert (diff.merged, diff.new, diff.sealed) == (frozenset(merged), frozenset([C]), frozenset([A, B]))
    assert ("counts as merged" in diff.checks[0].message) is bool(merged)
    assert diff_branch(given, NO_BASE, every=True, committed=then).merged == frozenset()


def test_without_a_base_all_files_are_new_where_all_are_asked_for() -> None:
    names = [f"{number:03}_x.sql" for number in range(1, 30)]
    diff = diff_branch(files_of(names, sealed=[A]), NO_BASE, every=True)
    assert diff.new == diff.round_trip == frozenset(names)
    assert diff.checks == (NO_BASE,)


@pytest.mark.parametrize(("number", "tried", "checks"), [(20, 20, 1), (21, 1, 2)])
def test_of_a_history_that_was_never_sealed_only_the_last_round_trip_is_tried(
    number: int, tried: int, checks: int
) -> None:
    names = [f"{each:03}_x.sql" for each in range(1, number + 1)]
    diff = diff_branch(files_of(names), NO_BASE, every=False)
    assert diff.new == frozenset(names)
    assert diff.round_trip == frozenset(names[-tried:])
    assert len(diff.checks) == checks
    if checks == 2:
        assert (diff.checks[1].id, diff.checks[1].status) == ("ways-down", "skip")
        assert diff.checks[1].message == (
            "21 migrations are not sealed: only the last one's migrate:down is tried"
        )


def finding(rule: str, file: str, line: int = 1) -> Finding:
    """A finding of the lockfile rules, as they say it without a base."""
    return Finding(rule, "error", file, line, 1, "message", "hint")


@pytest.mark.parametrize(
    ("files", "sealed", "reported", "expected"),
    [
        ([A, B], [A, B], [], []),
        ([A, B, C], [A, B], [finding("unsealed", f"m/{C}")], [f"unsealed m/{C}"]),
        ([A, f"{B}=x"], [A, B], [finding("edited", f"m/{B}")], [f"edited m/{B}"]),
        ([A], [A, B], [finding("removed", "m.lock", 4)], [f"removed m/{B}"]),
        ([A, B], [A], [finding("unsealed", f"m/{B}")], ["removed m.lock"]),
        ([A, B], [B], [finding("not-appended", f"m/{A}")], ["removed m.lock"]),
        ([A, B], [A, B], [finding("file-name", f"m/{A}")], [f"file-name m/{A}"]),
    ],
    ids=["nothing", "new", "edited", "removed", "a lost line", "a lost line before others", "another rule"],
)
def test_each_change_since_the_base_is_one_finding(
    files: list[str], sealed: list[str], reported: list[Finding], expected: list[str]
) -> None:
    given = files_of(files, sealed)
    found = check_base(reported, given.migrations, given.sealed, base_of(A, B), folder="m", lockfile="m.lock")
    assert [f"{each.rule} {each.file}" for each in found] == expected
    assert all("origin/main" in each.message for each in found if each not in reported)


def filtered_base(*names: str, lockfile: bytes | None) -> MergeBase:
    """A base that has other bytes of every file than a checkout."""
    git_has = dict.fromkeys(names, migration_file(A, "as git has it").checksum)
    return replace(base_of(*names), files=git_has, lockfile=lockfile, filtered=frozenset(names))


def test_files_that_git_filters_are_compared_by_the_lockfile_of_the_base() -> None:
    base = filtered_base(A, B, lockfile=base_of(A, B).lockfile)
    diff = diff_branch(files_of([A, f"{B}=edited", C]), base, every=False)
    assert (diff.new, diff.merged) == (frozenset([C]), frozenset([A]))
    assert diff.base is not None
    assert diff.base.files == base_of(A, B).files, "so that the rules find what was edited"
    [check] = diff.checks
    assert check.status == "pass"
    assert "2 by its lockfile, because a git filter changes the files" in check.message


@pytest.mark.parametrize("lockfile", [None, b"\x00encrypted", base_of(A).lockfile])
def test_filtered_files_that_no_lockfile_knows_are_checked_like_new_ones(lockfile: bytes | None) -> None:
    diff = diff_branch(files_of([B]), filtered_base(B, lockfile=lockfile), every=False)
    assert (diff.new, diff.merged) == (frozenset([B]), frozenset())
    [check] = diff.checks
    assert check.status == "warn"
    assert check.message.startswith("compared with origin/main: 0 new; 1 not (002_b.sql): a git filter")


def test_what_was_amended_is_checked_as_new_and_named_apart() -> None:
    files = files_of([A, f"{B}=mended", C])
    then, now = migration_file(B).checksum, files.migrations[1].checksum
    sealed = (Sealed(A, migration_file(A).checksum, 1), Sealed(B, now, 3, (then,), "it failed"))
    diff = diff_branch(replace(files, sealed=sealed), base_of(A, B), every=False)
    assert diff.new == diff.round_trip == {B, C}
    assert diff.merged == {A}
    assert diff.checks[0].message == ("compared with origin/main: 1 new (003_c.sql), 1 amended (002_b.sql)")
