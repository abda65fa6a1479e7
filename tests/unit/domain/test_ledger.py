"""What is to be written for versions that came or went without the tool, and why a ledger cannot be used."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.ledger import (
    AppliedVersion,
    Ledger,
    LedgerEntry,
    Origin,
    Record,
    last_applied,
    lines_to_adopt,
)
from dbmate_wrap.domain.ledger_access import LedgerAccess
from dbmate_wrap.domain.migration import MigrationFile
from dbmate_wrap.domain.stamp import Identity, Stamp


def file(version: str) -> MigrationFile:
    """A file with a checksum that tells which it is."""
    return MigrationFile(f"{version}_x.sql", version, f"sum-{version}", b"")


def line(version: str, checksum: str | None = "recorded") -> AppliedVersion:
    """What the ledger has of a version."""
    return AppliedVersion(version, f"{version}_x.sql", checksum, "2024-02-29T12:00:00.000Z", "applied")


FILES = (file("001"), file("002"), file("003"))


def test_versions_without_a_line_are_adopted_with_the_files_as_they_are() -> None:
    found = lines_to_adopt({"001", "002"}, {"001": line("001")}, FILES)
    assert found == (Record("002", "002_x.sql", "sum-002", Origin.ADOPTED),)


def test_all_versions_of_a_database_without_ledger_are_adopted_in_order() -> None:
    assert [record.version for record in lines_to_adopt(("003", "001", "002"), {}, FILES)] == [
        "001",
        "002",
        "003",
    ]


def test_a_pending_version_is_not_adopted() -> None:
    assert lines_to_adopt((), {}, FILES) == ()


def test_a_version_without_a_file_is_not_adopted() -> None:
    assert lines_to_adopt({"000", "001"}, {}, FILES[:1]) == (
        Record("001", "001_x.sql", "sum-001", Origin.ADOPTED),
    )


def test_where_history_and_ledger_agree_nothing_is_to_be_written() -> None:
    current = {"001": line("001"), "002": line("002")}
    assert lines_to_adopt(current, current, FILES) == ()


def test_checksums_leave_out_what_nobody_recorded() -> None:
    current = {"001": line("001", "abc"), "002": line("002", None)}
    assert Ledger(1, None, None, current, FULL).checksums == {"001": "abc"}


FULL = LedgerAccess(
    role='"o\'Brien"',
    publications=None,
    identifiable=True,
    has_schema=True,
    may_create=False,
    may_use=True,
    complete=True,
    readable=True,
    hides_rows=False,
    writable=True,
    names_history=True,
    keeps_text=True,
)
NOTHING = replace(FULL, has_schema=False, may_create=True, may_use=False, complete=False)
PRE_CREATED = replace(FULL, may_create=True, complete=False)


@pytest.mark.parametrize("access", [FULL, NOTHING, PRE_CREATED])
def test_nothing_is_in_the_way(access: LedgerAccess) -> None:
    assert access.unreadable is None
    assert access.obstacle is None


@pytest.mark.parametrize("access", [replace(FULL, may_use=False), replace(FULL, readable=False)])
def test_what_may_not_be_read_says_which_grants_are_missing(access: LedgerAccess) -> None:
    found = access.unreadable
    assert found is not None
    assert found.reason == 'role "o\'Brien" may not read the schema dbmate_wrap'
    assert found.hint is not None
    assert 'grant usage on schema dbmate_wrap to "o\'Brien"' in found.hint


def test_rows_that_row_level_security_hides_make_the_ledger_unreadable() -> None:
    found = replace(FULL, hides_rows=True).unreadable
    assert found is not None
    assert "row level security hides rows of the schema dbmate_wrap" in found.reason
    assert "alter table dbmate_wrap.ledger disable row level security" in (found.hint or "")


@pytest.mark.parametrize(
    ("access", "reason", "hint"),
    [
        (replace(FULL, writable=False), "but not write to it", "grant select, insert, update on all tables"),
        (
            replace(NOTHING, may_create=False),
            "may not create the schema",
            "create schema dbmate_wrap authorization",
        ),
        (replace(PRE_CREATED, may_create=False), "may not create tables", "grant usage, create on schema"),
    ],
)
def test_what_may_not_be_written_says_what_to_run(access: LedgerAccess, reason: str, hint: str) -> None:
    found = access.obstacle
    assert found is not None
    assert reason in found.reason
    assert found.hint is not None
    assert hint in found.hint
    assert '"o\'Brien"' in found.hint


STAMP = Stamp("staging", Identity("7", 5), "2024-02-29", "ada")


@pytest.mark.parametrize(
    ("applied", "recorded", "stamp", "lacking"),
    [
        ((), (), None, False),
        (("001",), (), None, True),
        (("001",), ("001",), None, True),
        (("001",), ("001",), STAMP, False),
        (("001", "002"), ("001",), STAMP, True),
        # Nobody can vouch for a version without a file.
        (("000", "001"), ("001",), STAMP, False),
    ],
)
def test_a_run_without_pending_migrations_writes_what_the_ledger_lacks(
    applied: tuple[str, ...], recorded: tuple[str, ...], stamp: Stamp | None, lacking: bool
) -> None:
    ledger = Ledger(3, Identity("7", 5), stamp, {version: line(version) for version in recorded}, FULL)
    assert ledger.lacks(applied, FILES) is lacking


def entry(
    version: str, how: str, duration_ms: int | None = 1, history: str | None = "public.h"
) -> LedgerEntry:
    """A line of the whole ledger."""
    when, run = "2024-02-29T12:00:00.000Z", ("r1", "up", "staging", "deploy", "ada", "laptop", None, None)
    return LedgerEntry(version, None, None, when, when, duration_ms, how, *run, "0.1.0", None, history)


def test_the_last_line_of_each_version_that_a_run_applied_counts_in_the_order_of_the_ledger() -> None:
    entries = (
        entry("001", "applied", 5),
        entry("002", "applied"),
        entry("001", "rolled-back"),
        entry("001", "applied", 7, history=None),
        entry("003", "adopted"),
        entry("000", "baseline"),
        entry("004", "applied", history="other.h"),
    )
    found = last_applied(entries, "public.h")
    assert [(version, line.duration_ms) for version, line in found.items()] == [("002", 1), ("001", 7)]
