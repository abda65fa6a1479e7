"""From a row to a target: what is refused, and that a secret is never repeated."""

from collections.abc import Mapping

import pytest

from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import Fault
from dbmate_wrap.fleet.target_rows import TargetRow, read_rows


def read(*rows: Mapping[str, object], strict: bool = True, same: bool = True) -> list[FleetTarget]:
    """The targets of rows without a fault."""
    faults: list[Fault] = []
    found = read_rows(
        (TargetRow(f"line {number}", row, strict) for number, row in enumerate(rows, 1)),
        faults,
        same_database=same,
    )
    assert not faults
    return found


def faults_of(*rows: Mapping[str, object], strict: bool = True, same: bool = True) -> list[str]:
    """What is wrong with rows, each fault with its line."""
    faults: list[Fault] = []
    read_rows(
        (TargetRow(f"line {number}", row, strict) for number, row in enumerate(rows, 1)),
        faults,
        same_database=same,
    )
    said = [f"{each.source}: {each.message}" for each in faults]
    assert "S3CR" not in f"{faults}"
    return said


def test_a_target_is_its_name_and_what_the_row_says_beside_it() -> None:
    assert read({"name": "acme"}) == [FleetTarget("acme", "acme")]
    row = {"name": "acme", "database": "crm acme", "host": "db1", "port": 5433, "labels": {"region": "eu"}}
    assert read(row) == [FleetTarget("acme", "crm acme", "db1", 5433, {"region": "eu"})]


def test_wave_beside_the_name_is_a_label() -> None:
    assert read({"name": "a", "wave": "canary"})[0].is_canary
    assert read({"name": "a", "wave": "canary"}, strict=False)[0].is_canary
    assert read({"name": "a", "wave": "canary", "labels": {"wave": "canary"}})[0].is_canary
    assert not read({"name": "a", "wave": "2"})[0].is_canary


def test_other_columns_of_a_csv_or_a_query_are_labels_and_empty_ones_are_none() -> None:
    row = {"name": "a", "host": "", "port": "5433", "region": "eu", "tier": "", "size": None, "paying": True}
    assert read(row, strict=False) == [FleetTarget("a", "a", None, 5433, {"region": "eu", "paying": "true"})]
    assert read({"name": "a", "labels": {"tier": 1}, "region": "eu"}, strict=False)[0].label_texts == (
        "region=eu",
        "tier=1",
    )


@pytest.mark.parametrize("name", ["acme", "7eleven", "a.b-c_d", "kunde@münchen", "a+b", "x" * 128])
def test_a_name_may_be_that_of_a_tenant(name: str) -> None:
    assert read({"name": name, "database": "d"})[0].name == name


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "has no name"),
        ({"name": ""}, "has no name"),
        ({"database": "acme"}, "has no name"),
        # They would be an option, a path, another argument.
        ({"name": "--help"}, "its name must be letters"),
        ({"name": "../etc"}, "its name must be letters"),
        ({"name": "a/b"}, "its name must be letters"),
        ({"name": ".hidden"}, "its name must be letters"),
        ({"name": "a b"}, "its name must be letters"),
        ({"name": "a\n"}, "its name must be letters"),
        ({"name": "{target}"}, "its name must be letters"),
        ({"name": ["a"]}, "its name must be letters"),
        ({"name": "x" * 129, "database": "d"}, "its name must be letters"),
        ({"name": "x" * 64}, "its database must be a name of at most 63 bytes"),
        ({"name": "a", "database": "a\0b"}, "its database must be"),
        ({"name": "a", "host": "a,b"}, "names several hosts"),
        ({"name": "a", "host": "a b"}, "characters that no host name has"),
        ({"name": "a", "host": 7}, "its host must be text"),
        ({"name": "a", "port": 0}, "its port must be"),
        ({"name": "a", "port": 65536}, "its port must be"),
        ({"name": "a", "port": "5432 "}, "its port must be"),
        ({"name": "a", "port": True}, "its port must be"),
        ({"name": "a", "port": 5432.0}, "its port must be"),
        ({"name": "a", "labels": "region=eu"}, "its labels must be a table"),
        ({"name": "a", "labels": {"region": ["eu"]}}, "the label region must be a line of text"),
        ({"name": "a", "labels": {"region": "a\nb"}}, "the label region must be a line of text"),
        ({"name": "a", "labels": {"my region": "eu"}}, "the name of a label"),
        ({"name": "a", "labels": {"a=b": "eu"}}, "the name of a label"),
        ({"name": "a", "wave": "canary", "labels": {"wave": "2"}}, "says the label wave twice"),
        # One that is none would be migrated with the rest.
        ({"name": "a", "wave": "Canary"}, "is nearly canary"),
        ({"name": "a", "labels": {"wave": "canaries"}}, "is nearly canary"),
    ],
)
def test_what_is_no_target_is_a_fault(row: dict[str, object], words: str) -> None:
    [fault] = faults_of(row)
    assert fault.startswith("line 1: ")
    assert words in fault


def test_a_key_that_is_misspelt_is_a_fault_where_it_is_no_label() -> None:
    faults: list[Fault] = []
    read_rows(
        [TargetRow("t line 1", {"name": "a", "databse": "b", "region": "eu"})], faults, same_database=True
    )
    assert [(each.message, each.hint) for each in faults] == [
        ("databse is not a key of a target", "did you mean database?"),
        ("region is not a key of a target", "what is more is a label: labels.NAME = VALUE"),
    ]


SECRETS: list[dict[str, object]] = [
    {"name": "a", "password": "S3CRET"},
    {"name": "a", "db_password": "S3CRET"},
    {"name": "a", "url": "postgres://u:S3CRET@h/d"},
    {"name": "a", "database_url": "x"},
    {"name": "a", "token": "S3CRET"},
    {"name": "a", "note": "postgres://u:S3CRET@h/d"},
    {"name": "a", "note": "PGPASSWORD=S3CRET psql"},
    {"name": "a", "labels": {"password": "S3CRET"}},
    {"name": "a", "labels": {"note": "postgresql://u:S3CRET@h/d"}},
    {"name": "a", "labels": {"dsn": "S3CRET"}},
    {"name": "a", "database": "postgres://u:S3CRET@h/d"},
    {"name": "a", "host": "postgres://u:S3CRET@h/d"},
]


@pytest.mark.parametrize("row", SECRETS, ids=str)
@pytest.mark.parametrize("strict", [True, False])
def test_a_secret_is_refused_and_not_repeated(row: dict[str, object], strict: bool) -> None:
    said = faults_of(row, strict=strict)
    assert said
    assert any("is a secret" in each or "is not a key" in each for each in said)


@pytest.mark.parametrize("row", [{"name": "postgres://u:S3CRET@h/d"}, {"postgres://u:S3CRET@h/d": "x"}])
def test_a_url_in_the_place_of_a_name_is_not_repeated(row: dict[str, object]) -> None:
    assert faults_of(row)
    assert faults_of(row, strict=False)


def test_a_name_and_a_database_are_there_once() -> None:
    rows: list[dict[str, object]] = [
        {"name": "a"},
        {"name": "b"},
        {"name": "a", "database": "c"},
        {"name": "d", "database": "b"},
        {"name": "e", "database": "b", "host": "db2"},
        {"name": "f", "database": "b", "host": "db2", "port": 5432},
    ]
    assert faults_of(*rows) == [
        "line 3: names a again, after line 1",
        "line 4: d is the same database as b in line 2",
    ]
    # Where each target has a URL of its own, that alone tells.
    assert faults_of(*rows, same=False) == ["line 3: names a again, after line 1"]


def test_all_faults_are_told_at_once() -> None:
    rows: list[dict[str, object]] = [
        {"name": "a", "port": 0, "host": "a b"},
        {},
        {"name": "c"},
        {"name": "?"},
    ]
    assert [each.partition(":")[0] for each in faults_of(*rows)] == ["line 1", "line 1", "line 2", "line 4"]
