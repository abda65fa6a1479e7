"""Which files get other numbers, and which numbers."""

from collections.abc import Sequence

import pytest

from dbmate_wrap.domain.command_hint import renumber_command
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.numbering import (
    Renumbered,
    first_to_renumber,
    in_order_of_renaming,
    next_versions,
    plan_renumbering,
)
from dbmate_wrap.errors import ConfigError
from tests.support.migrations import file_of

NOW = "20261128120000"


def files_of(names: str) -> list[MigrationFile]:
    """The files, in dbmate's order; a `+` before a name says that it is new."""
    return [file_of(f"{name}.sql", name) for name in sorted(names.replace("+", "").split())]


def new_of(names: str) -> frozenset[str]:
    return frozenset(f"{name[1:]}.sql" for name in names.split() if name.startswith("+"))


@pytest.mark.parametrize(
    ("names", "wanted", "renamed"),
    [
        # Main's one stays, those of the branch follow each other.
        ("003_c 004_theirs +004_mine +005_mine2", "004_mine", "004_mine>005_mine 005_mine2>006_mine2"),
        # The one in the way of which is the other new one, is asked for: all the same.
        ("003_c 004_theirs +004_mine +005_mine2", "005_mine2", "004_mine>005_mine 005_mine2>006_mine2"),
        ("004_theirs 005_theirs +004_mine", "004_mine", "004_mine>006_mine"),
        # Only what comes after it moves.
        ("003_c 005_theirs +006_a +007_b", "007_b", ""),
        ("003_c +004_a +006_c", "006_c", "006_c>005_c"),
        ("003_c +004_a +004_b +005_c", "004_a", "004_a>005_a 005_c>006_c"),
        ("003_c +004_a +004_b +005_c", "004_b", "004_b>005_b 005_c>006_c"),
        # A run that was killed has renamed the last one.
        ("004_theirs +004_mine +006_mine2", "004_mine", "004_mine>005_mine"),
        ("003_c +004_mine", "004_mine", ""),
        ("+001_a +002_b", "001_a", ""),
        # Two that are merged have one number: one of them may go.
        ("003_c 004_a 004_b +005_c", "004_b", "004_b>005_b 005_c>006_c"),
        # The width of the numbers that are there.
        ("09_a +09_b", "09_b", "09_b>10_b"),
        ("0000009_a +0000009_b", "0000009_b", "0000009_b>0000010_b"),
        # Times: now, and one more for each; what comes after all is left.
        (
            "20260103000000_theirs +20260101000000_a +20260102000000_b",
            "20260102000000_b",
            f"20260101000000_a>{NOW}_a 20260102000000_b>20261128120001_b",
        ),
        ("20260103000000_theirs +20260104000000_a", "20260104000000_a", ""),
        ("20260103000000_a +20260103000000_b", "20260103000000_b", f"20260103000000_b>{NOW}_b"),
        ("20990103000000_theirs +20260104000000_a", "20260104000000_a", "20260104000000_a>20990103000001_a"),
    ],
)
def test_the_wanted_one_and_the_new_ones_after_it_get_the_next_numbers(
    names: str, wanted: str, renamed: str
) -> None:
    files = files_of(names)
    [file] = [each for each in files if each.name == f"{wanted}.sql"]
    plan = plan_renumbering(files, new_of(names), file, every_new=False, numbering="auto", now=NOW)
    changed = [f"{each.file.name}>{each.new_name}".replace(".sql", "") for each in plan if each.is_changed]
    assert " ".join(changed) == renamed


def test_where_the_lockfile_is_broken_every_new_one_is_put_in_order() -> None:
    names = "003_c 004_theirs +005_a +006_b"
    files = files_of(names)
    plan = plan_renumbering(files, new_of(names), files[-1], every_new=True, numbering="auto", now=NOW)
    assert [(each.file.name, each.new_name) for each in plan] == [
        ("005_a.sql", "005_a.sql"),
        ("006_b.sql", "006_b.sql"),
    ]


def test_the_setting_numbering_wins() -> None:
    names = "003_c 004_theirs +004_mine"
    files = files_of(names)
    plan = plan_renumbering(files, new_of(names), files[1], every_new=False, numbering="timestamp", now=NOW)
    assert [each.new_name for each in plan] == [f"{NOW}_mine.sql"]
    assert [each.version for each in plan] == [NOW]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("003_c +004_a", None),
        ("+004_a 004_theirs +005_b", "004_a.sql"),
        ("+002_a 004_theirs +005_b", "002_a.sql"),
        ("", None),
    ],
)
def test_the_first_new_one_that_main_has_overtaken(names: str, first: str | None) -> None:
    found = first_to_renumber(files_of(names), new_of(names))
    assert (found.name if found else None) == first


@pytest.mark.parametrize(
    ("names", "sequential", "versions"),
    [
        ("", True, "001 002"),
        ("", False, f"{NOW} 20261128120001"),
        ("007_a", True, "008 009"),
        ("98_a", True, None),
    ],
)
def test_the_next_versions(names: str, sequential: bool, versions: str | None) -> None:
    files = files_of(names)
    if versions is None:
        with pytest.raises(ConfigError, match="100_ would run before 99_"):
            next_versions(files, 2, sequential=sequential, now=NOW)
    else:
        assert " ".join(next_versions(files, 2, sequential=sequential, now=NOW)) == versions


@pytest.mark.parametrize(
    "moves",
    [["004_x>005_x", "005_x>006_x"], ["005_x>004_x", "006_x>005_x"], ["004_a>007_a", "005_x>006_x"]],
    ids=["up", "down", "apart"],
)
def test_no_file_gets_the_name_of_one_that_still_has_it(moves: Sequence[str]) -> None:
    pairs = [move.split(">") for move in moves]
    names = {old for old, _ in pairs}
    for each in in_order_of_renaming([Renumbered(file_of(old, ""), new) for old, new in pairs]):
        names.remove(each.file.name)
        assert each.new_name not in names
        names.add(each.new_name)
    assert names == {new for _, new in pairs}


def test_the_command_can_be_typed() -> None:
    assert renumber_command("004_a b.sql", " --base x") == "dbmate-wrap renumber '004_a b.sql' --base x"
