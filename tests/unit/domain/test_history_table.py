"""Which history tables are believed, and which are another tool's, hidden, or another project's."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.history_table import (
    HistoryColumn,
    HistoryTable,
    objection_to_rows,
    objection_to_table,
)
from dbmate_wrap.errors import ExitCode

VERSION = HistoryColumn("version", is_text=True, required=True)
DBMATE = HistoryTable(
    "ops", "schema_migrations", "ops.schema_migrations", exists=True, role="deployer", columns=(VERSION,)
)


def column(name: str, *, is_text: bool = False, required: bool = False) -> HistoryColumn:
    return HistoryColumn(name, is_text, required)


@pytest.mark.parametrize(
    "table",
    [
        DBMATE,
        replace(DBMATE, exists=False, columns=(), readable=False),
        replace(DBMATE, columns=(VERSION, column("applied_at"))),
        # A view whose columns are not known to be one or the other.
        replace(DBMATE, columns=()),
    ],
)
def test_dbmates_own_table_is_believed(table: HistoryTable) -> None:
    assert objection_to_table(table) is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((column("version", required=True), column("dirty", required=True)), "as golang-migrate makes it"),
        ((column("version", required=True), column("inserted_at")), "as Ecto makes it"),
        ((column("id", required=True), column("name", is_text=True)), "no column version"),
        ((column("version_num", is_text=True, required=True),), "no column version, as Alembic makes it"),
        ((column("version", required=True),), "its column version takes no text"),
        ((VERSION, column("checksum", is_text=True, required=True)), "leaves its column checksum out"),
    ],
)
def test_the_table_of_another_tool_is_13_and_dbmate_gets_one_of_its_own(
    columns: tuple[HistoryColumn, ...], words: str
) -> None:
    error = objection_to_table(replace(DBMATE, columns=columns))
    assert error is not None
    assert error.code == ExitCode.HISTORY
    assert error.message.startswith("ops.schema_migrations is not dbmate's: ")
    assert words in error.message
    assert "migrations_table" in (error.hint or "")


def test_a_role_that_may_not_read_it_is_22_with_the_grant() -> None:
    error = objection_to_table(replace(DBMATE, readable=False))
    assert error is not None
    assert error.code == ExitCode.PREFLIGHT
    assert "role deployer may not read ops.schema_migrations" in error.message
    assert "grant usage on schema ops to deployer; grant select, insert on ops.sch" in (error.hint or "")


def test_who_only_reads_is_asked_for_no_more() -> None:
    unreadable = objection_to_table(replace(DBMATE, readable=False), reads_only=True)
    hidden = objection_to_table(replace(DBMATE, hides_rows=True), reads_only=True)
    assert unreadable is not None
    assert hidden is not None
    assert "; grant select on ops.schema_migrations to deployer" in (unreadable.hint or "")
    assert "on ops.schema_migrations for select to deployer using (true); or" in (hidden.hint or "")


def test_rows_that_are_hidden_are_22_with_the_policy_that_shows_them() -> None:
    error = objection_to_table(replace(DBMATE, hides_rows=True))
    assert error is not None
    assert error.code == ExitCode.PREFLIGHT
    assert "create policy dbmate_wrap on ops.schema_migrations to deployer using (true)" in (error.hint or "")


@pytest.mark.parametrize(
    ("applied", "known"),
    [
        ((), {"001"}),
        (("001", "002"), {"001"}),
        (("001", "999"), {"001"}),
        # Without files there is nothing to compare with: each row is reported as unknown.
        (("001",), set()),
    ],
)
def test_rows_of_this_project_are_believed(applied: tuple[str, ...], known: set[str]) -> None:
    assert objection_to_rows(DBMATE, applied, known) is None


def test_rows_that_several_projects_may_share_are_not_believed() -> None:
    error = objection_to_table(replace(DBMATE, key=("service", "version")))
    assert error is not None
    assert error.code == ExitCode.HISTORY
    assert "its key is service, version" in error.message
    assert objection_to_table(replace(DBMATE, key=("id",))) is None


def test_a_view_may_hide_rows() -> None:
    error = objection_to_table(replace(DBMATE, is_view=True))
    assert error is not None
    assert error.code == ExitCode.HISTORY
    assert "ops.schema_migrations is a view" in error.message


def test_the_empty_table_of_rails_is_not_written_to() -> None:
    error = objection_to_rows(replace(DBMATE, beside_rails=True), (), {"001"})
    assert error is not None
    assert "it may be that of Rails" in error.message
    assert "migrations_table" in (error.hint or "")


def test_a_row_that_is_no_version_of_dbmates_is_13() -> None:
    error = objection_to_rows(DBMATE, ("001", "v1.2"), {"001"})
    assert error is not None
    assert error.code == ExitCode.HISTORY
    assert "it has the row 'v1.2'" in error.message


def test_rows_none_of_which_has_a_file_are_13_and_count() -> None:
    error = objection_to_rows(DBMATE, ("20230101000000", "20230202000000"), {"001", "002"})
    assert error is not None
    assert error.code == ExitCode.HISTORY
    assert "2 rows, from 20230101000000 to 20230202000000" in error.message
    assert "Rails" not in error.message
    beside = objection_to_rows(replace(DBMATE, beside_rails=True), ("20230101000000",), {"001"})
    assert beside is not None
    assert "ar_internal_metadata" in beside.message
