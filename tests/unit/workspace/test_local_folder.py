"""What is local to this machine does not get into version control."""

from pathlib import Path

from dbmate_wrap.workspace import local_folder


def test_git_is_told_to_ignore_the_folder_by_a_file_in_it(tmp_path: Path) -> None:
    (tmp_path / ".dbmate-wrap").mkdir()
    local_folder.hide(tmp_path)
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "*\n"


def test_what_somebody_wrote_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".dbmate-wrap").mkdir()
    (tmp_path / ".dbmate-wrap" / ".gitignore").write_text("mine\n")
    local_folder.hide(tmp_path)
    assert (tmp_path / ".dbmate-wrap" / ".gitignore").read_text() == "mine\n"


def test_a_project_without_the_folder_is_left_alone(tmp_path: Path) -> None:
    local_folder.hide(tmp_path)
    (tmp_path / ".dbmate-wrap").write_text("a file")
    local_folder.hide(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".dbmate-wrap"]
