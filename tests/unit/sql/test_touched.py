"""The relations of which a statement needs the owner's rights."""

import pytest

from dbmate_wrap.sql.parse import read_sql
from dbmate_wrap.sql.touched import touched_by


@pytest.mark.parametrize(
    ("sql", "touched"),
    [
        ("alter table app.t add x int", [("app", "t", "owner")]),
        ("alter index i rename to j", [("", "i", "owner")]),
        ("alter table app.t rename x to y", [("app", "t", "owner")]),
        ("alter sequence app.s restart", [("app", "s", "owner")]),
        ("create index on app.t (x)", [("app", "t", "owner")]),
        ("create policy p on app.t using (true)", []),
        ("create or replace view app.v as select 1", [("app", "v", "owner")]),
        ("create trigger g before insert on app.t execute function app.f()", [("app", "t", "trigger")]),
        ("drop table app.t, u", [("app", "t", "drop"), ("", "u", "drop")]),
        ("drop index concurrently app.i", [("app", "i", "drop")]),
        ("drop trigger g on app.t", []),
        ("drop policy p on t", []),
        ("create view app.v as select * from app.t", []),
        ("create table app.t (id int references app.u)", []),
        ("alter role a rename to b", []),
        ("alter function app.f() set schema crm", []),
        ("drop function app.f()", []),
        ("insert into app.t values (1)", []),
    ],
)
def test_what_a_statement_changes_is_named_with_the_right_it_takes(
    sql: str, touched: list[tuple[str, str, str]]
) -> None:
    [statement] = read_sql(sql).statements
    assert list(touched_by(statement.tree)) == touched
