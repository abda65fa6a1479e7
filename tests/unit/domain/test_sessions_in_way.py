"""Which of the sessions that a server shows are in the way of a migration."""

from dataclasses import replace

import pytest

from dbmate_wrap.domain.live_relation import SessionInWay
from dbmate_wrap.domain.sessions_in_way import SeenSession, old_snapshots, sessions_in_way

LOCK = SeenSession(
    relation=1,
    pid=7,
    application="report",
    age=12.0,
    mode="AccessShareLock",
    granted=True,
    is_autovacuum=False,
    hidden=False,
    query="select 'secret'\n from orders",
)
SNAPSHOT = replace(LOCK, relation=None, mode=None, granted=None)
VACUUM = replace(
    LOCK, mode="ShareUpdateExclusiveLock", is_autovacuum=True, query="autovacuum: VACUUM public.t"
)


def test_a_session_is_shown_once_with_its_strongest_lock_and_without_values() -> None:
    stronger = replace(LOCK, mode="RowExclusiveLock")
    assert sessions_in_way([LOCK, stronger]) == (
        SessionInWay(7, 12.0, "report", "select ? from orders", "holds RowExclusiveLock"),
    )


def test_sessions_keep_their_order_and_prepared_transactions_are_apart() -> None:
    prepared = [replace(LOCK, pid=0, application=f'prepared as "{name}"', query=None) for name in "ab"]
    found = sessions_in_way([*prepared, LOCK])
    assert [each.application for each in found] == ['prepared as "a"', 'prepared as "b"', "report"]
    assert found[0].query == ""


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ([LOCK], "holds AccessShareLock"),
        ([replace(LOCK, granted=False)], "waits for AccessShareLock"),
        ([LOCK, replace(LOCK, mode="AccessExclusiveLock", granted=False)], "holds AccessShareLock"),
        (
            [replace(VACUUM, query=f"{VACUUM.query} (to prevent wraparound)")],
            "autovacuum to prevent wraparound",
        ),
        # Who may not see its kind does not know that it gives way.
        ([replace(VACUUM, is_autovacuum=False, query=None)], "holds ShareUpdateExclusiveLock"),
    ],
)
def test_the_reason_is_the_lock_or_the_wraparound(seen: list[SeenSession], why: str) -> None:
    assert [each.why for each in sessions_in_way(seen)] == [why]


def test_an_autovacuum_that_gives_way_is_in_nobodys_way() -> None:
    assert sessions_in_way([VACUUM]) == ()


@pytest.mark.parametrize(("age", "shown"), [(0.9, False), (1.0, True), (None, True)])
def test_a_snapshot_is_old_after_a_second(age: float | None, shown: bool) -> None:
    found = old_snapshots([replace(SNAPSHOT, age=age), LOCK])
    assert [each.why for each in found] == (["old snapshot"] if shown else [])
