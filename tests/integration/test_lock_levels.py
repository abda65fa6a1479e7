"""Statements are traced on real servers, and compared with the lock levels that PostgreSQL documents."""

from collections.abc import Iterator

import pytest

from dbmate_wrap.cluster import binaries
from dbmate_wrap.domain.statement_trace import LockMode
from tests.support.cases import HERE, Case, cases, name_of, text, texts
from tests.support.servers import Database, run_server
from tests.support.traces import trace

pytestmark = pytest.mark.integration

SCHEMA = (HERE / "lock_levels.sql").read_text(encoding="utf-8")
CASES = cases("lock_levels")
# Ends the transaction of a case, so that the next one finds the schema as it was.
UNDO = ";\nselect 1 / 0"


def level(mode: LockMode) -> str:
    """A mode of pg_locks as the documentation writes it."""
    words = mode.removesuffix("Lock")
    return "".join(f" {letter}" if letter.isupper() else letter for letter in words).strip().upper()


def difference(database: Database, case: Case) -> str | None:
    """What of the case is otherwise, in words."""
    outside = bool(case.get("outside", False))
    found = trace(database, text(case, "sql") + ("" if outside else UNDO), transaction=not outside)
    ended = found.failure.message if found.failure else ""
    if outside:
        database.execute(f"drop schema shop cascade; {SCHEMA}")
    locks = sorted(f"{lock.relation} {level(lock.mode)}" for each in found.statements for lock in each.locks)
    works = sorted(f"{work.relation} {work.work}" for each in found.statements for work in each.works)
    judged = all(each.not_judged is None for each in found.statements)
    expected = texts(case, f"locks_{database.server.major}") or texts(case, "locks")
    as_expected = (locks, works) == (sorted(expected), sorted(texts(case, "works")))
    ran = not ended if outside else ended.endswith("division by zero")
    if as_expected and judged and ran:
        return None
    return f"{name_of(case)}: {locks} {works} {ended}"


def differences(database: Database) -> list[str]:
    """What is otherwise on a server."""
    database.execute(SCHEMA)
    return [each for case in CASES if (each := difference(database, case)) is not None]


@pytest.fixture
def seventeen() -> Iterator[Database]:
    """An empty database on PostgreSQL 17, where this machine has it."""
    programs = next((each for each in binaries.servers() if each.major == 17), None)
    if programs is None:
        pytest.skip("no PostgreSQL 17")
    with run_server(programs) as running, running.new_database() as made:
        yield made


@pytest.mark.both_majors
def test_locks_are_those_that_are_documented(database: Database) -> None:
    """And work is that about which a table's size decides."""
    assert differences(database) == []


def test_locks_are_those_that_are_documented_for_17(seventeen: Database) -> None:
    assert differences(seventeen) == []
