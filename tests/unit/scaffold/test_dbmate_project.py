"""What a project of plain dbmate has set."""

import pytest

from dbmate_wrap.scaffold.dbmate_project import find_dbmate_settings, numbering_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ('DBMATE_MIGRATIONS_DIR="./database/migrations"\n', {"migrations_dir": "database/migrations"}),
        ("export DBMATE_MIGRATIONS_TABLE := app.versions # ours\n", {"migrations_table": "app.versions"}),
        ("DBMATE_SCHEMA_FILE='db/structure.sql'\r\n", {"schema_file": "db/structure.sql"}),
        ("# DBMATE_SCHEMA_FILE=x.sql\n", {}),
        ("DBMATE_MIGRATIONS_DIR=a,b\n", {}),
        ("DBMATE_MIGRATIONS_DIR=../other\n", {}),
        ("DBMATE_MIGRATIONS_DIR=/srv/migrations\n", {}),
        ("DBMATE_MIGRATIONS_DIR=$(DIR)\n", {}),
        ("DBMATE_MIGRATIONS_DIR=.\n", {}),
        ("DBMATE_MIGRATIONS_DIR=\n", {}),
        ('DBMATE_MIGRATIONS_TABLE=a"b\n', {}),
        (
            "up:\n\tdbmate -d sql/m --migrations-table=v -s sql/s.sql up\n",
            {"migrations_dir": "sql/m", "migrations_table": "v", "schema_file": "sql/s.sql"},
        ),
        ("up:\n\tmkdir -d x; dbmate-wrap -d y\n", {}),
        ("x: ; dbmate -d a up\ny: ; dbmate -d b up\n", {"migrations_dir": "a"}),
    ],
)
def test_variables_and_options_are_read(text: str, found: dict[str, str]) -> None:
    assert find_dbmate_settings([text]) == found


def test_the_first_text_wins() -> None:
    texts = ["\tdbmate -d a up\n", "DBMATE_MIGRATIONS_DIR=b\nDBMATE_SCHEMA_FILE=c.sql\n"]
    assert find_dbmate_settings(texts) == {"migrations_dir": "a", "schema_file": "c.sql"}


@pytest.mark.parametrize(
    ("names", "numbering"),
    [
        ((), None),
        (("001_a.sql", "README.md"), None),
        (("20240315093000_add.sql",), "timestamp"),
        (("001_a.sql", "20240315093000_add.sql"), "timestamp"),
    ],
)
def test_files_by_time_are_known(names: tuple[str, ...], numbering: str | None) -> None:
    assert numbering_of(names) == numbering
