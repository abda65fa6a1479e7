"""What a server says about dbmate's history table: shape, privileges, row level security."""

import uuid
from collections.abc import Iterator

import pytest
from psycopg import sql

from dbmate_wrap.domain.history_table import HistoryTable, objection_to_table
from dbmate_wrap.postgres.catalog import read_server
from tests.support.servers import Database
from tests.support.sessions import open_session

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

TABLE = "create table public.schema_migrations (version varchar primary key)"
SHOWN = "enable row level security; create policy all_rows on public.schema_migrations"


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A role that may read and write the history table, whatever that is."""
    name = f"deployer_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {name} login")
    yield name
    database.execute(f"drop owned by {name} cascade; drop role {name}")


def seen_by(database: Database, role: str) -> HistoryTable:
    """The table as a session of that role sees it."""
    with open_session(database) as session:
        session.rows(sql.SQL("set role {}").format(sql.Identifier(role)).as_string())
        return read_server(session, "public.schema_migrations").history


def test_without_a_table_the_place_is_that_of_dbmates_own_rule(database: Database) -> None:
    with open_session(database) as session:
        session.rows("set search_path = '$user', public")
        bare = read_server(session, "schema_migrations").history
        assert (bare.schema, bare.name, bare.exists) == ("public", "public.schema_migrations", False)
        session.rows("set search_path = nowhere")
        assert read_server(session, "schema_migrations").history.schema == "public"
        odd = read_server(session, 'My.History"s').history
        assert (odd.name, odd.setting) == ('"My"."History""s"', 'My.History"s')


def test_dbmates_own_table_has_nothing_against_it(database: Database, role: str) -> None:
    database.execute(f"{TABLE}; grant select on public.schema_migrations to {role}")
    assert objection_to_table(seen_by(database, role)) is None


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ("version bigint primary key, dirty boolean not null", "golang-migrate"),
        ("version bigint primary key, inserted_at timestamp(0)", "Ecto"),
        (
            "id serial primary key, name text not null, applied_at timestamptz default now()",
            "no column version",
        ),
        ("version text primary key, checksum text not null", "checksum"),
        (
            "version text, service text not null default 'a', primary key (service, version)",
            "its key is version, service",
        ),
    ],
)
def test_the_tables_of_other_tools(database: Database, role: str, columns: str, words: str) -> None:
    database.execute(f"create table public.schema_migrations ({columns})")
    error = objection_to_table(seen_by(database, role))
    assert error is not None
    assert words in error.message


@pytest.mark.parametrize(
    "columns",
    [
        "version varchar(255) primary key",
        "version text primary key, applied_at timestamptz not null default now(), note text",
        "id bigint generated always as identity, version text not null unique",
        "id bigint generated always as identity primary key, version text not null unique",
    ],
)
def test_what_dbmate_can_write_to_is_its_table(database: Database, role: str, columns: str) -> None:
    database.execute(f"create table public.schema_migrations ({columns})")
    database.execute(f"grant select on public.schema_migrations to {role}")
    assert objection_to_table(seen_by(database, role)) is None


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_a_view_of_the_history_is_not_believed(database: Database, role: str, kind: str) -> None:
    database.execute(f"{TABLE}; alter table public.schema_migrations rename to kept")
    database.execute(f"create {kind} public.schema_migrations as select * from public.kept")
    error = objection_to_table(seen_by(database, role))
    assert error is not None
    assert "is a view" in error.message


def test_a_role_without_select_sees_nothing(database: Database, role: str) -> None:
    database.execute(TABLE)
    assert not seen_by(database, role).readable
    database.execute(f"grant select (version) on public.schema_migrations to {role}")
    assert seen_by(database, role).readable


@pytest.mark.parametrize(
    ("statements", "hidden"),
    [
        ("enable row level security", True),
        (f"{SHOWN} using (true)", False),
        (f"{SHOWN} for select to public using (true)", False),
        (f"{SHOWN} for insert with check (true)", True),
        (f"{SHOWN} using (version > '0')", True),
        (f"{SHOWN} to pg_monitor using (true)", True),
        (
            f"{SHOWN} using (true); create policy less on public.schema_migrations as restrictive"
            " using (version > '1')",
            True,
        ),
    ],
)
def test_row_level_security_hides_rows_unless_a_policy_shows_all(
    database: Database, role: str, statements: str, hidden: bool
) -> None:
    database.execute(f"{TABLE}; grant select on public.schema_migrations to {role}")
    database.execute(f"alter table public.schema_migrations {statements}")
    assert seen_by(database, role).hides_rows is hidden
    assert not seen_by(database, database.server.superuser).hides_rows


def test_forced_row_level_security_hides_rows_from_the_owner_too(database: Database, role: str) -> None:
    database.execute(f"{TABLE}; alter table public.schema_migrations owner to {role}")
    database.execute("alter table public.schema_migrations enable row level security")
    assert not seen_by(database, role).hides_rows
    database.execute("alter table public.schema_migrations force row level security")
    assert seen_by(database, role).hides_rows


def test_the_table_of_rails_is_seen_beside_it(database: Database, role: str) -> None:
    database.execute(TABLE)
    assert not seen_by(database, role).beside_rails
    database.execute("create table public.ar_internal_metadata (key varchar primary key, value varchar)")
    assert seen_by(database, role).beside_rails
