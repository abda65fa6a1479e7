"""Dumps and round trips are cached in files."""

import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from dbmate_wrap.domain.history_needs import HistoryNeeds
from dbmate_wrap.domain.server_warning import ServerWarning
from dbmate_wrap.shadow import cache as module
from dbmate_wrap.shadow import signature
from dbmate_wrap.shadow.cache import ReplayCache, SchemaDump

DUMP = SchemaDump("CREATE TABLE é;\n", "INSERT ...;\n")


def test_a_dump_is_cached_for_its_key_and_stamp(tmp_path: Path) -> None:
    ReplayCache(tmp_path / "new", "one").save_dump("k", DUMP)
    assert ReplayCache(tmp_path / "new", "one").load_dump("k") == DUMP
    assert ReplayCache(tmp_path / "new", "two").load_dump("k") is None
    assert ReplayCache(tmp_path / "new", "one").load_dump("other") is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"null", b"\xff", b'{"schema": "", "history": ""}']
)
def test_a_dump_that_cannot_be_read_is_not_known(tmp_path: Path, content: bytes) -> None:
    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("k", DUMP)
    [path] = tmp_path.glob("k.*")
    path.write_bytes(content)
    assert cache.load_dump("k") is None


def test_the_dumps_used_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_DUMPS", 3)
    cache = ReplayCache(tmp_path, "one")
    for number in range(3):
        cache.save_dump(f"k{number}", DUMP)
        [path] = tmp_path.glob(f"k{number}.*")
        os.utime(path, (path.stat().st_mtime - 100 + number,) * 2)
    assert cache.load_dump("k0") is not None
    cache.save_dump("k3", DUMP)
    assert [cache.load_dump(f"k{number}") is not None for number in range(4)] == [True, False, True, True]


def test_files_of_others_are_never_removed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    theirs = tmp_path / "elsewhere" / "settings.json"
    theirs.write_text("{}")
    os.utime(theirs, (0, 0))
    (tmp_path / "dumps").symlink_to(tmp_path / "elsewhere")
    cache = ReplayCache(tmp_path / "dumps", "one")
    cache.save_dump("k", DUMP)
    assert cache.load_dump("k") == DUMP
    assert theirs.exists()


def test_a_dump_that_another_account_has_made_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError

    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("k", DUMP)
    monkeypatch.setattr(os, "utime", refuse)
    assert cache.load_dump("k") == DUMP


def test_old_dumps_are_removed(tmp_path: Path) -> None:
    cache = ReplayCache(tmp_path, "one")
    cache.save_dump("old", DUMP)
    [path] = tmp_path.glob("old.*")
    os.utime(path, (0, 0))
    cache.save_dump("new", DUMP)
    assert cache.load_dump("old") is None


def test_round_trips_are_recorded_for_their_stamp(tmp_path: Path) -> None:
    ReplayCache(tmp_path, "one").record_round_trips(["a", "b"])
    ReplayCache(tmp_path, "one").record_round_trips(["c"])
    ReplayCache(tmp_path, "two").record_round_trips(["d"])
    assert ReplayCache(tmp_path, "one").passed_round_trips() == {"a", "b", "c"}


def test_where_nothing_can_be_written_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ReplayCache(tmp_path / "file" / "folder", "one")
    cache.save_dump("k", DUMP)
    cache.record_round_trips(["k"])
    assert (cache.load_dump("k"), cache.passed_round_trips()) == (None, frozenset())


def test_the_names_of_cache_files_are_plain(tmp_path: Path) -> None:
    ReplayCache(tmp_path, "one").save_dump("sha256:../a/b", DUMP)
    [path] = tmp_path.glob("*.json")
    assert re.fullmatch(r"[A-Za-z0-9.-]+", path.name)


ODD, ELSE = ServerWarning(7, "odd é"), ServerWarning(None, "else")


def test_warnings_are_known_until_a_replay_is_given_none(tmp_path: Path) -> None:
    cache = ReplayCache(tmp_path / "new", "one")
    cache.record_warnings({"a": [ODD, ELSE], "b": [ODD], "c": []})
    assert cache.load_warnings(["a", "c", "d"]) == {"a": (ODD, ELSE)}
    assert ReplayCache(tmp_path / "new", "two").load_warnings(["a"]) == {}
    cache.record_warnings({"a": []})
    assert cache.load_warnings(["a", "b"]) == {"b": (ODD,)}


def test_of_too_many_warnings_the_oldest_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WARNED", 2)
    cache = ReplayCache(tmp_path, "one")
    for key in "abc":
        cache.record_warnings({key: [ODD]})
    assert set(cache.load_warnings("abc")) == {"b", "c"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"a one": 1}', b'{"a one": [["x", "y"]]}', b"\xff"]
)
def test_warnings_that_cannot_be_read_are_not_known(tmp_path: Path, content: bytes) -> None:
    cache = ReplayCache(tmp_path, "one")
    cache.record_warnings({"a": [ODD]})
    path, key = tmp_path / "server-warnings", (tmp_path / "signing-key")
    path.write_bytes(content)
    assert cache.load_warnings(["a"]) == {}
    secret = signature.read_signing_key(key.parent, make=False)
    assert secret is not None
    signed = signature.sign(secret, ("server-warnings", content.decode("utf-8", "replace")))
    path.write_bytes(signed.encode() + b"\n" + content)
    assert cache.load_warnings(["a"]) == {}


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A cache folder with a dump and a round trip."""
    cache = ReplayCache(tmp_path / "made", "one")
    cache.save_dump("k", DUMP)
    cache.record_round_trips(["k"])
    return cache.folder


def what_is_known(folder: Path, stamp: str = "one") -> tuple[SchemaDump | None, frozenset[str]]:
    cache = ReplayCache(folder, stamp)
    return cache.load_dump("k"), cache.passed_round_trips()


def test_a_cache_that_came_with_a_checkout_is_not_believed(filled: Path, tmp_path: Path) -> None:
    assert what_is_known(filled) == (DUMP, frozenset("k"))
    shutil.copytree(filled, tmp_path / "copy")  # Times, names and all bytes are the same.
    assert what_is_known(tmp_path / "copy") == (None, frozenset())


def test_files_that_replace_ours_are_not_believed(filled: Path, tmp_path: Path) -> None:
    forged = ReplayCache(tmp_path / "forged", "one")
    forged.save_dump("k", SchemaDump("forged", ""))
    forged.record_round_trips(["k", "x"])
    for path in forged.folder.iterdir():
        if path.name != "signing-key":
            (filled / path.name).write_bytes(path.read_bytes())
    assert what_is_known(filled) == (None, frozenset())
    ReplayCache(filled, "one").record_round_trips(["k"])
    assert what_is_known(filled) == (None, frozenset("k"))


def test_a_line_that_was_added_to_the_round_trips_spoils_the_signature(filled: Path) -> None:
    with (filled / "round-trips").open("a") as file:
        file.write("x one\n")
    assert ReplayCache(filled, "one").passed_round_trips() == frozenset()


def test_a_dump_is_signed_for_its_key_and_stamp(filled: Path) -> None:
    (filled / "x.one.dbmate-wrap-picture.json").write_bytes(next(filled.glob("k.*")).read_bytes())
    (filled / "k.two.dbmate-wrap-picture.json").write_bytes(next(filled.glob("k.*")).read_bytes())
    assert ReplayCache(filled, "one").load_dump("x") is None
    assert ReplayCache(filled, "two").load_dump("k") is None


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "short"])
def test_a_key_that_is_no_file_of_ours_is_not_used(filled: Path, kind: str) -> None:
    key = filled / "signing-key"
    key.rename(filled / "moved")
    match kind:
        case "link":
            key.symlink_to(filled / "moved")
        case "pipe":
            os.mkfifo(key)
        case "folder":
            key.mkdir()
        case _:
            key.write_bytes(b"")
    assert what_is_known(filled) == (None, frozenset())
    ReplayCache(filled, "one").save_dump("other", DUMP)
    assert what_is_known(filled) == (None, frozenset())
    assert (ReplayCache(filled, "one").load_dump("other") is None) == (kind == "folder")


def test_only_we_can_read_the_key(filled: Path) -> None:
    assert stat.S_IMODE((filled / "signing-key").stat().st_mode) == 0o600


def test_what_a_history_needs_is_kept_for_its_key_alone_and_signed(tmp_path: Path) -> None:
    cache = ReplayCache(tmp_path, "1")
    needs = HistoryNeeds(frozenset({"citext"}), frozenset({"app", "Größe"}), icu=True)
    cache.record_needs("k", needs)
    assert cache.load_needs("k") == needs
    assert (cache.load_needs("other"), ReplayCache(tmp_path, "2").load_needs("k")) == (None, None)
    file = tmp_path / "needs"
    file.write_text(file.read_text("utf-8").replace("citext", "vector"), "utf-8")
    assert cache.load_needs("k") is None
