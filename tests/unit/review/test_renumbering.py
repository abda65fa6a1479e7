"""What may be renumbered, and what a check says to type."""

from pathlib import Path

import pytest

from dbmate_wrap.domain.finding import Check
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.errors import ConfigError, HistoryError, RefusedError, UsageError
from dbmate_wrap.git.merge_base import MergeBase
from dbmate_wrap.review import renumbering
from dbmate_wrap.review.branch import BranchDiff, diff_branch
from dbmate_wrap.review.renumbering import (
    NewFiles,
    command_for,
    find_new,
    raise_for_unknown,
    raise_for_wanted,
)
from dbmate_wrap.workspace.project_files import ProjectFiles
from tests.support.migrations import file_of

FOLDER = Path("db/migrations")
SKIPPED = Check("base", "skip", "compared with nothing: no git repository with a remote")


def files_of(*names: str, sealed: tuple[str, ...] = ()) -> ProjectFiles:
    files = tuple(file_of(f"{name}.sql", name) for name in sorted(names))
    lines = tuple(Sealed(f"{name}.sql", "0" * 64, 1) for name in sealed)
    return ProjectFiles("db/migrations", files, lines, ())


def branch_of(files: ProjectFiles, *merged: str, tip: tuple[str, ...] = (), option: str = "") -> BranchDiff:
    """The files compared with a base that has `merged`, and at its end `tip` too."""
    names = tuple(f"{name}.sql" for name in merged)
    then = {file.name: file.checksum for file in files.migrations if file.name in names}
    tips = (*names, *(f"{name}.sql" for name in tip))
    return diff_branch(
        files, MergeBase("origin/main", "0" * 40, then, None, tips, option=option), every=False
    )


def without_git(monkeypatch: pytest.MonkeyPatch, **sides: set[str]) -> None:
    monkeypatch.setattr(renumbering, "names_at", lambda folder, ref: sides.get(ref))


@pytest.mark.parametrize(
    ("sides", "sealed", "new", "known"),
    [
        ({}, (), {"001_a", "002_mine", "002_theirs"}, False),
        ({"HEAD": {"001_a.sql", "002_theirs.sql"}}, (), {"002_mine"}, True),
        ({"HEAD": {"001_a.sql", "002_mine.sql"}}, (), {"001_a", "002_mine", "002_theirs"}, False),
        (
            {"HEAD": {"001_a.sql", "002_mine.sql"}, "MERGE_HEAD": {"001_a.sql", "002_theirs.sql"}},
            (),
            {"002_mine"},
            True,
        ),
        ({}, ("001_a", "002_theirs"), {"002_mine"}, True),
    ],
    ids=["nothing known", "not committed", "all committed", "amid a merge", "by the lockfile"],
)
def test_without_a_remote_new_is_what_the_side_lacks_that_lacks_the_file(
    monkeypatch: pytest.MonkeyPatch,
    sides: dict[str, set[str]],
    sealed: tuple[str, ...],
    new: set[str],
    known: bool,
) -> None:
    without_git(monkeypatch, **sides)
    files = files_of("001_a", "002_mine", "002_theirs", sealed=sealed)
    found = find_new(files, files.migrations[1], diff_branch(files, SKIPPED, every=False), FOLDER)
    assert (set(found.names), found.is_known) == ({f"{name}.sql" for name in new}, known)


def test_what_is_being_merged_here_is_not_new_though_the_remote_lacks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_git(monkeypatch, MERGE_HEAD={"001_a.sql", "002_theirs.sql"})
    files = files_of("001_a", "002_mine", "002_theirs")
    found = find_new(files, files.migrations[1], branch_of(files, "001_a"), FOLDER)
    assert found.names == {"002_mine.sql"}


def test_a_remote_whose_main_branch_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    without_git(monkeypatch)
    files = files_of("001_a", "002_mine")
    shallow = Check("base", "warn", "compared with nothing: the clone is shallow", "git fetch --unshallow")
    with pytest.raises(ConfigError, match="which migrations are merged is not known") as raised:
        find_new(files, files.migrations[1], diff_branch(files, shallow, every=False), FOLDER)
    assert raised.value.hint == "git fetch --unshallow"


def test_a_merged_file_keeps_its_number_and_the_new_one_is_named() -> None:
    files = files_of("001_a", "002_mine", "002_theirs")
    new = NewFiles(frozenset({"002_mine.sql"}), True, "origin/main")
    with pytest.raises(RefusedError, match="is in origin/main") as raised:
        raise_for_wanted(files.migrations, files.migrations[2], new, branch_of(files, "001_a", "002_theirs"))
    assert raised.value.hint == "the new one gets another: dbmate-wrap renumber 002_mine.sql"


def test_one_of_two_merged_files_with_one_number_may_get_another() -> None:
    files = files_of("001_a", "002_b", "002_c")
    new = NewFiles(frozenset(), True, "origin/main")
    raise_for_wanted(files.migrations, files.migrations[2], new, branch_of(files, "001_a", "002_b", "002_c"))


def test_what_main_has_by_now_is_merged_first() -> None:
    files = files_of("001_a", "002_mine")
    new = NewFiles(frozenset({"002_mine.sql"}), True, "origin/main")
    branch = branch_of(files, "001_a", tip=("002_theirs",))
    with pytest.raises(HistoryError, match="is there and not here") as raised:
        raise_for_wanted(files.migrations, files.migrations[1], new, branch)
    assert raised.value.hint == "git merge origin/main, then `dbmate-wrap renumber 002_mine.sql`"


def test_files_that_may_be_somebodys_do_not_move_along() -> None:
    files = files_of("002_mine", "003_whose")
    with pytest.raises(UsageError, match="would get new numbers too") as raised:
        raise_for_unknown(NewFiles(frozenset(), False, ""), files.migrations)
    assert raised.value.hint is not None
    assert raised.value.hint.endswith("dbmate-wrap renumber 002_mine.sql --base REF")
    raise_for_unknown(NewFiles(frozenset(), False, ""), files.migrations[:1])
    raise_for_unknown(NewFiles(frozenset(), True, ""), files.migrations)


@pytest.mark.parametrize(
    ("names", "every_new", "name"),
    [
        (
            ("001_a", "002_theirs", "002_mine", "003_mine"),
            False,
            "002_mine.sql",
        ),
        (("001_a", "002_theirs", "003_mine"), False, None),
        (("001_a", "002_theirs", "003_mine"), True, "003_mine.sql"),
        (("001_a", "002_theirs"), True, None),
    ],
)
def test_the_command_that_settles_a_merge(names: tuple[str, ...], every_new: bool, name: str | None) -> None:
    files = files_of(*names)
    branch = branch_of(files, "001_a", "002_theirs", option=" --base x")
    command = f"dbmate-wrap renumber {name} --base x" if name else None
    assert command_for(files.migrations, branch, every_new=every_new) == command
    assert command_for(files.migrations, diff_branch(files, SKIPPED, every=False), every_new=True) is None
