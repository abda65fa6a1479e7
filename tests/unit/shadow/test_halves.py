"""Many round trips are done in two halves at once, and give the result that one replay gives."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dbmate_wrap.dbmate.client import RunEvents
from dbmate_wrap.shadow import halves
from dbmate_wrap.shadow.cache import SchemaDump
from dbmate_wrap.shadow.halves import Half, ReplayStopped
from dbmate_wrap.shadow.replay import ReplayPlan, ReplayResult
from dbmate_wrap.shadow.round_trip import DownFault
from dbmate_wrap.shadow.scratch import MigrationFailed, ReplayTools
from tests.support.migrations import parsed_migration

HISTORY = [parsed_migration(f"{number:03}_t.sql", "create table t ();") for number in range(6)]
WAIT_SECONDS = 10


@pytest.mark.parametrize(
    ("due", "worth"),
    [
        (range(23), False),
        (range(24), True),
        (range(120, 144), True),
        (range(121, 145), False),
        (range(400, 500), True),
        ((), False),
    ],
)
def test_a_second_server_is_started_for_many_round_trips_after_little_else(
    due: Sequence[int], worth: bool
) -> None:
    assert halves.is_worth_halving(due) is worth


def test_the_halves_have_each_round_trip_once_and_the_last_makes_the_whole_history() -> None:
    plans = halves.plan_halves(
        HISTORY, list("abcdef"), (0, 2, 3, 5), lambda keys: len(keys) - 1, at_once=True
    )
    assert plans.first == ReplayPlan(tuple(HISTORY[:3]), tuple("abc"), (0, 2), 0, 0)
    assert plans.last == ReplayPlan(tuple(HISTORY), tuple("abcdef"), (3, 5), 3, 2)
    assert plans.whole == ReplayPlan(tuple(HISTORY), tuple("abcdef"), (0, 2, 3, 5), 0, 0)


def test_one_server_has_one_plan() -> None:
    plans = halves.plan_halves(HISTORY, list("abcdef"), (2, 3), lambda keys: len(keys), at_once=False)
    assert plans.first is None
    assert plans.last == plans.whole == ReplayPlan(tuple(HISTORY), tuple("abcdef"), (2, 3), 2, 2)


def fault(file: str) -> DownFault:
    return DownFault(file, 1, None, "it leaves table t")


def half(name: str) -> Half:
    """A half that `run_replay` tells from the other by the key of its plan."""
    unused: Any = None
    events = RunEvents(lambda name: None, lambda name, seconds: None, lambda: False)
    tools = ReplayTools(unused, unused, unused, unused, events, unused, "schema_migrations", {})
    return Half(tools, ReplayPlan((), (name,), (), 0, 0))


Work = Callable[[ReplayTools], ReplayResult]


def run(monkeypatch: pytest.MonkeyPatch, first: Work, second: Work) -> ReplayResult:
    work = {"first": first, "second": second}
    monkeypatch.setattr(halves, "run_replay", lambda tools, plan: work[plan.keys[0]](tools))
    return halves.run_halves(half("first"), half("second"))


def work_until_stopped(ended: list[str]) -> Work:
    """Judges migrations until that ends it."""

    def work(tools: ReplayTools) -> ReplayResult:
        waited = 0.0
        try:
            while waited < WAIT_SECONDS:
                tools.judged(HISTORY[0])
                time.sleep(0.01)
                waited += 0.01
        except ReplayStopped:
            assert tools.events.should_stop()
            ended.append("stopped")
            raise
        return ReplayResult((), None)

    return work


def fail(tools: ReplayTools) -> ReplayResult:
    raise MigrationFailed(HISTORY[1], None)


def test_the_result_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    first = ReplayResult((fault("a"),), SchemaDump("half", ""), (HISTORY[0],))
    second = ReplayResult((fault("b"),), SchemaDump("whole", ""), (HISTORY[5],))
    whole = run(monkeypatch, lambda tools: first, lambda tools: second)
    assert whole == ReplayResult((fault("a"), fault("b")), SchemaDump("whole", ""), (HISTORY[0], HISTORY[5]))


@pytest.mark.parametrize("failing", ["first", "second"])
def test_a_half_that_fails_stops_the_other(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    ended: list[str] = []
    other = work_until_stopped(ended)
    works = (fail, other) if failing == "first" else (other, fail)
    with pytest.raises(MigrationFailed):
        run(monkeypatch, *works)
    assert ended == ["stopped"]


def test_what_a_stopped_dbmate_says_is_not_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(tools: ReplayTools) -> ReplayResult:
        while not tools.events.should_stop():
            time.sleep(0.01)
        raise MigrationFailed(HISTORY[4], None)

    with pytest.raises(MigrationFailed) as raised:
        run(monkeypatch, fail, killed)
    assert raised.value.migration == HISTORY[1]


def test_after_a_signal_nothing_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[str] = []

    def interrupted(tools: ReplayTools) -> ReplayResult:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, work_until_stopped(ended), interrupted)
    assert ended == ["stopped"]
