"""ownership: owners, privileges and roles."""

import pytest

from dbmate_wrap.policy.rules import ownership
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION


def hits(sql: str) -> list[str]:
    """What the messages say after the colon."""
    found = ownership.find(read_sql(sql).statements, TRANSACTION)
    return [hit.message.partition(": ")[2] for hit in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("alter table app.t owner to bob", "OWNER TO bob"),
        ("alter table app.t add x int, owner to current_user", "OWNER TO CURRENT_USER"),
        ("alter view app.v owner to bob", "OWNER TO bob"),
        ("alter function app.f() owner to session_user", "OWNER TO SESSION_USER"),
        ("alter schema app owner to bob", "OWNER TO bob"),
        ("alter publication p owner to bob", "OWNER TO bob"),
        ("grant select on app.t to bob, public", "GRANT ... TO bob, PUBLIC"),
        ("revoke all on schema public from public", "REVOKE ... FROM PUBLIC"),
        ("grant reader, writer to bob", "GRANT reader, writer TO bob"),
        ("revoke reader from bob", "REVOKE reader FROM bob"),
        ("alter default privileges in schema app grant select on tables to bob",
         "ALTER DEFAULT PRIVILEGES GRANT ... TO bob"),
        ("reassign owned by bob to alice", "REASSIGN OWNED BY bob"),
        ("drop owned by bob", "DROP OWNED BY bob"),
        ("create role bob", "CREATE ROLE bob"),
        ("create user bob", "CREATE USER bob"),
        ("alter role bob login", "ALTER ROLE bob"),
        ("alter role bob rename to alice", "ALTER ROLE bob RENAME"),
        ("alter role bob set work_mem = '1MB'", "ALTER ROLE bob"),
        ("drop role bob", "DROP ROLE bob"),
        ("set role bob", "SET ROLE"),
        ("set local role bob", "SET ROLE"),
        ("set session authorization bob", "SET SESSION AUTHORIZATION"),
        ("create schema app authorization bob", "CREATE SCHEMA AUTHORIZATION bob"),
        ("create schema authorization bob", "CREATE SCHEMA AUTHORIZATION bob"),
        ("create schema app create table t (a int) grant select on t to bob", "GRANT ... TO bob"),
        ("do $$ begin grant select on app.t to bob; end $$", "GRANT ... TO bob"),
        ("do $$ begin execute 'alter table app.t owner to bob'; end $$", "OWNER TO bob"),
    ],
)  # fmt: skip
def test_what_depends_on_roles_is_named(sql: str, expected: str) -> None:
    assert hits(sql) == [expected]


@pytest.mark.parametrize(
    "sql",
    [
        "create schema app",
        "create table app.t (owner text)",
        "alter table app.t add owner text",
        "create policy p on app.t to bob using (true)",
        "alter role bob set search_path = app",
        "alter table app.t rename to u",
        "alter sequence app.s owned by app.t.id",
        "reset role",
        "set work_mem = '1MB'",
        "create function app.f() returns void language sql as 'grant select on app.t to bob'",
        "comment on role bob is 'x'",
    ],
)
def test_what_does_not_is_no_hit(sql: str) -> None:
    assert hits(sql) == []
