"""The states of migrations follow from files, lockfile and database alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.history import (
    DISAGREEING,
    MigrationState,
    Sealed,
    amend_command,
    compare_history,
    disagreements,
    pending_entries,
)
from dbmate_wrap.domain.migration import MigrationFile
from tests.support.cases import Case, cases, migration_file, name_of, texts


def files_of(case: Case) -> list[MigrationFile]:
    """The files; a star after the name means that they are not as they were sealed."""
    names = texts(case, "files")
    return [migration_file(name.rstrip("*"), "edited" if name.endswith("*") else "") for name in names]


@pytest.mark.parametrize("case", cases("history"), ids=name_of)
def test_the_table_of_states(case: Case) -> None:
    untouched = migration_file("0.sql").checksum
    sealed = [Sealed(name, untouched, line) for line, name in enumerate(texts(case, "sealed"), 1)]
    entries = compare_history(files_of(case), sealed, texts(case, "applied"))
    found = [
        f"{entry.file or entry.version} {entry.state}{'+' if entry.applied else ''}" for entry in entries
    ]
    assert found == texts(case, "states")
    assert [entry.file for entry in pending_entries(entries)] == texts(case, "pending")
    assert [entry.file or entry.version for entry in disagreements(entries)] == texts(case, "wrong")


VERSIONS = st.sampled_from(("001", "002", "003", "9", "10", "999", "1000"))


@given(st.sets(VERSIONS), st.sets(VERSIONS), st.sets(VERSIONS), st.sets(VERSIONS))
def test_every_version_has_one_state_and_the_flags_follow_from_it(
    on_disk: set[str], sealed: set[str], edited: set[str], applied: set[str]
) -> None:
    files = [
        migration_file(f"{version}_x.sql", "edited" if version in edited else "")
        for version in sorted(on_disk)
    ]
    lines = [Sealed(f"{version}_x.sql", migration_file("0.sql").checksum, 1) for version in sealed]
    entries = compare_history(files, lines, applied)
    assert {entry.version for entry in entries} == on_disk | applied
    assert len(entries) == len(on_disk | applied)
    for entry in entries:
        assert entry.applied == (entry.version in applied)
        assert (
            (entry.file is None) == (entry.version not in on_disk) == (entry.state is MigrationState.UNKNOWN)
        )
        assert (entry.state is MigrationState.EDITED) == (entry.version in on_disk & sealed & edited)
        assert entry.state is not MigrationState.PENDING or all(
            entry.version > version for version in applied
        )
    if not disagreements(entries):
        assert not edited & on_disk & sealed
        assert applied <= on_disk
        assert [entry.applied for entry in sorted(entries, key=lambda entry: entry.version)] == sorted(
            [entry.applied for entry in entries], reverse=True
        )


def test_the_order_of_the_applied_versions_does_not_matter() -> None:
    files = [migration_file("001_a.sql"), migration_file("002_b.sql")]
    assert compare_history(files, [], ["002", "001"]) == compare_history(files, [], ("001", "002", "001"))


def test_what_disagrees_is_exactly_what_is_neither_applied_nor_pending() -> None:
    agreeing = {MigrationState.APPLIED, MigrationState.FORMER_TEXT, MigrationState.PENDING}
    assert set(MigrationState) - DISAGREEING == agreeing


NEW, OLD, OLDER, STRANGE = (migration_file("001_a.sql", text) for text in ("new", "old", "older", "strange"))
AMENDED = Sealed("001_a.sql", NEW.checksum, 2, (OLDER.checksum, OLD.checksum), "it failed")


@pytest.mark.parametrize(
    ("file", "applied", "ran", "state"),
    [
        (NEW, ["001"], NEW, MigrationState.APPLIED),
        (NEW, ["001"], None, MigrationState.APPLIED),
        (NEW, ["001"], OLD, MigrationState.FORMER_TEXT),
        (NEW, ["001"], OLDER, MigrationState.FORMER_TEXT),
        (NEW, ["001"], STRANGE, MigrationState.EDITED),
        (NEW, [], None, MigrationState.PENDING),
        # The file was put back, the line was not.
        (OLD, ["001"], OLD, MigrationState.EDITED),
        (OLD, [], None, MigrationState.EDITED),
    ],
)
def test_a_database_that_ran_a_former_text_agrees(
    file: MigrationFile, applied: list[str], ran: MigrationFile | None, state: MigrationState
) -> None:
    recorded = {"001": ran.checksum} if ran is not None else {}
    [entry] = compare_history([file], [AMENDED], applied, recorded)
    assert (entry.state, entry.applied) == (state, bool(applied))


@pytest.mark.parametrize(
    ("after", "before", "amends"),
    [
        (("c", ("a", "b"), "why"), ("b", ("a",)), True),
        (("c", ("a", "b"), "why"), ("a", ()), True),
        (("a", ("b", "c"), "why"), ("c", ("a", "b")), True),
        (("b", ("a",), "why"), ("a", ()), True),
        (("b", ("a",), None), ("a", ()), False),
        (("b", (), "why"), ("a", ()), False),
        (("c", ("b",), "why"), ("b", ("a",)), False),
        (("c", ("x",), "why"), ("a", ()), False),
    ],
)
def test_a_line_amends_another_where_it_forgets_no_checksum_and_says_why(
    after: tuple[str, tuple[str, ...], str | None], before: tuple[str, tuple[str, ...]], amends: bool
) -> None:
    checksum, former, reason = after
    line = Sealed("001_a.sql", checksum, 3, former, reason)
    assert line.amends(Sealed("001_a.sql", before[0], 2, before[1])) == amends
    assert not line.amends(Sealed("001_b.sql", before[0], 2, before[1]))


def test_a_pending_one_must_come_after_the_newest_that_counts() -> None:
    """In a database whose rows may be lost a version of another branch does not count."""
    files = [migration_file("001_a.sql", "a"), migration_file("002_b.sql", "b")]
    applied = ("001", "009")
    assert [each.state.value for each in compare_history(files, (), applied)] == [
        "applied",
        "out-of-order",
        "unknown",
    ]
    entries = compare_history(files, (), applied, newest="001")
    assert [each.state.value for each in entries] == ["applied", "pending", "unknown"]
    assert [each.checksum for each in entries] == [*(file.checksum for file in files), None]


def test_the_command_that_amends_quotes_the_name() -> None:
    assert amend_command("001_a b.sql") == "dbmate-wrap amend '001_a b.sql' --because TEXT"
