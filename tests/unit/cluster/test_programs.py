"""Paths that PostgreSQL's programs cannot be given are recognised."""

from pathlib import Path

from dbmate_wrap.cluster import programs


def test_paths_that_postgresql_would_cut_or_a_shell_would_read_are_known() -> None:
    assert programs.accepts_path(Path("/srv/a project/with 'quotes'"))
    assert not programs.accepts_path(Path("/srv/$(id)"))
    assert not programs.accepts_path(Path("/" + "/".join(["ü" * 100] * 5)))
