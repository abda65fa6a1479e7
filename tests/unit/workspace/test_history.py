"""What of a history is pending, and which disagreement is reported."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain import history as domain
from dbmate_wrap.domain.history import Sealed
from dbmate_wrap.domain.ledger import AppliedVersion, Ledger
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.errors import HistoryError, UsageError
from dbmate_wrap.postgres import catalog, ledger
from dbmate_wrap.settings import Values
from dbmate_wrap.workspace import history as history_module
from dbmate_wrap.workspace.bounds import Bounds
from dbmate_wrap.workspace.database import Database
from dbmate_wrap.workspace.history import History, disagreement, pending, read_history
from tests.support.migrations import parsed_migration, project_files

FIRST = parsed_migration("001_a.sql", "create table public.a (id int);")
SECOND = parsed_migration("002_b.sql", "create table public.b (id int);")
THIRD = parsed_migration("003_c.sql", "create table public.c (id int);")
FILES = project_files(FIRST, SECOND, THIRD)


def history_of(*applied: str, ran: dict[str, str] | None = None) -> History:
    """The history of a database that has these versions, by the checksums that the ledger has."""
    sealed: tuple[Sealed, ...] = ()
    return History(applied, domain.compare_history(FILES.migrations, sealed, applied, ran or {}))


@pytest.mark.parametrize(
    ("applied", "to", "names"),
    [
        ((), None, ["001_a.sql", "002_b.sql", "003_c.sql"]),
        (("001",), None, ["002_b.sql", "003_c.sql"]),
        (("001",), "002", ["002_b.sql"]),
        (("001",), "2", ["002_b.sql"]),
        (("001",), "002_b.sql", ["002_b.sql"]),
        (("001",), "001", []),
        (("001", "002", "003"), None, []),
    ],
)
def test_pending_migrations_are_those_without_a_row_up_to_the_wanted_version(
    applied: tuple[str, ...], to: str | None, names: list[str]
) -> None:
    assert [each.file.name for each in pending(history_of(*applied), FILES, to)] == names


def test_a_version_that_no_migration_has_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no migration has that version") as raised:
        pending(history_of(), FILES, "009")
    assert raised.value.hint == "versions here: 001 to 003"


def test_an_empty_history_is_not_believed_where_a_ledger_that_may_know_better_cannot_be_read() -> None:
    hidden = LedgerUnavailable("role app may not read the schema dbmate_wrap", "grant it")
    error = disagreement(replace(history_of(), ledger=hidden))
    assert error is not None
    assert "the history table has no rows, and the ledger" in error.message
    assert error.hint == "grant it; or, where the ledger is another project's alone, set ledger = false"
    assert disagreement(replace(history_of("001"), ledger=hidden)) is None


@pytest.mark.parametrize(
    ("found", "message", "migration"),
    [
        (history_of("001", "002"), None, None),
        (history_of("001", "003"), "002_b.sql (not applied, but older than one that is)", "002_b.sql"),
        (history_of("001", "002", "003", "009"), "009 (applied, but there is no file)", "009"),
        (history_of("001", ran={"001": "0" * 64}), "001_a.sql (edited)", "001_a.sql"),
    ],
)
def test_the_first_disagreement_is_named_with_a_remedy(
    found: History, message: str | None, migration: str | None
) -> None:
    error = disagreement(found)
    if message is None:
        assert error is None
        return
    assert isinstance(error, HistoryError)
    assert message in error.message
    assert error.migration == migration
    assert error.hint


def test_where_rows_may_be_lost_what_was_edited_or_is_foreign_is_tolerated() -> None:
    found = history_of("001", "002", "003", "009", ran={"001": "0" * 64})
    found = replace(found, disposable=True)
    assert disagreement(found) is None
    assert [each.version for each in found.tolerated] == ["001", "009"]
    assert disagreement(replace(found, disposable=False)) is not None


def test_what_is_pending_and_too_old_ends_a_run_also_where_rows_may_be_lost() -> None:
    error = disagreement(replace(history_of("001", "003"), disposable=True))
    assert error is not None
    assert error.migration == "002_b.sql"


def test_the_summary_of_nothing_counts_what_was_applied_before() -> None:
    found = history_of("001", "002", "003")
    assert Bounds().describe_nothing(found) == "nothing is pending: 3 migrations applied before"
    assert (
        Bounds("003").describe_nothing(found) == "nothing is pending up to 003: 3 migrations applied before"
    )


@pytest.mark.parametrize("moment", ["before the ledger is read", "before its lines are read"])
def test_a_history_table_that_was_made_meanwhile_contradicts_no_ledger(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Another run makes the table, applies and records 001 at this moment, after the table was looked for."""
    done: list[str] = []

    def at(here: str) -> None:
        if here == moment:
            done.append(here)

    def database() -> SimpleNamespace:
        table = SimpleNamespace(exists=bool(done), name="public.schema_migrations")
        found = SimpleNamespace(server=SimpleNamespace(history=table), session=None)
        found.look_again = database
        return found

    def read(session: object, name: str) -> Ledger:
        at("before the ledger is read")
        line = AppliedVersion("001", "001_a.sql", FILES.migrations[0].checksum, None, "applied")
        return Ledger(3, None, None, {"001": line} if done else {}, cast(LedgerAccess, None))

    def entries(session: object) -> tuple[object, ...]:
        at("before its lines are read")
        return (SimpleNamespace(version="001", how="applied"),)

    monkeypatch.setattr(history_module, "objection_to_table", lambda table: None)
    monkeypatch.setattr(history_module, "objection_to_rows", lambda *rows: None)
    monkeypatch.setattr(ledger, "read", read)
    monkeypatch.setattr(ledger, "entries", entries)
    rows = {False: (), True: ("001",)}
    monkeypatch.setattr(catalog, "applied_versions", lambda session, server: rows[server.history.exists])
    values = SimpleNamespace(ledger=True, disposable=False)
    found = read_history(cast(Database, database()), FILES, cast(Values, values))
    assert (found.applied, found.missing) == (("001",), None)
