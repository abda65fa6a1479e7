"""Rule transaction-control: every command that begins or ends a transaction, in DO blocks too."""

import pytest

from tests.support.transaction_hits import hits


@pytest.mark.parametrize(
    "sql",
    [
        *("begin", "start transaction", "commit", "end", "rollback", "abort", "savepoint x", "release x"),
        *("rollback to x", "prepare transaction 'x'", "commit prepared 'x'", "rollback prepared 'x'"),
        *("commit and chain", "begin isolation level serializable"),
    ],
)
@pytest.mark.parametrize("transactional", [True, False])
def test_every_command_that_controls_the_transaction_is_a_hit(sql: str, transactional: bool) -> None:
    assert hits(sql, transactional=transactional) == [("transaction-control", sql.split()[0])]


@pytest.mark.parametrize(
    "sql",
    [
        "set transaction isolation level serializable",
        "set constraints all deferred",
        "create procedure app.p() language plpgsql as 'begin commit; end'",
        "create function app.f() returns int begin atomic; select 1; end",
        "do $$ begin begin null; exception when others then null; end; end $$",
        "lock table app.t",
    ],
)
def test_what_does_not_end_it_is_none(sql: str) -> None:
    assert hits(sql) == []


def test_a_do_block_may_commit_only_outside_a_transaction() -> None:
    sql = "do $$ begin\n  commit;\n  if x then rollback; end if;\nend $$"
    assert hits(sql) == [("transaction-control", "commit;"), ("transaction-control", "rollback;")]
    assert hits(sql, transactional=False) == []
