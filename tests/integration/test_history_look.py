"""What one look at a history finds, as a role that may read it and nothing else."""

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from dbmate_wrap.domain.database_url import DatabaseUrl, parse
from dbmate_wrap.domain.invocation import Invocation
from dbmate_wrap.errors import HistoryError, PreflightError, UnreachableError
from dbmate_wrap.workspace.context import Context
from dbmate_wrap.workspace.history_look import HistoryLook, read_look
from tests.support.servers import Database

pytestmark = [pytest.mark.integration, pytest.mark.both_majors]

TABLE = "create table public.schema_migrations (version varchar primary key)"
ROWS = f"{TABLE}; insert into public.schema_migrations values ('002'), ('001')"


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A role that may connect, and enter the schema public."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    database.execute(f"create role {name} login; grant usage on schema public to {name}")
    yield name
    database.execute(f"drop owned by {name} cascade; drop role {name}")


def url_of(database: Database, role: str) -> DatabaseUrl:
    return parse(database.url.replace(f"{database.server.superuser}@", f"{role}@"), os_user="")


def look(database: Database, role: str, *known: str) -> HistoryLook:
    """One look with the default settings."""
    values = SimpleNamespace(connect_timeout=10.0, migrations_table="schema_migrations")
    context = SimpleNamespace(
        environment=SimpleNamespace(values=values), invocation=Invocation("wait", "0123456789ab")
    )
    return read_look(cast(Context, context), url_of(database, role), known)


def test_select_on_the_history_table_is_enough(database: Database, role: str) -> None:
    database.execute(f"{ROWS}; grant select on public.schema_migrations to {role}")
    found = look(database, role, "001", "002", "003")
    assert found.applied == ("001", "002")
    assert (found.absent, found.error, found.is_before_first_run) == (None, None, False)
    assert found.target is not None
    assert found.target.database == database.name


def test_before_the_first_run_there_is_no_table(database: Database, role: str) -> None:
    found = look(database, role, "001")
    assert found.absent == "there is no table public.schema_migrations yet"
    assert found.is_before_first_run


def test_a_table_elsewhere_is_named(database: Database, role: str) -> None:
    database.execute(f"{TABLE}; create schema app authorization {role}")
    database.execute(f"alter role {role} set search_path = app")
    found = look(database, role)
    assert found.absent == (
        "there is no table app.schema_migrations yet, but public.schema_migrations looks like it:"
        " if that one is meant, set migrations_table to it"
    )


@pytest.mark.parametrize("usage", [True, False])
def test_without_a_privilege_the_error_has_the_grant(database: Database, role: str, usage: bool) -> None:
    database.execute(ROWS)
    if not usage:
        database.execute(f"revoke usage on schema public from public, {role}")
        database.execute(f"grant select on public.schema_migrations to {role}")
    found = look(database, role)
    assert isinstance(found.error, PreflightError)
    assert found.error.hint == (
        f"let its owner run: grant usage on schema public to {role};"
        f" grant select on public.schema_migrations to {role}"
    )
    assert found.target is not None


def test_a_privilege_on_another_column_is_no_privilege(database: Database, role: str) -> None:
    database.execute(f"{TABLE}; alter table public.schema_migrations add note text")
    database.execute(f"grant select (note) on public.schema_migrations to {role}")
    found = look(database, role)
    assert isinstance(found.error, PreflightError)
    assert "grant select on public.schema_migrations" in (found.error.hint or "")


def test_hidden_rows_are_not_taken_for_missing_ones(database: Database, role: str) -> None:
    database.execute(f"{ROWS}; grant select on public.schema_migrations to {role}")
    database.execute("alter table public.schema_migrations enable row level security")
    found = look(database, role)
    assert isinstance(found.error, PreflightError)
    assert "for select to" in (found.error.hint or "")
    assert "with check" not in (found.error.hint or "")


def test_the_table_of_another_tool_or_project_ends_it(database: Database, role: str) -> None:
    database.execute(f"{ROWS}; grant select on public.schema_migrations to {role}")
    with pytest.raises(HistoryError, match="another project's"):
        look(database, role, "100", "101")
    database.execute("drop table public.schema_migrations; create table public.schema_migrations (id int)")
    with pytest.raises(HistoryError, match="is not dbmate's"):
        look(database, role)


def test_a_question_that_is_cut_off_may_be_answered_later(database: Database, role: str) -> None:
    database.execute(f"{ROWS}; grant select on public.schema_migrations to {role}")
    database.execute(f"alter role {role} set lock_timeout = '1ms'")
    with database.connect() as other, other.transaction():
        other.execute("lock table public.schema_migrations in access exclusive mode")
        with pytest.raises(UnreachableError, match="lock timeout") as raised:
            look(database, role)
    assert (raised.value.kind, raised.value.sqlstate) == ("other", "55P03")
    assert look(database, role).applied == ("001", "002")
