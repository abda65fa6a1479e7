"""The lockfile is read strictly, and appended to without touching what is there."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.errors import ConfigError, HistoryError
from dbmate_wrap.migrations import lockfile
from tests.support.cases import assert_as_written, listed, migration_file

HEX = "0123456789abcdef" * 4
A, B = f"001_a.sql sha256:{HEX}", f"002_b.sql sha256:{HEX[::-1]}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lockfile is."""
    return tmp_path / "migrations.lock"


def test_the_lines_come_in_order_with_their_numbers(path: Path) -> None:
    path.write_text(f"# header\n\n{A}\n# between\n   \n{B}\n")
    assert lockfile.read_lockfile(path) == (Sealed("001_a.sql", HEX, 3), Sealed("002_b.sql", HEX[::-1], 6))


@pytest.mark.parametrize("content", ["", "\n", "# only comments\n#\n", "\r\n"])
def test_a_lockfile_without_lines_seals_nothing(content: str, path: Path) -> None:
    path.write_text(content)
    assert lockfile.read_lockfile(path) == ()


def test_a_missing_lockfile_seals_nothing(path: Path) -> None:
    assert lockfile.read_lockfile(path) == ()


@pytest.mark.parametrize(
    "content",
    [
        f"# x\r\n{A}\r\n{B}\r\n",
        f"{A}  \n{B}\t\n",
        f"{A}\n{B}",
        f"\n\n{A}\n\n\n{B}\n\n",
        f"# ä\u2028é\n{A}\n#{A}\n{B}",
    ],
    ids=["CRLF", "trailing spaces", "no final newline", "blank lines", "odd comments"],
)
def test_what_editors_and_checkouts_change_is_read_all_the_same(content: str, path: Path) -> None:
    path.write_bytes(content.encode())
    assert [line.name for line in lockfile.read_lockfile(path)] == ["001_a.sql", "002_b.sql"]


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (f"{A}\n<<<<<<< HEAD\n{B}\n=======\n", 2, "a merge conflict"),
        (f"{A}\n=======\n{B}\n", 2, "a merge conflict"),
        (f"{A}\n{B}\n>>>>>>> other\n", 3, "a merge conflict"),
        (f"{A}\n||||||| base\n", 2, "a merge conflict"),
        (f"{A}\n{A}\n", 2, "is there twice"),
        (f"{A}\n{B}\n{A}\n", 3, "is there twice"),
        (f"{B}\n{A}\n", 2, "001_a.sql does not come after 002_b.sql"),
        (A.upper(), 1, "not of the form"),
        (A.replace(HEX, HEX.upper()), 1, "not of the form"),
        (A.replace("sha256", "sha512"), 1, "not of the form"),
        (A[:-1], 1, "not of the form"),
        (A + "0", 1, "not of the form"),
        (f" {A}", 1, "not of the form"),
        (f"  # {A}", 1, "not of the form"),
        (A.replace(" ", "  "), 1, "not of the form"),
        (A.replace(" ", "\t"), 1, "not of the form"),
        (f"{A} # why", 1, "not of the form"),
        (f"{A} {B}", 1, "not of the form"),
        (f"db/migrations/{A}", 1, "not of the form"),
        (f"../{A}", 1, "not of the form"),
        (f"001_../{A[4:]}", 1, "not of the form"),
        (f"a{A}", 1, "not of the form"),
        (A.replace("a.sql", "a\0.sql"), 1, "not of the form"),
        (A.replace("a.sql", "a\x1b[31m.sql"), 1, "not of the form"),
        (A.replace("0123", "٠١٢٣"), 1, "not of the form"),
        (f"{A}\nx\n", 2, "not of the form"),
        (f"\ufeff# header\n{A}\n", 1, "byte order mark"),
        (f"{A}\r{B}", 1, "not of the form"),
        (f"{A} was sha256:{HEX[1:]}", 1, "not of the form"),
        (f"{A} was {HEX}", 1, "not of the form"),
        (f"{A} was sha256:{HEX} was", 1, "not of the form"),
        (f"{A}  was sha256:{HEX}", 1, "not of the form"),
    ],
)
def test_a_broken_line_is_named(content: str, line: int, reason: str, path: Path) -> None:
    path.write_bytes(content.encode())
    with pytest.raises(HistoryError, match=reason) as raised:
        lockfile.read_lockfile(path)
    assert raised.value.message.startswith(f"{path}:{line}: ")
    assert raised.value.line == line
    remedy = "`dbmate-wrap renumber FILE`" if "conflict" in reason else f"git checkout -- {path}"
    assert remedy in (raised.value.hint or "")


def test_lines_that_a_merge_put_out_of_order_are_not_only_restored(path: Path) -> None:
    path.write_text(f"{B}\n{A}\n")
    with pytest.raises(HistoryError) as raised:
        lockfile.read_lockfile(path)
    assert "where a merge made it so, `dbmate-wrap renumber FILE`" in (raised.value.hint or "")


@pytest.mark.parametrize("content", ["# é\n".encode("latin-1"), b"\xff\xfe", f"{A}\n".encode("utf-16")])
def test_a_lockfile_that_is_not_utf8_is_broken(content: bytes, path: Path) -> None:
    path.write_bytes(f"{A}\n".encode() + content)
    with pytest.raises(HistoryError, match="is not UTF-8 text") as raised:
        lockfile.read_lockfile(path)
    assert raised.value.line == 2


def test_a_lockfile_that_cannot_be_read_is_broken(path: Path) -> None:
    path.mkdir()
    for act in (
        lambda: lockfile.read_lockfile(path),
        lambda: lockfile.append_lines(path, (), [migration_file("001_a.sql")]),
    ):
        with pytest.raises(HistoryError, match="cannot be read: Is a directory") as raised:
            act()
        assert raised.value.hint == f"look at what lies there: ls -ld {path}"


@pytest.mark.parametrize(
    "name", ["001_a b.sql", "001.sql", "001_ä€😀.sql", "001_x.sql.sql", "001_a sha256.sql", "0 .sql"]
)
def test_names_that_only_a_switched_off_rule_lets_through_are_written_and_read(name: str, path: Path) -> None:
    file = migration_file(name, "x")
    lockfile.append_lines(path, (), [file])
    assert lockfile.read_lockfile(path) == (Sealed(name, file.checksum, 3),)


@pytest.mark.parametrize(
    "name", ["001_\x1b.sql", "001_\udcff.sql", "001_\x7f.sql", "001_\r.sql", "001_\\.sql", "001_ sha256:.sql"]
)
def test_a_name_that_no_line_can_hold_is_refused_before_anything_is_written(name: str, path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be sealed") as raised:
        lockfile.append_lines(path, (), [migration_file("000_ok.sql"), migration_file(name)])
    assert raised.value.hint == "rename the file: NNN_name.sql"
    assert not path.exists()


def test_a_file_that_does_not_come_after_the_last_is_refused(path: Path) -> None:
    # The rule not-appended may be switched off; the lockfile could not be read again.
    path.write_text(f"{B}\n")
    for name in ("001_a.sql", "002_b.sql"):
        with pytest.raises(HistoryError, match=f"{name} cannot be sealed") as raised:
            lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file(name)])
        assert (raised.value.migration, raised.value.hint) == (name, "give it a number after 002_b.sql")
    assert path.read_text() == f"{B}\n"


def test_the_first_seal_writes_a_comment_that_explains_the_file(path: Path) -> None:
    lockfile.append_lines(path, (), [migration_file("001_a.sql", "x"), migration_file("002_b.sql", "y")])
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[-2:] == [
        f"{name} sha256:{migration_file(name, text).checksum}"
        for name, text in (("001_a.sql", "x"), ("002_b.sql", "y"))
    ]


@given(
    st.lists(st.sampled_from([f"{A}\n", "# é comment\n", "\n", f"{A}\r\n", "  \n", "#"]), max_size=6).map(
        "".join
    )
)
def test_what_is_there_stays_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, before: str) -> None:
    content = before.encode()
    path = tmp_path_factory.mktemp("lockfile") / "migrations.lock"
    path.write_bytes(content)
    try:
        present = lockfile.read_lockfile(path)
    except HistoryError:
        return
    lockfile.append_lines(path, present, [migration_file("003_c.sql")])
    assert path.read_bytes().startswith(content)
    assert [line.name for line in lockfile.read_lockfile(path)] == [
        *[line.name for line in present],
        "003_c.sql",
    ]


def test_the_line_ends_of_the_file_are_kept(path: Path) -> None:
    path.write_bytes(f"# x\r\n{A}\r\n".encode())
    lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file("002_b.sql")])
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 3


def test_a_missing_final_newline_is_added_first(path: Path) -> None:
    path.write_text(A)
    lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file("002_b.sql")])
    assert path.read_text().startswith(f"{A}\n002_b.sql sha256:")


def test_an_interrupted_write_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"{A}\n")

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file("002_b.sql")])
    assert path.read_text() == f"{A}\n"
    assert os.listdir(path.parent) == [path.name]
    lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file("002_b.sql")])
    assert len(lockfile.read_lockfile(path)) == 2


def test_a_full_disk_leaves_the_old_file_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"{A}\n")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        lockfile.append_lines(path, lockfile.read_lockfile(path), [migration_file("002_b.sql")])
    assert path.read_text() == f"{A}\n"
    assert os.listdir(path.parent) == [path.name]


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="/\\"), max_size=5)
FILES = st.lists(NAMES, max_size=6).map(
    lambda rest: [
        migration_file(f"{number:03}_{name}.sql", name)
        for number, name in enumerate(rest)
        if "sha256" not in name
    ]
)


@settings(derandomize=True, max_examples=30)
@given(FILES, st.sampled_from(["\n", "\r\n"]), st.data())
def test_what_is_written_in_any_number_of_steps_is_read(
    tmp_path_factory: pytest.TempPathFactory, files: list[MigrationFile], end: str, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("lockfile") / "migrations.lock"
    path.write_bytes(f"# head{end}".encode())
    cuts = sorted(data.draw(st.sets(st.integers(0, len(files)))))
    for begin, to in pairwise([0, *cuts, len(files)]):
        lockfile.append_lines(path, lockfile.read_lockfile(path), files[begin:to])
    found = lockfile.read_lockfile(path)
    assert [(line.name, line.checksum, line.former) for line in found] == [
        (file.name, file.checksum, ()) for file in files
    ]
    assert path.read_bytes() == f"# head{end}".encode() + b"".join(
        f"{file.name} sha256:{file.checksum}{end}".encode() for file in files
    )
    # What was amended, and is sealed again, is as it was before.
    before = path.read_bytes()
    for file in data.draw(st.lists(st.sampled_from(files), max_size=3)) if files else []:
        [line] = [each for each in lockfile.read_lockfile(path) if each.name == file.name]
        text = data.draw(st.sampled_from("xyz"))
        lockfile.amend_line(path, line, migration_file(file.name, text), "why")
        [amended] = [each for each in lockfile.read_lockfile(path) if each.name == file.name]
        assert amended.amends(line)
    lockfile.seal_again(path, lockfile.read_lockfile(path), files)
    assert path.read_bytes() == before


# Lines that were amended

FIRST, SECOND, THIRD = (migration_file("002_b.sql", text) for text in ("1", "2", "3"))


def test_an_amended_line_keeps_its_former_checksums_under_the_reason(path: Path) -> None:
    lockfile.append_lines(path, (), [migration_file("001_a.sql"), FIRST, migration_file("003_c.sql")])
    sealed = path.read_text().splitlines()
    lockfile.amend_line(path, lockfile.read_lockfile(path)[1], SECOND, "für alte Zeilen")
    lines = path.read_text().splitlines()
    assert lines == [
        *sealed[:3],
        "# amended 002_b.sql: für alte Zeilen",
        f"002_b.sql sha256:{SECOND.checksum} was sha256:{FIRST.checksum}",
        sealed[4],
    ]
    found = lockfile.read_lockfile(path)
    assert found[1] == Sealed("002_b.sql", SECOND.checksum, 5, (FIRST.checksum,), "für alte Zeilen")
    assert [line.line for line in found] == [3, 5, 6]
    lockfile.amend_line(path, found[1], THIRD, "again")
    again = lockfile.read_lockfile(path)[1]
    assert again == Sealed("002_b.sql", THIRD.checksum, 6, (FIRST.checksum, SECOND.checksum), "again")
    assert path.read_text().splitlines()[3:5] == [lines[3], "# amended 002_b.sql: again"]
    lockfile.amend_line(path, again, FIRST, "back")
    assert lockfile.read_lockfile(path)[1].former == (SECOND.checksum, THIRD.checksum)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_amending_keeps_all_other_bytes(path: Path, end: str, last: bool) -> None:
    text = f"# é{end}{end}{A}{end}#x{end}002_b.sql sha256:{FIRST.checksum}{'' if last else end}"
    path.write_bytes(text.encode())
    lockfile.amend_line(path, lockfile.read_lockfile(path)[1], SECOND, "why")
    line = f"002_b.sql sha256:{FIRST.checksum}"
    amended = f"# amended 002_b.sql: why{end}002_b.sql sha256:{SECOND.checksum} was sha256:{FIRST.checksum}"
    assert path.read_bytes() == text.replace(line, amended).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_sealing_again_forgets_former_texts_and_keeps_all_other_bytes(path: Path, end: str) -> None:
    line = f"002_b.sql sha256:{FIRST.checksum}"
    text = f"# é{end}{end}{A}{end}#x{end}{line}{end}"
    path.write_bytes(text.encode())
    for file in (SECOND, THIRD):
        lockfile.amend_line(path, lockfile.read_lockfile(path)[1], file, "why")
    lockfile.seal_again(path, lockfile.read_lockfile(path), [SECOND])
    assert path.read_bytes() == text.replace(line, f"002_b.sql sha256:{SECOND.checksum}").encode()


@pytest.mark.parametrize(
    ("above", "reason"),
    [
        ("# amended 001_a.sql: it failed", "it failed"),
        ("# amended 001_a.sql: it failed\r", "it failed"),
        ("# amended 001_a.sql:  ", None),
        ("# amended 002_b.sql: it failed", None),
        ("# Sealed migrations, in order", None),
        ("# amended 001_a.sql: it failed\n", None),
        ("# amended 001_a.sql: it failed\n# more", None),
        ("", None),
    ],
)
def test_the_reason_stands_directly_above_and_names_the_file(
    above: str, reason: str | None, path: Path
) -> None:
    path.write_bytes(f"{above}\n{A} was sha256:{HEX[::-1]}\n".encode())
    [line] = lockfile.read_lockfile(path)
    assert (line.former, line.reason) == ((HEX[::-1],), reason)


@pytest.mark.parametrize("lines", [(f"{A} was sha256:{HEX[::-1]}", A), (A, f"{A} was sha256:{HEX[::-1]}")])
def test_an_amended_line_that_a_merge_kept_twice_is_told(lines: tuple[str, str], path: Path) -> None:
    path.write_text("\n".join(lines))
    with pytest.raises(HistoryError, match=r"001_a\.sql is there twice") as raised:
        lockfile.read_lockfile(path)
    assert "keep the line with `was`" in (raised.value.hint or "")


def test_a_line_alone_has_its_former_checksums_and_no_number() -> None:
    former = (HEX[::-1], "0" * 64)
    words = "".join(f" was sha256:{each}" for each in former)
    assert lockfile.parse_line(f"{A}{words}\n") == Sealed("001_a.sql", HEX, 0, former)
    assert lockfile.parse_line("# a comment") is None


BROKEN = {
    "a conflict": f"{A}\n<<<<<<< HEAD\n{B}\n=======\n",
    "a byte order mark": f"\ufeff# header\n{A}\n",
    "no line at all": f"{A}\nx\n",
    "there twice": f"{A}\n{A}\n",
    "out of order": f"{B}\n{A}\n",
    "amended and there twice": f"{A} was sha256:{HEX[::-1]}\n{A}\n",
}


def test_every_word_about_a_broken_lockfile(path: Path) -> None:
    told = {}
    for name, content in BROKEN.items():
        with pytest.raises(HistoryError) as raised:
            lockfile.parse_lockfile(content.encode(), Path("db/migrations.lock"))
        told[name] = raised.value
    path.mkdir()
    with pytest.raises(HistoryError) as raised:
        lockfile.read_lockfile(path)
    told["a folder"] = raised.value.but(
        message=raised.value.message.replace(str(path), "PATH"),
        hint=(raised.value.hint or "").replace(str(path), "PATH"),
    )
    assert_as_written("texts/broken.txt", listed(told))
