"""One line tells how far a run over a fleet is, and who is at work for the longest time."""

import pytest

from dbmate_wrap.domain.fleet_progress import FleetProgress, Running


def progress(
    done: int = 0, failed: int = 0, waiting: int = 0, *running: Running, elapsed: float = 0.0
) -> FleetProgress:
    return FleetProgress(done, failed, waiting, running, elapsed)


ONE = Running("acme", 5.0)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (progress(0, 0, 7, ONE, elapsed=9.0), "0 done, 1 running, 0 failed, 7 waiting"),
        # Two tell too little.
        (progress(2, 1, 7, ONE, elapsed=9.0), "2 done, 1 running, 1 failed, 7 waiting"),
        (
            progress(3, 0, 5, ONE, elapsed=60.0),
            "3 done, 1 running, 0 failed, 5 waiting, about 2 min 0 s left",
        ),
        (
            progress(100, 3, 899, ONE, elapsed=1_000.0),
            "100 done, 1 running, 3 failed, 899 waiting, about 2 h 30 min left",
        ),
        # Those at work last are the slow ones.
        (progress(8, 0, 0, ONE, elapsed=60.0), "8 done, 1 running, 0 failed, 0 waiting"),
        (progress(8, 0, 0, elapsed=60.0), "8 done, 0 running, 0 failed, 0 waiting"),
    ],
)
def test_the_counts_and_the_time_that_is_left_by_the_average(found: FleetProgress, line: str) -> None:
    assert found.line() == line
    assert found.line_with_names().startswith(line)


def test_the_counts_of_ten_thousand_fit_into_80_columns() -> None:
    many = tuple(Running(f"tenant-{number}", 1.0) for number in range(1_000))
    line = FleetProgress(10_000, 10_000, 10_000, many, 3_000.0).line()
    assert line == "10000 done, 1000 running, 10000 failed, 10000 waiting, about 55 min 0 s left"
    assert len(line) < 80


def test_those_at_work_for_the_longest_time_are_named_three_at_most() -> None:
    running = [Running("a", 5), Running("b", 700, "waiting for the lock"), Running("c", 2), Running("d", 61)]
    assert progress(0, 0, 0, *running).line_with_names() == (
        "0 done, 4 running, 0 failed, 0 waiting; longest at work:"
        " b for 11 min 40 s: waiting for the lock; d for 1 min 1 s; a for 5 s"
    )


def test_long_names_and_lines_are_cut() -> None:
    found = progress(0, 0, 0, Running("n" * 500, 5, "x" * 500), Running("宽" * 500, 4)).line_with_names()
    assert f": {'n' * 40} for 5 s: {'x' * 100}; {'宽' * 20} for 4 s" in found
    assert len(found) < 300


def test_with_nobody_at_work_nobody_is_named() -> None:
    assert progress(8).line_with_names() == "8 done, 0 running, 0 failed, 0 waiting"
