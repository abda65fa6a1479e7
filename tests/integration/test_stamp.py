"""The stamp on real servers: a database is known again, and a copy is known for one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from psycopg import sql

from dbmate_wrap.domain.ledger import Ledger, Origin, Provenance, Record, Run
from dbmate_wrap.domain.ledger_access import LedgerUnavailable
from dbmate_wrap.domain.stamp import Copy, Missing, OtherEnvironment, Same, StampVerdict
from dbmate_wrap.postgres import ledger, ledger_write, stamp
from dbmate_wrap.postgres.session import Session
from tests.support.dumps import restore
from tests.support.servers import Database, Server
from tests.support.sessions import open_session

pytestmark = pytest.mark.integration

HISTORY = "public.schema_migrations"
RUN = Run("run-1", "up", "production", "0.1.0", "2.37.0", HISTORY, Provenance(None, None, None, None))


def begin(session: Session, run: Run) -> LedgerUnavailable | None:
    """Begin a run in a ledger that is there."""
    return ledger_write.begin_run(session, run, found(session).access)


def found(session: Session) -> Ledger:
    """What is read, which must be possible."""
    read = ledger.read(session, HISTORY)
    assert isinstance(read, Ledger), read
    return read


def write(session: Session, environment: str) -> None:
    """Stamp it, as `up` and `stamp` do."""
    read = found(session)
    assert ledger_write.ensure(session, read) is None
    assert begin(session, replace(RUN, environment=environment)) is None
    assert stamp.write(session, read.access, environment=environment, run_id=RUN.run_id) is None


def verdict(session: Session, environment: str, *, protected: bool = False) -> StampVerdict:
    """What a run of `environment` would be told."""
    return found(session).verdict(environment, protected=protected)


def stamped(database: Database, environment: str) -> None:
    """Stamp a database, with a line in its ledger."""
    with open_session(database) as session:
        write(session, environment)
        assert (
            ledger_write.record(session, RUN.run_id, [Record("001", "001_a.sql", "abc", Origin.APPLIED)])
            is None
        )


@contextmanager
def copied(database: Database) -> Iterator[Database]:
    """CREATE DATABASE ... TEMPLATE, on the same server."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    database.server.execute(f"create database {name} template {database.name}")
    try:
        yield Database(database.server, name)
    finally:
        database.server.execute(f"drop database {name} with (force)")


@pytest.mark.both_majors
def test_a_stamp_is_read_as_it_was_written(database: Database) -> None:
    with open_session(database) as session:
        write(session, 'sta\'ging "%s"')
        read = found(session)
    assert read.stamp is not None
    assert read.stamp.environment == 'sta\'ging "%s"'
    assert read.stamp.identity == read.identity
    assert read.stamp.stamped_by == database.server.superuser
    assert read.stamp.stamped_at.endswith("Z")
    [(identifier, oid)] = database.execute(
        "select c.system_identifier::text, d.oid::bigint from pg_control_system() c, pg_database d"
        " where d.datname = current_database()"
    )
    assert (read.stamp.identity.system_identifier, read.stamp.identity.database_oid) == (identifier, oid)


def test_a_database_is_missing_a_stamp_then_the_same_then_refused_to_others(database: Database) -> None:
    with open_session(database) as session:
        assert verdict(session, "production") == Missing()
        assert ledger_write.ensure(session, found(session)) is None
        assert verdict(session, "production") == Missing()
        write(session, "production")
        assert verdict(session, "production", protected=True) == Same()
        assert isinstance(verdict(session, "staging"), OtherEnvironment)


def test_stamping_again_replaces_the_one_row(database: Database) -> None:
    with open_session(database) as session:
        write(session, "production")
        write(session, "staging")
        assert verdict(session, "staging") == Same()
    assert database.execute("select count(*) from dbmate_wrap.stamp") == [(1,)]


def test_a_renamed_database_is_the_same(database: Database) -> None:
    stamped(database, "production")
    name = f"{database.name}_renamed"
    database.server.execute(f"alter database {database.name} rename to {name}")
    try:
        with open_session(Database(database.server, name)) as session:
            assert verdict(session, "production", protected=True) == Same()
    finally:
        database.server.execute(f"alter database {name} rename to {database.name}")


def judged_as_a_copy(copy: Database) -> None:
    """Of a database that was stamped as production: staging renews it, production itself does not."""
    with open_session(copy) as session:
        for environment in ("staging", "production"):
            unprotected, protected = (
                verdict(session, environment),
                verdict(session, environment, protected=True),
            )
            assert isinstance(unprotected, Copy)
            assert isinstance(protected, Copy)
            assert (unprotected.renewable, protected.renewable) == (True, False)
            assert unprotected.stamp.environment == "production"
        assert found(session).checksums == {"001": "abc"}
        assert begin(session, replace(RUN, run_id="run-2", environment="staging")) is None
        read = found(session)
        assert stamp.write(session, read.access, environment="staging", run_id="run-2") is None
        assert verdict(session, "staging") == Same()
        # The ledger goes on where the original's ended.
        assert (
            ledger_write.record(session, "run-2", [Record("002", "002_b.sql", "def", Origin.APPLIED)]) is None
        )
        assert found(session).checksums == {"001": "abc", "002": "def"}


@pytest.mark.both_majors
def test_a_template_copy_on_the_same_server_is_a_copy(database: Database) -> None:
    stamped(database, "production")
    with copied(database) as copy:
        judged_as_a_copy(copy)


@pytest.mark.both_majors
def test_a_dump_restored_on_the_same_server_is_a_copy(database: Database) -> None:
    stamped(database, "production")
    with database.server.new_database() as copy:
        restore(database, copy)
        judged_as_a_copy(copy)


@pytest.mark.both_majors
def test_a_dump_restored_on_another_server_is_a_copy(
    database: Database, embedded: Server, local: Server
) -> None:
    stamped(database, "production")
    other = local if database.server is embedded else embedded
    with other.new_database() as copy:
        restore(database, copy)
        judged_as_a_copy(copy)


@pytest.mark.both_majors
def test_a_role_that_may_not_read_the_identifier_knows_the_database_by_its_oid(database: Database) -> None:
    database.execute("revoke execute on function pg_control_system() from public")
    role = f'o\'Brien "{uuid.uuid4().hex[:8]}"'
    with database.connect() as connection:
        names = sql.Identifier(database.name), sql.Identifier(role)
        connection.execute(sql.SQL("create role {} login").format(names[1]))
        connection.execute(sql.SQL("grant create on database {} to {}").format(*names))
    try:
        with open_session(database, role) as session:
            write(session, "production")
            read = found(session)
            assert not read.access.identifiable
            assert read.stamp is not None
            assert read.stamp.identity == read.identity
            assert read.stamp.identity.system_identifier is None
            assert verdict(session, "production", protected=True) == Same()
            assert isinstance(verdict(session, "staging"), OtherEnvironment)
        # Who may read it all is not confused by what the other could not.
        with open_session(database) as session:
            assert verdict(session, "production", protected=True) == Same()
        with copied(database) as copy, open_session(copy) as session:
            assert isinstance(verdict(session, "production"), Copy)
    finally:
        with database.connect() as connection:
            connection.execute(sql.SQL("drop owned by {} cascade").format(names[1]))
            connection.execute(sql.SQL("drop role {}").format(names[1]))


@pytest.mark.both_majors
def test_a_server_whose_function_fails_is_asked_without_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = "(select (1 / (pg_catalog.random() * 0)::int)::pg_catalog.text)"
    monkeypatch.setattr(stamp, "_IDENTIFIER", failing)
    with open_session(database) as session:
        write(session, "production")
        read = found(session)
        assert read.identity is not None
        assert read.identity.system_identifier is None
        assert verdict(session, "production") == Same()


def test_a_stamp_that_may_not_be_written_is_a_value(database: Database) -> None:
    stamped(database, "production")
    role = f"reader_{uuid.uuid4().hex[:8]}"
    database.execute(
        f"create role {role} login; grant usage on schema dbmate_wrap to {role};"
        f"grant select on all tables in schema dbmate_wrap to {role}"
    )
    try:
        with open_session(database, role) as session:
            refused = stamp.write(session, found(session).access, environment="staging", run_id=None)
            assert isinstance(refused, LedgerUnavailable)
            assert "permission denied" in refused.reason
            assert isinstance(verdict(session, "staging"), OtherEnvironment)
    finally:
        database.execute(f"drop owned by {role}; drop role {role}")
