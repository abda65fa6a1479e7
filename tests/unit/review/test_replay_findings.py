"""Faults of migrate:down and stale schema files become findings, in words."""

from pathlib import Path

import pytest

from dbmate_wrap.domain.schema_diff import Difference
from dbmate_wrap.review.replay_findings import (
    describe_load_failure,
    describe_stale_schema,
    down_incomplete,
    is_up_to_date,
    read_schema_file,
)
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.round_trip import DownFault
from dbmate_wrap.workspace.schema_file import schema_text


def recorded(*versions: str) -> SchemaDump:
    """A schema with these versions."""
    values = ",\n    ".join(f"('{version}')" for version in versions)
    return SchemaDump(
        "CREATE TABLE t ();\n", f"INSERT INTO schema_migrations (version) VALUES\n    {values};\n"
    )


@pytest.mark.parametrize(
    ("expected", "found", "difference", "message"),
    [
        (recorded("001"), recorded("001"), Difference(), ""),
        (
            recorded("001"),
            recorded("001"),
            Difference(extra=("table a",), missing=("table b",), changed=("column c.d",)),
            "is not what the migrations make: it has beyond that table a; it lacks table b;"
            " it has differently column c.d",
        ),
        (recorded("001", "002"), recorded("001"), Difference(), "does not record 002"),
        (
            recorded("001"),
            recorded("001", "004"),
            Difference(),
            "records 004, for which there is no migration",
        ),
        (
            recorded("001", "002"),
            recorded("001", "003"),
            Difference(missing=("table b",)),
            "is not what the migrations make: it lacks table b; does not record 002;"
            " records 003, for which there is no migration",
        ),
        (
            recorded(*"1234567"),
            SchemaDump("", ""),
            Difference(),
            "does not record 1, 2, 3, 4, 5 and 2 more",
        ),
    ],
)
def test_a_stale_schema_file_is_described_by_what_differs_in_meaning(
    expected: SchemaDump, found: SchemaDump, difference: Difference, message: str
) -> None:
    assert describe_stale_schema(expected, found, difference) == message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            'the database said: schema "shop" does not exist',
            'cannot be loaded into an empty database: schema "shop" does not exist',
        ),
        ('the database said: role "reader" does not exist', ""),
    ],
)
def test_a_schema_file_that_cannot_be_loaded_is_stale_unless_a_role_is_missing(
    error: str, message: str
) -> None:
    assert describe_load_failure(error) == message


def test_the_finding_of_a_fault_is_a_warning_at_its_place() -> None:
    finding = down_incomplete(DownFault("003_c.sql", 7, 3, "migrate:down fails: x"), "db/migrations")
    assert (finding.rule, finding.severity) == ("down-incomplete", "warning")
    assert (finding.file, finding.line, finding.column) == ("db/migrations/003_c.sql", 7, 3)
    whole = down_incomplete(DownFault("003_c.sql", 7, None, "x"), "db/migrations")
    assert whole.column == 1


def test_line_endings_of_a_checkout_are_no_difference(tmp_path: Path) -> None:
    dump = recorded("001")
    text = schema_text(dump.schema, dump.history)
    path = tmp_path / "schema.sql"
    assert is_up_to_date(read_schema_file(path), dump), "a project without the file needs none"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert is_up_to_date(read_schema_file(path), dump)
    path.write_bytes(b"")
    assert not is_up_to_date(read_schema_file(path), dump)
