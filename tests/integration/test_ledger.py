"""The ledger on real servers: what is written is what is read, whoever asks and however many at once."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from dbmate_wrap.domain.ledger import Ledger, LedgerEntry, Origin, Provenance, Record, Run
from dbmate_wrap.domain.ledger_access import LedgerAccess, LedgerUnavailable
from dbmate_wrap.postgres import ledger, ledger_write, queries, stamp
from dbmate_wrap.postgres.session import Cell, Session
from tests.support.servers import Database, Server
from tests.support.sessions import open_session

pytestmark = pytest.mark.integration

HERE = Provenance("o'Brien", 'host "x"', "a" * 40, git_dirty=True)
HISTORY = "public.schema_migrations"
RUN = Run("20240229-1", "up", "sta'ging", "0.1.0", "2.37.0", HISTORY, HERE)
# What an id looks like when a name means something to SQL, to JSON and to a placeholder.
NAME = '001_it\'s_a_"%s"_\\_50%_é.sql'


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """The superuser's."""
    with open_session(database) as opened:
        yield opened


@pytest.fixture
def embedded_session(embedded_database: Database) -> Iterator[Session]:
    """The same on the wheel's server alone, for what no major changes."""
    with open_session(embedded_database) as opened:
        yield opened


MakeRole = Callable[[], str]


@pytest.fixture
def make_role(database: Database) -> Iterator[MakeRole]:
    """Makes roles without any privilege, with names that need quotes."""
    made: list[str] = []

    def make() -> str:
        made.append(f'o\'Brien "{uuid.uuid4().hex[:8]}"')
        grant(database, "create role {} login", made[-1])
        return made[-1]

    yield make
    for role in made:
        grant(database, "drop owned by {} cascade", role)
        grant(database, "drop role {}", role)


def grant(database: Database, statement: str, role: str) -> None:
    """Run a statement about a role, as superuser."""
    with database.connect() as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(role)))


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that went to the server: one round trip each."""
    seen: list[str] = []
    rows = Session.rows

    def counted(
        self: Session, query: str, parameters: dict[str, Cell] | None = None
    ) -> list[tuple[Cell, ...]]:
        seen.append(query)
        return rows(self, query, parameters)

    monkeypatch.setattr(Session, "rows", counted)
    return seen


def begin(session: Session, run: Run) -> LedgerUnavailable | None:
    """Begin a run in a ledger that is there."""
    return ledger_write.begin_run(session, run, found(session).access)


def found(session: Session) -> Ledger:
    """What is read, which must be possible."""
    read = ledger.read(session, HISTORY)
    assert isinstance(read, Ledger), read
    return read


def begun(session: Session, run: Run = RUN) -> None:
    """The ledger is there and the run has begun."""
    assert ledger_write.ensure(session, found(session)) is None
    assert begin(session, run) is None


def lines(session: Session) -> tuple[LedgerEntry, ...]:
    """All of them, which must be possible."""
    read = ledger.entries(session)
    assert isinstance(read, tuple), read
    return read


def applied(version: str, checksum: str = "abc", file: str | None = None) -> Record:
    """What a run writes for a migration that it applied."""
    return Record(version, file or f"{version}_x.sql", checksum, Origin.APPLIED, 12, 0)


def reason(result: object) -> str:
    """Why it was not possible."""
    assert isinstance(result, LedgerUnavailable), result
    return result.reason


def test_a_new_database_has_no_ledger_and_reading_creates_none(database: Database, session: Session) -> None:
    read = found(session)
    assert (read.format, read.identity, read.stamp, dict(read.current)) == (None, None, None, {})
    assert read.access.obstacle is None
    assert lines(session) == ()
    assert database.execute("select 1 from pg_namespace where nspname = 'dbmate_wrap'") == []


def test_what_is_written_is_what_is_read(database: Database, session: Session) -> None:
    begun(session)
    written = [
        Record("001", NAME, "f" * 64, Origin.APPLIED, 1234, 0),
        Record("002", "002_b.sql", "e" * 64, Origin.BASELINE),
    ]
    assert ledger_write.record(session, RUN.run_id, written) is None
    first, second = lines(session)
    user = database.server.superuser
    assert first == LedgerEntry(
        version="001",
        file=NAME,
        checksum="f" * 64,
        applied_at=first.recorded_at,
        recorded_at=first.recorded_at,
        duration_ms=1234,
        how="applied",
        run_id=RUN.run_id,
        command="up",
        environment="sta'ging",
        database_user=user,
        os_user="o'Brien",
        host='host "x"',
        git_commit="a" * 40,
        git_dirty=True,
        tool_version="0.1.0",
        dbmate_version="2.37.0",
        history=HISTORY,
    )
    assert (second.version, second.how, second.duration_ms) == ("002", "baseline", None)
    read = found(session)
    assert read.format == ledger.FORMAT
    assert read.checksums == {"001": "f" * 64, "002": "e" * 64}
    assert read.current["001"].file == NAME
    assert read.current["001"].applied_at == first.applied_at


def test_times_are_utc_whatever_the_session_is_set_to(session: Session) -> None:
    begun(session)
    session.rows("set time zone 'Asia/Kathmandu'; set datestyle to 'SQL, DMY'")
    assert ledger_write.record(session, RUN.run_id, [replace(applied("001"), ended_ago_ms=90_000)]) is None
    [line] = lines(session)
    assert line.applied_at is not None
    right = session.rows(
        "select date_trunc('milliseconds', recorded_at) = %(recorded)s::timestamptz,"
        " date_trunc('milliseconds', applied_at) = %(applied)s::timestamptz,"
        " recorded_at - applied_at = interval '90 seconds' from dbmate_wrap.ledger",
        {"applied": line.applied_at, "recorded": line.recorded_at},
    )
    assert right == [(True, True, True)]
    assert line.applied_at.endswith("Z")


def test_a_run_is_open_until_it_ends_and_ends_once(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    ended = "select ended_at is not null, exit_code from dbmate_wrap.run"
    assert embedded_database.execute(ended) == [(False, None)]
    assert ledger_write.end_run(embedded_session, RUN.run_id, 30) is None
    assert ledger_write.end_run(embedded_session, RUN.run_id, 0) is None
    assert embedded_database.execute(ended) == [(True, 30)]


def test_a_run_without_provenance_is_written(embedded_session: Session) -> None:
    begun(embedded_session, replace(RUN, dbmate_version=None, provenance=Provenance(None, None, None, None)))
    assert ledger_write.record(embedded_session, RUN.run_id, [applied("001")]) is None
    [line] = lines(embedded_session)
    assert (line.os_user, line.host, line.git_commit, line.git_dirty, line.dbmate_version) == (None,) * 5


def test_adopted_versions_have_no_time_because_nobody_knows_it(embedded_session: Session) -> None:
    begun(embedded_session)
    assert (
        ledger_write.record(embedded_session, RUN.run_id, [Record("001", "001_a.sql", "abc", Origin.ADOPTED)])
        is None
    )
    assert found(embedded_session).current["001"].applied_at is None
    assert lines(embedded_session)[0].applied_at is None


def test_rolled_back_and_applied_again_keeps_every_line_and_one_state(session: Session) -> None:
    begun(session)
    assert ledger_write.record(session, RUN.run_id, [applied("001"), applied("002", "old")]) is None
    assert begin(session, replace(RUN, run_id="r2", command="rollback")) is None
    assert ledger_write.record(session, "r2", [Record("002", "002_x.sql", "old", Origin.ROLLED_BACK)]) is None
    assert found(session).checksums == {"001": "abc"}
    assert begin(session, replace(RUN, run_id="r3")) is None
    assert ledger_write.record(session, "r3", [applied("002", "new")]) is None
    assert found(session).checksums == {"001": "abc", "002": "new"}
    story = [(line.version, line.how, line.checksum, line.command) for line in lines(session)]
    assert story == [
        ("001", "applied", "abc", "up"),
        ("002", "applied", "old", "up"),
        ("002", "rolled-back", "old", "rollback"),
        ("002", "applied", "new", "up"),
    ]


def test_a_write_that_is_repeated_counts_once(embedded_session: Session) -> None:
    begun(embedded_session)
    for _ in range(2):
        assert begin(embedded_session, RUN) is None
        assert ledger_write.record(embedded_session, RUN.run_id, [applied("001"), applied("002")]) is None
    assert [line.version for line in lines(embedded_session)] == ["001", "002"]


def test_a_thousand_lines_are_one_statement_and_keep_their_order(session: Session, trips: list[str]) -> None:
    begun(session)
    versions = [f"{number:04d}" for number in range(1000, 0, -1)]
    del trips[:]
    assert ledger_write.record(session, RUN.run_id, [applied(version) for version in versions]) is None
    assert len(trips) == 1
    assert [line.version for line in lines(session)] == versions
    del trips[:]
    assert len(found(session).current) == 1000
    assert len(trips) == 2


def test_nothing_to_write_asks_the_server_nothing(embedded_session: Session, trips: list[str]) -> None:
    assert ledger_write.record(embedded_session, "no such run", []) is None
    assert trips == []


def test_round_trips(session: Session, trips: list[str]) -> None:
    read = found(session)
    assert len(trips) == 1, "where there is no ledger, one look tells"
    assert ledger_write.ensure(session, read) is None
    assert len(trips) == 2, "all is created in one"
    read = found(session)
    assert len(trips) == 4, "a look, and everything at once"
    assert ledger_write.ensure(session, read) is None
    assert len(trips) == 4, "what is there needs no question"


@pytest.mark.both_majors
def test_what_is_read_is_too_cheap_to_be_compiled(session: Session) -> None:
    """PostgreSQL compiles (JIT) what it believes to be expensive: 300 ms for a query of one."""
    begun(session)
    for name in ("ledger_look", "ledger_read", "ledger_entries"):
        query = ledger._query(name, found(session).access).replace(":system_identifier", stamp._IDENTIFIER)
        [(cheap,)] = session.rows(
            "select cost::float8 < current_setting('jit_above_cost')::float8 / 10 from (select "
            "substring(%(plan)s from 'cost=[0-9.]+[.][.]([0-9.]+)') as cost) t",
            {"plan": str(session.rows(f"explain {query}", {"history": HISTORY})[0][0])},
        )
        assert cheap is True, name


def test_versions_are_told_apart_byte_for_byte(embedded_session: Session) -> None:
    begun(embedded_session)
    assert (
        ledger_write.record(embedded_session, RUN.run_id, [applied("1"), applied("01"), applied("001")])
        is None
    )
    assert set(found(embedded_session).current) == {"1", "01", "001"}


def test_a_line_needs_a_run(embedded_session: Session) -> None:
    begun(embedded_session)
    assert "could not be written" in reason(ledger_write.record(embedded_session, "nobody", [applied("001")]))


def test_every_table_says_what_it_is(embedded_database: Database, embedded_session: Session) -> None:
    begun(embedded_session)
    comments = embedded_database.execute(
        "select relname, obj_description(oid, 'pg_class') from pg_class"
        " where relnamespace = 'dbmate_wrap'::regnamespace and relkind = 'r' order by 1"
    )
    assert [name for name, _ in comments] == ["format", "ledger", "run", "stamp"]
    assert all(comment.startswith("dbmate-wrap: ") for _, comment in comments)
    [(schema,)] = embedded_database.execute(
        "select obj_description('dbmate_wrap'::regnamespace, 'pg_namespace')"
    )
    assert "dbmate-wrap" in schema


def test_creating_twice_changes_nothing(embedded_session: Session) -> None:
    before = found(embedded_session)
    begun(embedded_session)
    assert ledger_write.record(embedded_session, RUN.run_id, [applied("001")]) is None
    assert ledger_write.ensure(embedded_session, before) is None
    assert [line.version for line in lines(embedded_session)] == ["001"]


def test_a_newer_format_is_left_alone_and_written_to(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    embedded_database.execute(
        "update dbmate_wrap.format set version = 99; alter table dbmate_wrap.ledger add column extra text"
    )
    read = found(embedded_session)
    assert read.format == 99
    assert ledger_write.ensure(embedded_session, read) is None
    assert ledger_write.record(embedded_session, RUN.run_id, [applied("001")]) is None
    assert embedded_database.execute("select version from dbmate_wrap.format") == [(99,)]


def test_a_way_that_only_a_newer_version_knows_is_read(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    assert ledger_write.record(embedded_session, RUN.run_id, [applied("001")]) is None
    embedded_database.execute("update dbmate_wrap.ledger set how = 'imported'")
    assert found(embedded_session).current["001"].how == "imported"
    assert lines(embedded_session)[0].how == "imported"


def test_what_was_dropped_by_hand_is_made_again(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    embedded_database.execute("drop table dbmate_wrap.stamp; delete from dbmate_wrap.format")
    read = found(embedded_session)
    assert read.format is None
    assert ledger_write.ensure(embedded_session, read) is None
    assert found(embedded_session).format == ledger.FORMAT


FORMAT_2 = (
    "alter table dbmate_wrap.run drop column consent; alter table dbmate_wrap.ledger drop column content;"
    " update dbmate_wrap.format set version = 2"
)
FORMAT_1 = (
    f"{FORMAT_2}; alter table dbmate_wrap.run drop column history; update dbmate_wrap.format set version = 1"
)


@pytest.mark.both_majors
def test_a_ledger_of_format_1_is_read_and_brought_up_to_date(database: Database, session: Session) -> None:
    begun(session)
    assert ledger_write.record(session, RUN.run_id, [applied("001")]) is None
    database.execute(FORMAT_1)
    read = found(session)
    assert (read.format, read.access.names_history, set(read.current)) == (1, False, {"001"})
    assert [line.history for line in lines(session)] == [None]
    upgraded = ledger_write.upgrade(session, read.access)
    assert isinstance(upgraded, LedgerAccess)
    assert upgraded.names_history
    assert ledger_write.begin_run(session, replace(RUN, run_id="r2"), upgraded) is None
    assert ledger_write.record(session, "r2", [applied("002")]) is None
    read = found(session)
    assert (read.format, read.access.names_history, set(read.current)) == (3, True, {"001", "002"})
    assert [line.history for line in lines(session)] == [None, HISTORY]


def test_who_does_not_own_a_ledger_of_format_1_goes_on_with_it(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    database.execute(FORMAT_1)
    role = make_role()
    for right in (
        "usage on schema dbmate_wrap to {}",
        "select, insert, update on all tables in schema dbmate_wrap to {}",
    ):
        grant(database, f"grant {right}", role)
    with open_session(database, role) as poor:
        access = found(poor).access
        refused = ledger_write.upgrade(poor, access)
        assert "stays in an older format: the database said: must be owner of table run" in reason(refused)
        assert isinstance(refused, LedgerUnavailable)
        assert refused.hint is not None
        remedy = refused.hint.removeprefix("let its owner run: ")
        assert ledger_write.begin_run(poor, replace(RUN, run_id="r2"), access) is None
        assert ledger_write.record(poor, "r2", [applied("001")], keeps_text=access.keeps_text) is None
        assert set(found(poor).current) == {"001"}
        database.execute(remedy)
        assert found(poor).access.names_history


def kept(session: Session, *versions: str) -> list[tuple[str, bytes | None]]:
    read = ledger.texts(session, found(session).access, HISTORY, versions)
    return [(line.version, line.content) for line in read]


@pytest.mark.both_majors
def test_the_text_that_ran_is_kept_byte_for_byte(session: Session) -> None:
    begun(session)
    content = bytes(range(256)) + "é'\\x%s".encode()
    assert ledger_write.record(session, RUN.run_id, [replace(applied("001"), content=content)]) is None
    assert kept(session, "001", "002") == [("001", content)]
    # Undone and applied again, the last one counts.
    begin(session, replace(RUN, run_id="r2"))
    again = [replace(applied("001"), how=Origin.ROLLED_BACK), replace(applied("001"), content=b"new")]
    assert ledger_write.record(session, "r2", again) is None
    assert kept(session, "001") == [("001", b"new")]


def test_a_text_of_more_than_a_megabyte_is_not_kept(embedded_session: Session) -> None:
    begun(embedded_session)
    long = [replace(applied(f"00{n}"), content=b"x" * ((1 << 20) + n)) for n in range(2)]
    assert ledger_write.record(embedded_session, RUN.run_id, long) is None
    assert [(version, content is not None) for version, content in kept(embedded_session, "000", "001")] == [
        ("000", True),
        ("001", False),
    ]


def test_many_long_texts_are_written_in_several_statements(embedded_session: Session) -> None:
    begun(embedded_session)
    records = [replace(applied(f"{n:03}"), content=bytes([n]) * (1 << 20)) for n in range(20)]
    assert ledger_write.record(embedded_session, RUN.run_id, records) is None
    assert [line.version for line in lines(embedded_session)] == [f"{n:03}" for n in range(20)]
    assert kept(embedded_session, "019") == [("019", bytes([19]) * (1 << 20))]


def test_a_ledger_of_format_2_keeps_no_text_until_it_is_brought_up_to_date(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    embedded_database.execute(FORMAT_2)
    access = found(embedded_session).access
    assert (access.names_history, access.keeps_text) == (True, False)
    line = replace(applied("001"), content=b"x")
    assert ledger_write.record(embedded_session, RUN.run_id, [line], keeps_text=access.keeps_text) is None
    upgraded = ledger_write.upgrade(embedded_session, access)
    assert isinstance(upgraded, LedgerAccess)
    assert (upgraded, kept(embedded_session, "001")) == (found(embedded_session).access, [("001", None)])


def test_the_lines_of_another_history_table_are_not_ours(embedded_session: Session) -> None:
    begun(embedded_session)
    other = replace(RUN, run_id="r2", history="other.schema_migrations")
    assert begin(embedded_session, other) is None
    assert ledger_write.record(embedded_session, RUN.run_id, [applied("001")]) is None
    assert ledger_write.record(embedded_session, "r2", [applied("001", "else"), applied("002")]) is None
    assert found(embedded_session).checksums == {"001": "abc"}
    theirs = ledger.read(embedded_session, "other.schema_migrations")
    assert isinstance(theirs, Ledger)
    assert theirs.checksums == {"001": "else", "002": "abc"}


def test_search_path_and_what_lies_on_it_mean_nothing(database: Database) -> None:
    database.execute(
        "create schema evil; create domain evil.text as pg_catalog.text check (false);"
        "create domain evil.timestamptz as pg_catalog.text check (false);"
        "create function evil.count() returns int language sql as 'select 1/0';"
        "create function evil.statement_timestamp() returns int language sql as 'select 1/0';"
        "create function evil.current_database() returns int language sql as 'select 1/0';"
        "create table evil.ledger (i int); create table evil.pg_class (i int);"
    )
    with database.connect() as connection:
        name = sql.Identifier(database.name)
        connection.execute(sql.SQL("alter database {} set search_path to evil, pg_catalog").format(name))
    with open_session(database) as hostile:
        begun(hostile)
        assert ledger_write.record(hostile, RUN.run_id, [applied("001")]) is None
        assert ledger_write.end_run(hostile, RUN.run_id, 0) is None
        assert list(found(hostile).current) == ["001"]
        assert len(lines(hostile)) == 1


# Several at once.


def blocked(database: Database, name: str) -> bool:
    """Whether the session of that name waits for another one."""
    query = "select 1 from pg_stat_activity where application_name = '{}' and wait_event_type = 'Lock'"
    return bool(database.execute(query.format(name)))


@pytest.mark.both_majors
@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_the_slower_of_two_creators_goes_on_with_what_it_finds(database: Database, ending: str) -> None:
    with (
        database.connect() as first,
        open_session(database, name="slower") as slower,
        ThreadPoolExecutor(1) as pool,
    ):
        before = found(slower)
        first.execute("begin")
        for part in ("ledger_schema", "ledger_tables"):
            first.execute(queries.load_query(part).encode())
        result = pool.submit(ledger_write.ensure, slower, before)
        while not blocked(database, "slower"):
            assert not result.done(), result.result()
            time.sleep(0.01)
        first.execute(ending)
        assert result.result(timeout=30) is None
        assert found(slower).format == ledger.FORMAT


@pytest.mark.both_majors
def test_several_creators_at_once_all_succeed(database: Database) -> None:
    sessions = [open_session(database) for _ in range(4)]
    barrier = threading.Barrier(len(sessions))

    def create(number: int) -> object:
        before = found(sessions[number])
        barrier.wait(30)
        run = replace(RUN, run_id=f"run-{number}")
        return ledger_write.ensure(sessions[number], before) or begin(sessions[number], run)

    with ThreadPoolExecutor(len(sessions)) as pool:
        for _ in range(5):
            assert list(pool.map(create, range(len(sessions)))) == [None] * len(sessions)
            assert database.execute("select count(*) from dbmate_wrap.run") == [(len(sessions),)]
            database.execute("drop schema dbmate_wrap cascade")
    for opened in sessions:
        opened.close()


# Roles that may not do everything.


@pytest.mark.both_majors
def test_a_role_that_may_not_create_the_schema_is_told_what_to_ask_for(
    database: Database, make_role: MakeRole
) -> None:
    role = make_role()
    with open_session(database, role) as poor:
        read = found(poor)
        assert read.format is None
        refused = ledger_write.ensure(poor, read)
        assert "may not create the schema dbmate_wrap" in reason(refused)
        assert lines(poor) == ()
        assert isinstance(refused, LedgerUnavailable)
        assert refused.hint is not None
        # The hint is what an owner can run as it stands.
        database.execute(refused.hint.removeprefix("let the owner of the database run: ").partition(";")[0])
        begun(poor)
        assert ledger_write.record(poor, RUN.run_id, [applied("001")]) is None
        assert lines(poor)[0].database_user == role


def test_a_role_with_create_on_an_existing_schema_makes_its_tables(
    database: Database, make_role: MakeRole
) -> None:
    role = make_role()
    database.execute("create schema dbmate_wrap")
    grant(database, "grant usage on schema dbmate_wrap to {}", role)
    with open_session(database, role) as poor:
        assert "may not create tables" in reason(ledger_write.ensure(poor, found(poor)))
        grant(database, "grant create on schema dbmate_wrap to {}", role)
        begun(poor)


def test_a_role_without_usage_can_read_nothing_and_is_told_so(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    with open_session(database, make_role()) as poor:
        assert "may not read the schema dbmate_wrap" in reason(ledger.read(poor, HISTORY))
        assert "may not read the schema dbmate_wrap" in reason(ledger.entries(poor))


def test_a_ledger_whose_rows_are_hidden_is_not_taken_for_an_empty_one(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    role = make_role()
    grant(database, "grant usage on schema dbmate_wrap to {}", role)
    grant(database, "grant select, insert, update on all tables in schema dbmate_wrap to {}", role)
    database.execute("alter table dbmate_wrap.ledger enable row level security")
    with open_session(database, role) as poor:
        assert "row level security hides rows" in reason(ledger.read(poor, HISTORY))
        database.execute("create policy p on dbmate_wrap.ledger using (true)")
        assert isinstance(ledger.read(poor, HISTORY), Ledger)


def test_a_role_that_may_read_but_not_write_reads(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    assert ledger_write.record(session, RUN.run_id, [applied("001")]) is None
    role = make_role()
    grant(database, "grant usage on schema dbmate_wrap to {}", role)
    with open_session(database, role) as poor:
        assert "may not read" in reason(ledger.read(poor, HISTORY))
        grant(database, "grant select on all tables in schema dbmate_wrap to {}", role)
        read = found(poor)
        assert read.checksums == {"001": "abc"}
        assert len(lines(poor)) == 1
        assert "not write to it" in reason(ledger_write.ensure(poor, read))
        # Also who does not ask first gets a value.
        assert "permission denied" in reason(begin(poor, replace(RUN, run_id="r2")))
        assert "permission denied" in reason(ledger_write.record(poor, RUN.run_id, [applied("002")]))
        assert "permission denied" in reason(ledger_write.end_run(poor, RUN.run_id, 0))


def test_another_role_goes_on_where_the_owner_granted_it(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    role = make_role()
    with open_session(database, role) as other:
        refused = ledger.read(other, HISTORY)
        assert isinstance(refused, LedgerUnavailable)
        assert refused.hint is not None
        database.execute(refused.hint.removeprefix("let its owner run: "))
        begun(other, replace(RUN, run_id="r2"))
        assert ledger_write.record(other, "r2", [applied("001")]) is None
        assert ledger_write.end_run(other, "r2", 0) is None
    assert [line.database_user for line in lines(session)] == [role]


@pytest.mark.both_majors
def test_the_least_grants_are_enough_and_less_is_noticed(
    database: Database, session: Session, make_role: MakeRole
) -> None:
    begun(session)
    role = make_role()
    grant(database, "grant usage on schema dbmate_wrap to {}", role)
    grant(database, "grant select on all tables in schema dbmate_wrap to {}", role)
    grant(database, "grant insert on dbmate_wrap.run, dbmate_wrap.ledger, dbmate_wrap.stamp to {}", role)
    with open_session(database, role) as other:
        assert "not write to it" in reason(ledger_write.ensure(other, found(other)))
        grant(database, "grant update on dbmate_wrap.run, dbmate_wrap.stamp to {}", role)
        read = found(other)
        begun(other, replace(RUN, run_id="r2"))
        assert stamp.write(other, read.access, environment="staging", run_id="r2") is None
        assert ledger_write.record(other, "r2", [applied("001")]) is None
        assert ledger_write.end_run(other, "r2", 0) is None


def test_a_member_of_the_owning_role_goes_on(database: Database, make_role: MakeRole) -> None:
    owner, member = make_role(), make_role()
    with database.connect() as connection:
        names = sql.Identifier(owner), sql.Identifier(member)
        connection.execute(sql.SQL("grant {} to {}").format(*names))
        database_name = sql.Identifier(database.name)
        connection.execute(sql.SQL("grant create on database {} to {}").format(database_name, names[0]))
    with open_session(database, owner) as first:
        begun(first)
    with open_session(database, member) as second:
        begun(second, replace(RUN, run_id="r2"))
        assert ledger_write.record(second, "r2", [applied("001")]) is None


# Servers that cannot.


@pytest.mark.both_majors
def test_a_database_set_to_read_only_is_a_value(database: Database) -> None:
    with database.connect() as connection:
        name = sql.Identifier(database.name)
        connection.execute(sql.SQL("alter database {} set default_transaction_read_only to on").format(name))
    with open_session(database) as session:
        assert "read-only" in reason(ledger_write.ensure(session, found(session)))


def test_a_schema_of_the_same_name_with_other_tables_is_a_value(
    embedded_database: Database, embedded_session: Session
) -> None:
    embedded_database.execute(
        "create schema dbmate_wrap; create view dbmate_wrap.stamp as select 1 as i;"
        "create table dbmate_wrap.ledger (i int); create table dbmate_wrap.run (i int);"
        "create table dbmate_wrap.format (i int)"
    )
    assert "could not be read" in reason(ledger.read(embedded_session, HISTORY))
    assert "could not be read" in reason(ledger.entries(embedded_session))


def test_a_ledger_that_was_dropped_meanwhile_is_a_value(
    embedded_database: Database, embedded_session: Session
) -> None:
    begun(embedded_session)
    embedded_database.execute("drop schema dbmate_wrap cascade")
    assert "could not be written" in reason(
        ledger_write.record(embedded_session, RUN.run_id, [applied("001")])
    )


@pytest.mark.both_majors
def test_a_name_that_the_databases_encoding_lacks_is_a_value(server: Server) -> None:
    name = f"t_{uuid.uuid4().hex[:12]}"
    server.execute(f"create database {name} encoding 'LATIN1' locale 'C' template template0")
    try:
        with open_session(Database(server, name)) as session:
            begun(session)
            assert ledger_write.record(session, RUN.run_id, [applied("001", file="001_é.sql")]) is None
            refused = ledger_write.record(session, RUN.run_id, [applied("002", file="002_→.sql")])
            assert "could not be written" in reason(refused)
            assert [line.file for line in lines(session)] == ["001_é.sql"]
    finally:
        server.execute(f"drop database {name} with (force)")


def test_a_connection_that_is_lost_is_an_error_and_not_a_value(
    embedded_database: Database, embedded_session: Session
) -> None:
    from dbmate_wrap.errors import UnreachableError

    begun(embedded_session)
    embedded_database.execute(f"select pg_terminate_backend({embedded_session.backend_pid}, 5000)")
    with pytest.raises(UnreachableError):
        ledger_write.record(embedded_session, RUN.run_id, [applied("001")])


@pytest.mark.both_majors
def test_the_ledger_keeps_nobody_from_dropping_and_dumping(database: Database, session: Session) -> None:
    """No lock and no open transaction stays behind."""
    begun(session)
    assert ledger_write.record(session, RUN.run_id, [applied("001")]) is None
    found(session)
    with psycopg.connect(database.url, autocommit=True, options="-c lock_timeout=2s") as other:
        other.execute("drop schema dbmate_wrap cascade")
