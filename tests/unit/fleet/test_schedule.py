"""Canaries go first, and every condition stops what has not begun; no run waits for ever."""

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbmate_wrap.domain.failure_limit import FailureLimit, parse_failure_limit
from dbmate_wrap.domain.fleet import FleetTarget
from dbmate_wrap.errors import ExitCode
from dbmate_wrap.fleet.schedule import End, Schedule, StopConditions, WaitingTarget
from dbmate_wrap.fleet.turns import Limits

WIDE = Limits(jobs=100, per_server=100)
OK = End(ExitCode.OK)
DOWN = End(ExitCode.UNREACHABLE)
BROKEN = End(ExitCode.FAILED, "014_unique.sql", "23505")


def target(name: str) -> FleetTarget:
    """A target; one whose name begins with c is a canary."""
    return FleetTarget(name, name, labels={"wave": "canary"} if name.startswith("c") else {})


def waiting(names: Iterable[str]) -> list[WaitingTarget]:
    return [WaitingTarget(target(name), "server") for name in names]


def schedule(
    names: Iterable[str],
    limit: str | None = None,
    *,
    failed: Sequence[str] = (),
    limits: Limits = WIDE,
    size: int = 10,
) -> Schedule:
    parsed = parse_failure_limit(limit) if limit is not None else None
    return Schedule(waiting(names), limits, StopConditions(size, parsed, [target(name) for name in failed]))


def take_all(run: Schedule) -> dict[str, WaitingTarget]:
    """What may begin now, by name."""
    found = {}
    while (taken := run.take()) is not None:
        found[taken.target.name] = taken
    return found


def names_of(targets: Iterable[FleetTarget]) -> list[str]:
    return [each.name for each in targets]


def test_the_rest_begins_when_the_last_canary_has_ended_well() -> None:
    run = schedule(["a", "c1", "b", "c2"])
    canaries = take_all(run)
    assert list(canaries) == ["c1", "c2"]
    assert run.waiting == 2
    run.note_end(canaries["c2"], OK)
    assert take_all(run) == {}
    run.note_end(canaries["c1"], OK)
    assert list(take_all(run)) == ["a", "b"]
    assert (run.stopped, run.not_begun) == (None, [])


@pytest.mark.parametrize("end", [DOWN, BROKEN, End(ExitCode.TERMINATED), End(ExitCode.PENDING)])
def test_a_canary_that_fails_stops_the_rest_and_the_other_canaries(end: End) -> None:
    run = schedule(["a", "c1", "c2", "c3", "b"], limits=Limits(2, 2))
    begun = take_all(run)
    run.note_end(begun["c2"], end)
    assert run.stopped == "the canary c2 failed: nothing was begun after the canaries"
    assert sorted(names_of(run.not_begun)) == ["a", "b", "c3"]
    # Nothing follows the other one at work.
    assert run.waiting == 0
    run.note_end(begun["c1"], OK)
    assert (take_all(run), run.waiting) == ({}, 0)
    assert len(run.not_begun) == 3


def test_a_canary_that_failed_before_anything_was_applied_stops_everything() -> None:
    run = schedule(["a", "c1"], failed=["b", "c2"])
    assert run.stopped == "the canary c2 failed: nothing was begun after the canaries"
    assert (take_all(run), names_of(run.not_begun)) == ({}, ["c1", "a"])


def test_where_no_canary_has_anything_to_apply_all_begin() -> None:
    assert list(take_all(schedule(["a", "b"], failed=["d"]))) == ["a", "b"]


@pytest.mark.parametrize(
    ("limit", "size", "allowed"),
    [("0", 100, 0), ("2", 100, 2), ("0%", 100, 0), ("5%", 100, 5), ("10%", 25, 2), ("100%", 3, 3)],
)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_more_failures_than_the_limit_stop_the_run_those_before_it_included(
    limit: str, size: int, allowed: int, before: int
) -> None:
    run = schedule("abdefg", limit, failed=["x", "y", "z"][:before], size=size)
    begun = take_all(run)
    if before > allowed:
        assert (begun, len(run.not_begun)) == ({}, 6)
        assert run.stopped is not None
        return
    for number, name in enumerate("abdefg", before + 1):
        run.note_end(begun[name], DOWN)
        assert (run.stopped is not None) == (number > allowed)


def test_what_stopped_the_run_is_said_with_the_limit_as_it_was_given() -> None:
    run = schedule("abd", "10%", size=10)
    begun = take_all(run)
    run.note_end(begun["a"], DOWN)
    assert run.stopped is None
    run.note_end(begun["b"], DOWN)
    assert run.stopped == "2 databases failed, and --max-failures is 10%"
    run.note_end(begun["d"], BROKEN)
    assert run.stopped == "2 databases failed, and --max-failures is 10%"
    assert schedule("a", "0", failed=["b"]).stopped == "1 database failed, and --max-failures is 0"


@pytest.mark.parametrize("limits", [WIDE, Limits(3, 1), Limits(1, 3)])
def test_three_that_fail_alike_at_first_stop_the_run(limits: Limits) -> None:
    run = schedule("abdefg", limits=limits)
    ended = 0
    begun: list[WaitingTarget] = []
    while ended < 3:
        begun += take_all(run).values()
        run.note_end(begun[ended], BROKEN)
        ended += 1
    assert run.stopped == (
        "the first 3 databases failed alike, in 014_unique.sql with 23505: look at one of them first"
    )
    assert take_all(run) == {}
    assert len(begun) + len(run.not_begun) == 6


@pytest.mark.parametrize(
    "ends",
    [
        (BROKEN, BROKEN),
        (OK, BROKEN, BROKEN, BROKEN, BROKEN),
        (BROKEN, OK, BROKEN, BROKEN, BROKEN),
        (BROKEN, BROKEN, OK, BROKEN, BROKEN),
        (BROKEN, BROKEN, End(ExitCode.FAILED, "014_unique.sql", "23502")),
        (BROKEN, BROKEN, End(ExitCode.FAILED, "013_x.sql", "23505")),
        # Another error than of a migration: a server that is down is no reason.
        (DOWN, DOWN, DOWN, DOWN),
        (End(ExitCode.FAILED, "014_unique.sql", None),) * 4,
        (End(ExitCode.PREFLIGHT, None, "42501"),) * 4,
    ],
)
def test_three_that_differ_do_not(ends: Sequence[End]) -> None:
    run = schedule("abdefg")
    begun = list(take_all(run).values())
    for each, end in zip(begun, ends, strict=False):
        run.note_end(each, end)
    assert run.stopped is None


def test_canaries_that_fail_alike_are_told_as_canaries() -> None:
    run = schedule(["c1", "c2", "c3", "a"])
    for each in take_all(run).values():
        run.note_end(each, BROKEN)
    assert run.stopped == "the canary c1 failed: nothing was begun after the canaries"


def test_the_first_reason_to_stop_stays() -> None:
    run = schedule(["a", "c1"])
    begun = take_all(run)
    run.stop("the run was interrupted")
    run.stop("the run was terminated")
    run.note_end(begun["c1"], DOWN)
    assert (run.stopped, names_of(run.not_begun)) == ("the run was interrupted", ["a"])


def test_without_conditions_canaries_are_as_all_others_and_no_failure_stops_the_run() -> None:
    run = Schedule(waiting(["a", "c1", "b", "d"]), Limits(1, 1))
    order: list[str] = []
    while begun := take_all(run):
        order += begun
        for each in begun.values():
            run.note_end(each, BROKEN)
    assert run.waiting == 0
    assert order == ["a", "c1", "b", "d"]
    assert (run.stopped, run.not_begun) == (None, [])


def test_without_conditions_a_signal_stops_the_run() -> None:
    run = Schedule(waiting(["a", "c1"]), Limits(1, 1))
    (begun,) = take_all(run).values()
    run.stop("the run was interrupted")
    run.note_end(begun, OK)
    assert (take_all(run), names_of(run.not_begun)) == ({}, ["c1"])


ENDS = st.sampled_from([OK, OK, OK, DOWN, BROKEN, BROKEN, End(ExitCode.BLOCKED, "013_x.sql", "55P03")])
LIMIT = st.none() | st.integers(0, 4).map(lambda number: FailureLimit(number, None))


@given(
    of=st.lists(st.tuples(st.booleans(), st.integers(0, 3), ENDS), max_size=25),
    failed=st.lists(st.booleans(), max_size=3),
    limit=LIMIT | st.integers(0, 100).map(lambda percent: FailureLimit(None, percent)),
    has_conditions=st.booleans(),
    limits=st.builds(Limits, st.integers(1, 5), st.integers(1, 3)),
    choice=st.randoms(use_true_random=False),
)
def test_every_target_ends_once_or_is_not_begun_and_the_run_ends(
    of: list[tuple[bool, int, End]],
    failed: list[bool],
    limit: FailureLimit | None,
    has_conditions: bool,
    limits: Limits,
    choice: random.Random,
) -> None:
    def named(number: int, canary: bool) -> FleetTarget:
        return FleetTarget(str(number), str(number), labels={"wave": "canary"} if canary else {})

    all_waiting = [
        WaitingTarget(named(number, canary), server) for number, (canary, server, _) in enumerate(of)
    ]
    found_failed = [named(100 + number, canary) for number, canary in enumerate(failed)]
    stop_on = StopConditions(len(of) + len(failed), limit, found_failed) if has_conditions else None
    run = Schedule(all_waiting, limits, stop_on)
    at_work: list[WaitingTarget] = []
    ended: list[tuple[WaitingTarget, End]] = []
    while run.waiting or at_work:
        while (taken := run.take()) is not None:
            assert run.stopped is None
            if stop_on is not None and not taken.target.is_canary:
                done = {each.target.name: end for each, end in ended}
                canaries = [each.target.name for each in all_waiting if each.target.is_canary]
                assert all(done.get(name) == OK for name in canaries)
                assert not any(failed)
            at_work.append(taken)
        # Nothing waits with nothing at work: the loop of a run would never end.
        assert at_work
        assert len(at_work) <= limits.jobs
        each = at_work.pop(choice.randrange(len(at_work)))
        ended.append((each, of[int(each.target.name)][2]))
        run.note_end(*ended[-1])
    names = [each.target.name for each, _ in ended] + names_of(run.not_begun)
    assert sorted(names, key=int) == [str(number) for number in range(len(of))]
    assert bool(run.not_begun) <= (run.stopped is not None)
    if stop_on is None:
        assert len(ended) == len(of)
