"""The rows of a list of targets: TOML, CSV and JSON lines, each row with its line."""

import pytest

from dbmate_wrap.errors import Fault
from dbmate_wrap.fleet.target_files import rows_of_csv, rows_of_json_lines, rows_of_toml
from dbmate_wrap.fleet.target_rows import TargetRow

TOML = """
# The tenants.
[[targets]]
name = "acme"
labels = { region = "eu" }

  [[ targets ]]
  name = "bolt"
  port = 5433
"""


def test_a_table_of_toml_is_a_row_with_the_line_of_its_header() -> None:
    faults: list[Fault] = []
    assert rows_of_toml(TOML, "t.toml", faults) == [
        TargetRow("t.toml line 3", {"name": "acme", "labels": {"region": "eu"}}),
        TargetRow("t.toml line 7", {"name": "bolt", "port": 5433}),
    ]
    assert not faults


def test_where_the_headers_are_not_the_tables_a_row_has_its_number() -> None:
    text = 'targets = [{ name = "acme" }, { name = "bolt" }]'
    assert [each.source for each in rows_of_toml(text, "t.toml", [])] == [
        "t.toml target 1",
        "t.toml target 2",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[targets]\n", "is not valid TOML"),
        ("[[target]]\nname = 'a'\n", "target is not a key of a list of targets"),
        ("targets = 3", "targets must be tables"),
        ("targets = ['acme']", "targets must be tables"),
        ("[targets]\nname = 'acme'", "targets must be tables"),
    ],
)
def test_what_is_no_list_in_toml_is_a_fault(text: str, words: str) -> None:
    faults: list[Fault] = []
    assert rows_of_toml(text, "t.toml", faults) == []
    assert words in faults[0].message
    assert faults[0].source == "t.toml"


def test_a_line_of_csv_is_a_row_by_the_names_of_the_header() -> None:
    text = 'name , host,region\r\nacme, db1 ,eu\r\n\r\n"bolt","db,2",\r\nc\r\n'
    faults: list[Fault] = []
    assert rows_of_csv(text, "t.csv", faults) == [
        TargetRow("t.csv line 2", {"name": "acme", "host": "db1", "region": "eu"}, strict=False),
        TargetRow("t.csv line 4", {"name": "bolt", "host": "db,2", "region": ""}, strict=False),
        TargetRow("t.csv line 5", {"name": "c"}, strict=False),
    ]
    assert not faults


@pytest.mark.parametrize(
    ("text", "source", "words"),
    [
        ("acme,db1\nbolt,db2\n", "t.csv line 1", "has no column name"),
        ("name;host\nacme;db1\n", "t.csv line 1", "has no column name"),
        ("name,region,region\na,b,c\n", "t.csv line 1", "has the column region twice"),
        ("name,,host\na,b,c\n", "t.csv line 1", "has a column without a name"),
        ("name,host\nacme,db1,eu\n", "t.csv line 2", "has 3 cells, and the header has 2"),
        ('name\n"acme\n', "t.csv line 2", "is not valid CSV"),
        ('name\n"acme"x\n', "t.csv line 2", "is not valid CSV"),
    ],
)
def test_what_is_wrong_with_a_csv_is_told_with_its_line(text: str, source: str, words: str) -> None:
    faults: list[Fault] = []
    rows_of_csv(text, "t.csv", faults)
    assert words in faults[0].message
    assert faults[0].source == source


def test_a_line_of_json_is_a_row() -> None:
    faults: list[Fault] = []
    text = '{"name": "acme", "labels": {"region": "eu"}}\n\n{"name": "bolt"}'
    assert rows_of_json_lines(text, "t.jsonl", faults) == [
        TargetRow("t.jsonl line 1", {"name": "acme", "labels": {"region": "eu"}}),
        TargetRow("t.jsonl line 3", {"name": "bolt"}),
    ]
    assert not faults


def test_every_line_that_is_no_object_is_a_fault_that_quotes_nothing() -> None:
    faults: list[Fault] = []
    lines = ['{"name": "acme"', '["acme"]', '"postgres://u:S3CRET@h/d"', '{"name": "bolt"}', "[" * 100_000]
    rows = rows_of_json_lines("\n".join(lines), "t.jsonl", faults)
    assert [each.source for each in rows] == ["t.jsonl line 4"]
    assert [each.source for each in faults] == [f"t.jsonl line {number}" for number in (1, 2, 3, 5)]
    assert "S3CRET" not in str(faults)
