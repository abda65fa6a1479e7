"""The local folder of a project is not seen by version control."""

from pathlib import Path

from dbmate_wrap.workspace import local_folder


def test_git_is_told_to_ignore_the_folder_by_a_file_in_it(tmp_path: Path) -> None:
    local_folder.create_local_folder(tmp_path)
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "*\n"


def test_a_folder_from_before_gets_the_file_too(tmp_path: Path) -> None:
    (tmp_path / ".dbmate-wrap").mkdir()
    local_folder.create_local_folder(tmp_path)
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "*\n"


def test_what_somebody_wrote_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".dbmate-wrap").mkdir()
    (tmp_path / ".dbmate-wrap" / ".gitignore").write_text("mine\n")
    local_folder.create_local_folder(tmp_path)
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "mine\n"


def test_where_it_cannot_be_created_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / ".dbmate-wrap").write_text("a file")
    local_folder.create_local_folder(tmp_path)
    local_folder.create_local_folder(tmp_path / "missing")
    assert [path.name for path in tmp_path.iterdir()] == [".dbmate-wrap"]
    assert (tmp_path / ".dbmate-wrap").read_text() == "a file"
