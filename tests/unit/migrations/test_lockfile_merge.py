"""Lines of a lockfile get other names and places, also of one that a merge has left broken."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.numbering import Renumbered
from dbmate_wrap.errors import HistoryError
from dbmate_wrap.migrations.lockfile import parse_line, parse_lockfile
from dbmate_wrap.migrations.lockfile_merge import read_merged, renumber_lines
from tests.support.migrations import file_of

PATH = Path("db/migrations.lock")
HEAD = "# header\n\n"


def file(name: str) -> MigrationFile:
    """A file with a text of its own, whatever its number."""
    return file_of(f"{name}.sql", name.partition("_")[2])


def line(name: str, *more: str) -> str:
    return f"{name}.sql sha256:{file(name).checksum}{''.join(more)}\n"


A, T, M, M2 = line("003_a"), line("004_theirs"), line("004_m"), line("005_m2")
NEW = line("005_m") + line("006_m2")
FORMER = f" was sha256:{'0' * 64}"
REASON = "# amended 004_m.sql: two rows had one number\n"


def renumbered(content: str, moves: Sequence[str] = ("004_m>005_m", "005_m2>006_m2")) -> str | None:
    """The lockfile after the moves, where the files have their old names."""
    pairs = [move.split(">") for move in moves]
    plan = [Renumbered(file(old), f"{new}.sql") for old, new in pairs]
    present = {"003_a.sql", "004_theirs.sql", *(each.file.name for each in plan)}
    found = renumber_lines(content.encode(), plan, present, PATH)
    return found.decode() if found is not None else None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{HEAD}{A}{M}{M2}{T}", f"{HEAD}{A}{T}{NEW}"),
        (f"{HEAD}{A}<<<<<<< HEAD\n{M}{M2}=======\n{T}>>>>>>> main\n", f"{HEAD}{A}{T}{NEW}"),
        (f"{HEAD}{A}<<<<<<< main\n{T}=======\n{M}{M2}>>>>>>> mine\n", f"{HEAD}{A}{T}{NEW}"),
        (f"{HEAD}{A}<<<<<<< HEAD\n{M}{M2}||||||| 0123\n=======\n{T}>>>>>>> main\n", f"{HEAD}{A}{T}{NEW}"),
        (f"{A}<<<<<<< H\n{T}{M}{M2}=======\n{T}>>>>>>> main\n", f"{A}{T}{NEW}"),
        (f"{A}{T}", None),
        (f"{A}{T}{M2}", f"{A}{T}{line('006_m2')}"),
        (f"{A}{T}{NEW}", None),
        (f"{A}{T}{line('005_m')}{M2}", f"{A}{T}{NEW}"),
        (f"{A}{T}{M}{M2}".removesuffix("\n"), f"{A}{T}{NEW}"),
        (f"{A}{M}{M2}{T}".replace("\n", "\r\n"), f"{A}{T}{NEW}".replace("\n", "\r\n")),
        (
            f"{A}{REASON}{line('004_m', FORMER)}{M2}{T}",
            f"{A}{T}{REASON.replace('004', '005')}{line('005_m', FORMER)}{line('006_m2')}",
        ),
        ("", None),
    ],
    ids=[
        *("union", "conflict", "conflict of a rebase", "conflict with the ancestor", "both sides have it"),
        *("not sealed", "partly sealed", "killed before the renaming", "by hand"),
        *("no final newline", "CRLF", "amended", "no lockfile"),
    ],
)
def test_the_lines_come_last_with_their_new_names_and_all_others_stay(
    content: str, expected: str | None
) -> None:
    assert renumbered(content) == expected


def test_other_text_of_both_sides_stays_and_that_of_the_ancestor_goes() -> None:
    old = line("002_x") + line("002_y")
    conflict = f"<<<<<<< H\n# mine X\n{M}{M2}||||||| 0123\n{old}=======\n{A}{T}>>>>>>> main\n"
    assert renumbered(f"{A}{conflict}{REASON}") == f"{A}# mine X\n{T}{REASON}{NEW}"


def test_what_both_sides_have_is_there_once_and_what_follows_it_too() -> None:
    both = f"{A}<<<<<<< H\n{A}{T}{M}=======\n{A}{T}{M2}>>>>>>> main\n"
    assert renumbered(both) == f"{A}{T}{NEW}"


def test_a_line_of_another_name_with_the_text_of_a_moved_file_goes() -> None:
    # The file was renamed twice: 006_m is not there any more, and 004_m has its line.
    assert renumbered(f"{A}{T}{M}{line('006_m')}", ["004_m>005_m"]) == f"{A}{T}{line('005_m')}"


def test_lines_of_other_names_with_the_texts_of_several_moved_files_go() -> None:
    lines = f"{A}{T}{M}{line('006_m')}{M2}{line('007_m2')}"
    assert renumbered(lines) == f"{A}{T}{NEW}"


def test_a_reason_above_a_conflict_stays_where_it_is() -> None:
    conflict = f"<<<<<<< H\n{M}{M2}=======\n{T}>>>>>>> main\n"
    assert renumbered(f"{A}{REASON}{conflict}") == f"{A}{REASON}{T}{NEW}"


def test_the_words_of_a_reason_stay_also_where_they_look_like_one() -> None:
    said = REASON.replace("two rows", "as in # amended 004_m.sql: two rows")
    renamed = said.replace("# amended 004_m", "# amended 005_m", 1)
    amended = f"{A}{said}{line('004_m', FORMER)}{T}"
    assert renumbered(amended, ["004_m>005_m"]) == f"{A}{T}{renamed}{line('005_m', FORMER)}"


def test_a_renamed_line_has_its_new_name_as_text_and_as_value() -> None:
    [found] = read_merged(M.encode())
    renamed = found.renamed("009_m.sql")
    assert renamed.sealed == parse_line(renamed.text.decode())


def test_a_file_that_was_renamed_by_hand_gets_its_line() -> None:
    assert renumbered(f"{A}{M}{T}", ["006_m>005_m"]) == f"{A}{T}{line('005_m')}"


def test_two_lines_of_one_file_that_differ_are_for_a_person() -> None:
    other = T.replace(file("004_theirs").checksum, "1" * 64)
    broken = re.escape(f"{PATH}: the lockfile is broken: it has two lines of 004_theirs.sql, which differ")
    with pytest.raises(HistoryError, match=f"^{broken}$") as raised:
        renumbered(f"{A}<<<<<<< HEAD\n{T}{M}=======\n{other}>>>>>>> main\n", ["004_m>005_m"])
    assert raised.value.migration == "004_theirs.sql"
    assert raised.value.hint == (
        "keep the one with the checksum of the file that is to stay, take the other out, and run the command"
        " again; where both branches amended it: dbmate-wrap amend 004_theirs.sql --because TEXT"
    )


def test_what_is_no_line_at_all_is_told_as_ever() -> None:
    with pytest.raises(HistoryError, match="lock:3: the lockfile is broken: this line is not of the form"):
        renumbered(f"{A}{T}x\n{M}", ["004_m>005_m"])


def test_bytes_of_no_encoding_are_told_as_ever() -> None:
    plan = [Renumbered(file("004_m"), "005_m.sql")]
    with pytest.raises(HistoryError, match="lock:2: the lockfile is broken: it is not UTF-8 text"):
        renumber_lines(A.encode() + b"# \xff\n" + M.encode(), plan, {"003_a.sql", "004_m.sql"}, PATH)


@settings(derandomize=True, max_examples=30)
@given(
    st.integers(0, 2),
    st.integers(1, 3),
    st.integers(0, 3),
    st.sampled_from(["ours first", "theirs first", "conflict", "conflict with the ancestor"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_a_merge_has_made_of_two_branches_every_line_is_there_once(
    common: int, mine: int, theirs: int, merge: str, end: str
) -> None:
    base = [f"{number:03}_base" for number in range(common)]
    ours = [f"{common + number:03}_m{number}" for number in range(mine)]
    others = [f"{common + number:03}_t{number}" for number in range(theirs)]
    text = {name: "".join(map(line, names)) for name, names in (("ours", ours), ("theirs", others))}
    merged = {
        "ours first": "{ours}{theirs}",
        "theirs first": "{theirs}{ours}",
        "conflict": "<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> x\n",
        "conflict with the ancestor": "<<<<<<< HEAD\n{ours}||||||| y\n=======\n{theirs}>>>>>>> x\n",
    }[merge].format(**text)
    content = (HEAD + "".join(map(line, base)) + merged).replace("\n", end).encode()
    moved = [f"{common + theirs + number:03}_m{number}" for number in range(mine)]
    plan = [Renumbered(file(old), f"{new}.sql") for old, new in zip(ours, moved, strict=True)]
    found = renumber_lines(content, plan, {f"{name}.sql" for name in (*base, *ours, *others)}, PATH)
    lines = parse_lockfile(content if found is None else found, PATH)
    assert [(each.name, each.checksum) for each in lines] == [
        (f"{name}.sql", file(name).checksum) for name in (*base, *others, *moved)
    ]
    if found is not None:
        assert (found.count(b"\r\n"), found.count(b"\n")) == (
            (found.count(b"\n"), found.count(b"\n")) if end == "\r\n" else (0, found.count(b"\n"))
        )
