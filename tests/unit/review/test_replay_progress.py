"""Long replays show what they do, short ones nothing."""

from dataclasses import replace

import pytest

from dbmate_wrap.review.replay_progress import ReplayProgress
from dbmate_wrap.shadow.replay import ReplayPlan
from tests.support.consoles import FakeConsole
from tests.support.migrations import parsed_migration


def plan(length: int, start: int) -> ReplayPlan:
    migrations = tuple(parsed_migration(f"{number:03}_t.sql", "select 1;") for number in range(length))
    return ReplayPlan(migrations, tuple(str(number) for number in range(length)), (), length, start)


@pytest.mark.parametrize(
    ("length", "start", "heading"),
    [
        (3, 2, "replaying 1 migration on here, on top of 2 that are cached"),
        (3, 0, "replaying 3 migrations on here"),
    ],
)
def test_after_a_second_one_line_is_said(length: int, start: int, heading: str) -> None:
    now = 0.0
    console = FakeConsole()
    events = ReplayProgress(console, plan(length, start), "here", lambda: now).events()
    assert not events.should_stop()
    events.started("001_t.sql")
    now = 0.9
    assert not events.should_stop()
    assert (console.said, console.details) == ([], [heading])
    now = 1.1
    for _ in range(2):
        assert not events.should_stop()
    assert console.said == [heading]


def test_a_terminal_shows_the_count_and_is_cleared_at_the_end() -> None:
    now = 0.0
    console = FakeConsole(has_terminal=True)
    progress = ReplayProgress(console, plan(3, 1), "here", lambda: now)
    events = progress.events()
    progress.clear()
    assert console.in_place == []
    events.started("001_t.sql")
    now = 2.0
    events.should_stop()
    events.started("002_t.sql")
    events.started("002_t.sql")
    now = 2.05  # A terminal is not written to more often than anybody can read.
    events.should_stop()
    now = 2.2
    events.should_stop()
    progress.clear()
    assert console.in_place == [
        f"[{'#' * 10}{'.' * 10}] 50 %  replaying migrations: 1 of 2, 2 s",
        f"[{'#' * 20}] 100 %  replaying migrations: 2 of 2, 2 s",
        "",
    ]


def test_a_migration_with_a_round_trip_counts_after_it() -> None:
    now = 0.0
    console = FakeConsole(has_terminal=True)
    due = replace(plan(1200, 0), due=(1,))
    progress = ReplayProgress(console, due, "here", lambda: now)
    events = progress.events()
    events.started("000_t.sql")
    now = 2.0
    for _ in range(2):
        events.started("001_t.sql")
        events.should_stop()
    now = 3.0
    progress.on_judged(due.migrations[1])
    assert console.in_place == [
        f"[{'.' * 20}] 0 %  replaying migrations: {done} of 1,200, {time} s"
        for done, time in ((1, 2), (2, 3))
    ]
