"""Rule literal-password: passwords that everybody can read, and never the password in the finding."""

import pytest

from dbmate_wrap.policy.rules.literal_password import find
from dbmate_wrap.sql.parse import read_sql
from tests.support.sql_blocks import TRANSACTION

SECRET = "geheim"


def found(sql: str) -> list[tuple[str, str]]:
    """What the hits name, and the text from there on."""
    hits = list(find(read_sql(sql).statements, TRANSACTION))
    assert not any(SECRET in hit.message + hit.hint for hit in hits)
    return [(hit.message.removeprefix("has a password in clear text: "), sql[hit.offset :]) for hit in hits]


@pytest.mark.parametrize(
    ("sql", "named", "place"),
    [
        ("create role a login password 'geheim'", "CREATE ROLE", "password"),
        ("create user a encrypted password E'geheim'", "CREATE ROLE", "encrypted"),
        ("create group a password $$geheim$$", "CREATE ROLE", "password"),
        ("alter user a with\n  password 'geheim'", "ALTER ROLE", "password"),
        ("alter role a password 'md5d41d8cd98f00b204e9800998ecf8427e'", "ALTER ROLE", "password"),
        ("alter role a password 'SCRAM-SHA-256$geheim'", "ALTER ROLE", "password"),
        (
            "create user mapping for a server s options (user 'b', password 'geheim')",
            "CREATE USER MAPPING",
            "password",
        ),
        (
            "alter user mapping for a server s options (set password 'geheim')",
            "ALTER USER MAPPING",
            "password",
        ),
        ("create server s foreign data wrapper f options (password 'geheim')", "CREATE SERVER", "password"),
        (
            "create subscription s connection 'host=a password=geheim' publication p",
            "CREATE SUBSCRIPTION",
            "create",
        ),
        (
            "create subscription s connection 'postgres://a:geheim@b/c' publication p",
            "CREATE SUBSCRIPTION",
            "create",
        ),
        ("alter subscription s connection 'password = ''geheim x'''", "ALTER SUBSCRIPTION", "alter"),
        ("select * from dblink('password=geheim', 'select 1') as t (i int)", "dblink", "dblink"),
        ("select ext.dblink_connect('c', 'host=a password=geheim db=' || b)", "dblink_connect", "ext"),
        ("do $$ begin create role a password 'geheim'; end $$", "CREATE ROLE", "password"),
        ("do $$ begin execute 'create role a password ''geheim'''; end $$", "CREATE ROLE", "'create"),
        (
            "create function f() returns void language plpgsql as"
            " $$ begin perform dblink_exec('password=geheim', x); end $$",
            "dblink_exec",
            "dblink_exec",
        ),
    ],
)
def test_a_password_in_clear_text_is_a_hit(sql: str, named: str, place: str) -> None:
    ((what, where),) = found(sql)
    assert what == named
    assert where.startswith(place)


@pytest.mark.parametrize(
    "sql",
    [
        "create role a login password null",
        "alter role a password ''",
        "create role a password 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy'",
        "create user mapping for a server s options (user 'b')",
        "create subscription s connection 'host=a passfile=/x user=b' publication p",
        "create subscription s connection 'postgres://a@b/c' publication p",
        "do $$ begin execute format('create role a password %L', x); end $$",
        "do $$ begin execute 'create role a password ' || quote_literal(x); end $$",
        "do $$ begin perform dblink_connect('host=a password=' || x); end $$",
        "do $$ begin perform dblink_connect(format('password=%s user=b', x)); end $$",
        "create table t (password text default 'geheim')",
        "comment on table t is 'password=geheim'",
        "select 'postgres://a:geheim@b/c'",
    ],
)
def test_what_holds_none_is_left_alone(sql: str) -> None:
    assert read_sql(sql).unreadable == ()
    assert found(sql) == []
