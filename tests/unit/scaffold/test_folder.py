"""What a folder has, links and files that are none included; and only what is unchanged is written to."""

import os
from pathlib import Path

import pytest

from dbmate_wrap.errors import ConfigError
from dbmate_wrap.scaffold.action import append_block
from dbmate_wrap.scaffold.folder import PresentFile, list_names, read_files, read_workflows
from dbmate_wrap.scaffold.layout import Layout, Scaffold
from dbmate_wrap.scaffold.survey import KnownProject, survey_folder
from dbmate_wrap.scaffold.writer import write_file

NAME = "db/README.md"
OUTSIDE = "a symbolic link leads out of the folder"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


def obstacle_of(root: Path) -> str | None:
    return read_files(root, [NAME])[NAME].obstacle


def test_what_is_not_there_has_no_entry(root: Path) -> None:
    assert read_files(root, [NAME]) == {}
    assert list_names(root, "db") == ()
    assert read_workflows(root) == {}


def test_links_that_lead_out_are_obstacles(root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (root / "db").symlink_to(outside)
    assert obstacle_of(root) == OUTSIDE
    (root / "db").unlink()
    (root / "db").mkdir()
    (root / NAME).symlink_to(outside / "nothing.md")
    assert obstacle_of(root) == OUTSIDE
    # Another folder whose name begins alike.
    (root.parent / "project2").mkdir()
    (root / NAME).unlink()
    (root / NAME).symlink_to(root.parent / "project2" / "x")
    assert obstacle_of(root) == OUTSIDE


def test_a_link_inside_is_followed(root: Path) -> None:
    (root / "database").mkdir()
    (root / "database" / "README.md").write_text("x")
    (root / "db").symlink_to("database")
    assert read_files(root, [NAME]) == {NAME: PresentFile(b"x")}


def test_what_is_no_text_file_is_an_obstacle(root: Path) -> None:
    (root / "db").write_text("")
    assert obstacle_of(root) == "lies in what is not a folder"
    (root / "db").unlink()
    (root / NAME).mkdir(parents=True)
    assert obstacle_of(root) == "is not a file"
    (root / NAME).rmdir()
    os.mkfifo(root / NAME)
    assert obstacle_of(root) == "is not a file"
    (root / NAME).unlink()
    (root / NAME).symlink_to("nothing.md")
    assert obstacle_of(root) == "is a symbolic link to nothing"
    (root / NAME).unlink()
    for content in ("a\n".encode("utf-16"), b"\xff\n", b"a\0b"):
        (root / NAME).write_bytes(content)
        assert obstacle_of(root) == "is not UTF-8 text"
    (root / NAME).write_bytes(b"a" * (1 << 20) + b"a")
    assert obstacle_of(root) == "is larger than 1 MiB"


def test_a_file_that_changed_meanwhile_is_not_written(root: Path) -> None:
    path = root / ".gitignore"
    path.write_text("a\n")
    files = read_files(root, [".gitignore"])
    action = append_block(files, ".gitignore", "b\n")
    path.write_text("c\n")
    with pytest.raises(ConfigError, match="was changed meanwhile"):
        write_file(root, action, files)
    assert path.read_text() == "c\n"
    path.write_text("a\n")
    path.chmod(0o600)
    write_file(root, action, files)
    assert path.read_text() == "a\n\nb\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in root.iterdir()] == [".gitignore"]


VALUES = {
    "migrations_dir": "db/migrations",
    "lockfile": "db/migrations.lock",
    "schema_file": "db/schema.sql",
    "migrations_table": "schema_migrations",
    "numbering": "auto",
}


def known(root: Path, *, is_configured: bool = False, **values: str) -> KnownProject:
    """A project in which `values` are set."""
    return KnownProject(
        VALUES | values, frozenset(VALUES) - frozenset(values), is_configured, root, "", frozenset(), "1"
    )


def survey(root: Path, project: KnownProject) -> Scaffold:
    return survey_folder(root, project)[1]


def test_a_project_of_dbmate_is_found(root: Path) -> None:
    (root / "sql").mkdir()
    (root / "sql" / "20240315093000_add.sql").write_text("")
    (root / ".env").write_text(
        "DATABASE_URL=postgres://localhost/shop\nDBMATE_MIGRATIONS_DIR=./sql\nDBMATE_SCHEMA_FILE=db/schema.sql\n"
    )
    scaffold = survey(root, known(root))
    assert scaffold.layout == Layout("sql", "sql.lock", "db/schema.sql")
    assert scaffold.settings == {"migrations_dir": "sql", "lockfile": "sql.lock", "numbering": "timestamp"}
    assert scaffold.names == ("20240315093000_add.sql",)


def test_what_somebody_has_set_stands(root: Path) -> None:
    (root / ".env").write_text("DBMATE_MIGRATIONS_DIR=sql\nDBMATE_MIGRATIONS_TABLE=v\n")
    scaffold = survey(root, known(root, migrations_dir="other"))
    assert scaffold.layout == Layout("other")
    assert scaffold.settings == {"migrations_table": "v"}
    configured = survey(root, known(root, is_configured=True))
    assert (configured.layout, configured.settings) == (Layout(), {})


def test_the_defaults_of_dbmate_need_no_setting(root: Path) -> None:
    (root / "Makefile").write_text(
        "up: ; dbmate -d ./db/migrations --migrations-table schema_migrations up\n"
    )
    assert survey(root, known(root)) == Scaffold(Layout(), version="1")
