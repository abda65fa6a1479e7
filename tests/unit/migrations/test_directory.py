"""The migrations folder is listed as dbmate sees it, with everything that dbmate would not see."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dbmate_wrap.domain.migration import checksum
from dbmate_wrap.errors import ConfigError, WrapError
from dbmate_wrap.migrations import directory
from tests.support.cases import assert_as_written, listed

CONTENT = b"-- migrate:up\nSELECT 1;\n-- migrate:down\n"


def strays(folder: Path) -> list[tuple[str, str]]:
    """Name and rule of each."""
    return [(stray.name, stray.rule) for stray in directory.list_migrations(folder).strays]


def names(folder: Path) -> list[str]:
    """The migrations, in order."""
    return [file.name for file in directory.list_migrations(folder).files]


def test_files_come_in_the_order_of_their_names_with_their_bytes(tmp_path: Path) -> None:
    for name in ("2_b.sql", "10_c.sql", "1_a.sql"):
        (tmp_path / name).write_bytes(CONTENT + name.encode())
    listing = directory.list_migrations(tmp_path)
    assert [(file.name, file.version) for file in listing.files] == [
        ("10_c.sql", "10"),
        ("1_a.sql", "1"),
        ("2_b.sql", "2"),
    ]
    assert listing.files[0].content == CONTENT + b"10_c.sql"
    assert listing.strays == ()


def test_an_empty_folder_has_no_migrations(tmp_path: Path) -> None:
    assert directory.list_migrations(tmp_path).files == ()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        ".gitkeep",
        ".DS_Store",
        ".002.swp",
        ".002_x.sql.swp",
        "002_x.sql~",
        "#002_x.sql#",
        ".#002_x.sql",
    ],
)
def test_what_belongs_in_such_a_folder_or_to_an_editor_is_passed_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    listing = directory.list_migrations(tmp_path)
    assert (listing.files, listing.strays) == ((), ())


def test_the_lock_that_emacs_leaves_is_a_dangling_link_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".#002_x.sql").symlink_to("somebody@somewhere.1234")
    assert strays(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "002_x.SQL",
        "002_x.Sql",
        "x.sql",
        "x002.sql",
        "notes.txt",
        ".003_x.sql",
        "002_x.sql.orig",
        "002_x.sql.bak",
    ],
)
def test_what_dbmate_would_skip_in_silence_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(CONTENT)
    assert strays(tmp_path) == [(name, "ignored-file")]
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["003_x.sql", "archive", "003"])
def test_a_folder_in_the_folder_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "004_y.sql").write_bytes(CONTENT)
    assert strays(tmp_path) == [(name, "ignored-file")]
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "kind", ["out of the folder", "within the folder", "to a folder", "to nothing", "to itself"]
)
def test_a_symbolic_link_is_no_migration(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (tmp_path / "outside.sql").write_bytes(CONTENT)
    (folder / "001_a.sql").write_bytes(CONTENT)
    target = {
        "out of the folder": "../outside.sql",
        "within the folder": "001_a.sql",
        "to a folder": "..",
        "to nothing": "nowhere",
        "to itself": "002_x.sql",
    }[kind]
    (folder / "002_x.sql").symlink_to(target)
    assert strays(folder) == [("002_x.sql", "file-name")]
    assert names(folder) == ["001_a.sql"]


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes in folders are of POSIX")
def test_a_pipe_or_a_socket_is_named_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # A socket's path must be short.
    os.mkfifo("003_x.sql")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("004_y.sql")
        assert strays(tmp_path) == [("003_x.sql", "file-name"), ("004_y.sql", "file-name")]


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "001_a.sql").write_bytes(CONTENT)
    (tmp_path / "link").symlink_to("real")
    assert names(tmp_path / "link") == ["001_a.sql"]


def test_a_missing_folder_is_an_error_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist") as raised:
        directory.list_migrations(tmp_path / "nowhere")
    assert "dbmate-wrap new" in (raised.value.hint or "")


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_file_in_place_of_the_folder_is_an_error(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="is not a folder"):
        directory.list_migrations(tmp_path / where)


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    # To root nothing is forbidden.
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ConfigError, match="Permission denied"):
        directory.list_migrations(tmp_path)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "001_a.sql").write_bytes(CONTENT)
    content = directory._content

    def vanish(path: str) -> bytes:
        os.unlink(path)
        return content(path)

    monkeypatch.setattr(directory, "_content", vanish)
    with pytest.raises(ConfigError, match=r"001_a\.sql: No such file"):
        directory.list_migrations(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the other file systems refuse such names")
def test_names_of_any_bytes_are_listed_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    wanted = [
        b"001_\x1b[31m.sql",
        b"001_\n.SQL",
        b"001_a\nb.sql",
        b"001_\xe2\x80\xaetxt.sql",
        b"001_\xff.sql",
    ]
    for name in [*wanted, b"001_\xf0\x9f\x98\x80.sql"]:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(CONTENT)
    listing = directory.list_migrations(tmp_path)
    assert [os.fsencode(file.name) for file in listing.files] == [
        b"001_\x1b[31m.sql",
        b"001_\xe2\x80\xaetxt.sql",
        b"001_\xf0\x9f\x98\x80.sql",
        b"001_\xff.sql",
    ]
    assert [os.fsencode(stray.name) for stray in listing.strays] == [b"001_\n.SQL", b"001_a\nb.sql"]


def test_ten_megabytes_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_bytes(CONTENT * 300_000)
    [file] = directory.list_migrations(tmp_path).files
    assert len(file.content) == len(CONTENT) * 300_000


def test_thousands_of_files_are_listed(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number:05}_x.sql").write_bytes(CONTENT)
    assert names(tmp_path) == [f"{number:05}_x.sql" for number in range(3000)]


def test_a_new_file_is_written_as_it_is_with_its_folder_and_none_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "db" / "migrations" / "001_a.sql"
    directory.create_migration(path, "-- é\n")
    assert path.read_bytes() == "-- é\n".encode()
    assert path.stat().st_mode & 0o133 == 0  # For no one to run, and for nobody else to write.
    with pytest.raises(ConfigError, match="exists already"):
        directory.create_migration(path, "other")
    assert path.read_text() == "-- é\n"
    directory.create_migration(path.with_name("002_b.sql"), "-- b\n")
    found = directory.list_migrations(path.parent).files
    assert [(each.name, each.checksum) for each in found] == [
        ("001_a.sql", checksum("-- é\n".encode())),
        ("002_b.sql", checksum(b"-- b\n")),
    ]


def test_a_file_gets_another_name_and_none_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "004_a.sql").write_text("a")
    (tmp_path / "006_a.sql").write_text("other")
    directory.rename_migration(tmp_path, "004_a.sql", "005_a.sql")
    assert sorted(os.listdir(tmp_path)) == ["005_a.sql", "006_a.sql"]
    with pytest.raises(ConfigError, match="exists already: 005_a"):
        directory.rename_migration(tmp_path, "005_a.sql", "006_a.sql")
    assert (tmp_path / "006_a.sql").read_text() == "other"
    assert (tmp_path / "005_a.sql").read_text() == "a"
    (tmp_path / "007_c.sql").symlink_to("005_a.sql")
    directory.rename_migration(tmp_path, "007_c.sql", "008_c.sql")
    assert (tmp_path / "008_c.sql").is_symlink()


def test_where_there_are_no_links_a_file_is_renamed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    test_a_file_gets_another_name_and_none_is_overwritten(tmp_path)


def test_a_renaming_that_was_killed_is_taken_back(tmp_path: Path) -> None:
    # What is no migration is left alone.
    for name in ("000.txt", "004_a.sql", "006_b.sql", "007_a.sql", "README.md"):
        (tmp_path / name).write_text("same text")
    os.link(tmp_path / "004_a.sql", tmp_path / "005_a.sql")
    os.link(tmp_path / "006_b.sql", tmp_path / "009_b.sql")
    os.link(tmp_path / "README.md", tmp_path / "README")
    (tmp_path / "008_a.sql").symlink_to("004_a.sql")
    directory.take_back_half_renames(tmp_path)
    kept = ["000.txt", "004_a.sql", "006_b.sql", "007_a.sql", "008_a.sql", "README", "README.md"]
    assert sorted(os.listdir(tmp_path)) == kept


def told(call: Callable[[], object], folder: Path) -> WrapError:
    """The error, without the place of the test's folder."""
    with pytest.raises(WrapError) as raised:
        call()
    error = raised.value
    return error.but(
        message=error.message.replace(str(folder), "FOLDER"),
        hint=(error.hint or "").replace(str(folder), "FOLDER"),
    )


def test_every_word_about_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name in ("001_a.sql", "notes.txt"):
        (folder / name).write_bytes(CONTENT)
    (folder / "002_b.sql").symlink_to("001_a.sql")
    os.mkfifo(folder / "003_c.sql")
    for name in ("004_d.sql", "archive"):
        (folder / name).mkdir()
    found = directory.list_migrations(folder).strays
    words = [f"{each.name}: {each.rule}: {each.reason}\n  {each.hint}\n" for each in found]

    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    errors = {
        "no folder": told(lambda: directory.list_migrations(folder / "x"), folder),
        "a file": told(lambda: directory.list_migrations(folder / "001_a.sql"), folder),
        "there already": told(lambda: directory.create_migration(folder / "001_a.sql", ""), folder),
        "a file in the way": told(
            lambda: directory.create_migration(folder / "001_a.sql" / "y" / "x.sql", ""), folder
        ),
        "a file as its folder": told(
            lambda: directory.create_migration(folder / "001_a.sql" / "x.sql", ""), folder
        ),
        "a new name that is taken": told(
            lambda: directory.rename_migration(folder, "001_a.sql", "notes.txt"), folder
        ),
        "a new name that cannot be": told(lambda: directory.rename_migration(folder, "x", "y"), folder),
        "a file that is not there": told(lambda: directory._content(str(folder / "x")), folder),
        "one that cannot be removed": told(lambda: directory._remove(str(folder / "x")), folder),
    }
    monkeypatch.setattr(os, "open", refuse)
    errors["not to be written"] = told(lambda: directory.create_migration(folder / "9_x.sql", ""), folder)
    monkeypatch.setattr(os, "scandir", refuse)
    errors["not readable"] = told(lambda: directory.list_migrations(folder), folder)
    assert_as_written("texts/folder.txt", "".join(words) + listed(errors))
