"""Queries for rows in the way of a migration, run on real servers."""

import uuid
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from dbmate_wrap.domain.probe import ProbeResult, ProbeStatus
from dbmate_wrap.domain.statement_trace import TracedStatement
from dbmate_wrap.postgres.probe import read_definitions, run_probe
from dbmate_wrap.postgres.session import Session
from dbmate_wrap.sql.offending_rows import probes_for
from tests.support.servers import Database
from tests.support.sessions import open_session

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    database.execute(
        "create schema app; create table app.p (a int, b int, primary key (b, a));"
        "insert into app.p values (1, 2);"
        "create table app.t (x int, y int, note text);"
        "insert into app.t values (2, 1, 'secret'), (2, 1, null), (-1, 9, '17'), (null, 1, null);"
        "alter table app.t add constraint positive check (x > 0) not valid;"
        "alter table app.t add constraint fk foreign key (x, y) references app.p not valid"
    )
    with open_session(database) as opened:
        yield opened


def probe(session: Session, text: str, timeout: float = 30) -> ProbeResult:
    """The result of the only probe of a statement."""
    statement = TracedStatement("002", "002_x.sql", 3, text, "")
    [found] = probes_for([statement], partial(read_definitions, session))
    result = run_probe(session, found, timeout=timeout)
    # Nothing is left behind in the session.
    assert session.rows("show transaction_read_only") == [("off",)]
    return result


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("alter table app.t alter x set not null", 1),
        ("alter table app.t alter y set not null", 0),
        ("alter table app.t add check (x > 0)", 1),
        ("alter table app.t validate constraint positive", 1),
        ("alter table app.t validate constraint fk", 1),
        ("alter table app.t add foreign key (x, y) references app.p", 1),
        ("alter table app.t add foreign key (y, x) references app.p", 4 - 1),
        # Null is no duplicate of null.
        ("create unique index on app.t (note)", 0),
        ("create unique index on app.t (x, y)", 1),
        ("alter table app.t add column z int not null", 4),
    ],
)
def test_the_rows_in_the_way_are_counted(session: Session, text: str, rows: int) -> None:
    result = probe(session, text)
    assert (result.rows, result.more, result.reason) == (rows, False, None)
    assert result.status == (ProbeStatus.FOUND if rows else ProbeStatus.CLEAN)
    # As the migration itself finds it.
    assert (session.failure_of(f"begin; {text}; rollback") is not None) == bool(rows)


def test_no_more_are_counted_than_the_limit(database: Database, session: Session) -> None:
    database.execute("insert into app.t select null, n from generate_series(1, 100) n")
    result = probe(session, "alter table app.t alter x set not null")
    assert (result.rows, result.more) == (20, True)


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        (
            "alter table app.t add check (pg_sleep(60) is null)",
            ProbeStatus.TIMED_OUT,
            "no answer within 0.2 s",
        ),
        ("alter table app.t add check (x > missing())", ProbeStatus.FAILED, "missing() does not exist"),
        # The message of the server would quote the value of a row.
        ("alter table app.t add check (note::int > 0)", ProbeStatus.FAILED, "the query failed (22P02)"),
        (
            "alter table app.t add check (nextval('app.s') > 0)",
            ProbeStatus.FAILED,
            "the query failed (25006)",
        ),
    ],
)
def test_a_query_without_an_answer_says_why(
    database: Database, session: Session, text: str, status: ProbeStatus, reason: str
) -> None:
    database.execute("create sequence app.s")
    result = probe(session, text, timeout=0.2)
    assert result.status == status
    assert reason in (result.reason or "")
    assert "secret" not in repr(result)
    assert database.execute("select is_called from app.s") == [(False,)]


def test_a_locked_table_is_not_waited_for(database: Database, session: Session) -> None:
    with psycopg.connect(database.url) as other:
        other.execute("lock table app.t in access exclusive mode")
        result = probe(session, "alter table app.t alter x set not null")
    assert result.status is ProbeStatus.TIMED_OUT
    assert "the table is locked" in (result.reason or "")


def test_rows_that_a_policy_hides_are_not_taken_for_none(database: Database, session: Session) -> None:
    role = f"r_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {role} login; grant usage on schema app to {role}")
    try:
        with open_session(database, role) as narrow:
            forbidden = probe(narrow, "alter table app.t alter x set not null")
            database.execute(
                f"grant select on app.t to {role}; alter table app.t enable row level security;"
                f"create policy part on app.t to {role} using (x is not null)"
            )
            hidden = probe(narrow, "alter table app.t alter x set not null")
        assert [each.status for each in (forbidden, hidden)] == [ProbeStatus.NOT_PERMITTED] * 2
        assert "row-level security" in (hidden.reason or "")
    finally:
        database.execute(f"drop owned by {role}; drop role {role}")


def test_what_must_not_be_run_is_not_run(session: Session) -> None:
    result = probe(session, "alter table app.t validate constraint missing")
    assert result.status is ProbeStatus.NOT_RUN
    assert result.reason == "the live database has no constraint missing on app.t"
